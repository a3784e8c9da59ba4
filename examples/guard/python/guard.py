"""Lets a transfer through only with a proof of a code for payments.

pip install -r ../../verify-proof/python/requirements.txt
PYTHONPATH=../../verify-proof/python python guard.py PORT JWKS_URL ISSUER AUDIENCE
"""

import json
import sys
from wsgiref.simple_server import make_server

import jwt
from verify_proof import ProofVerifier


def require_proof(verifier, purpose, app):
    """WSGI middleware: hands on requests whose header `countersign-proof` proves a code for the purpose, with the claims in the environ."""

    def guarded(environ, start_response):
        try:
            environ["countersign.proof"] = verifier.verify(environ.get("HTTP_COUNTERSIGN_PROOF", ""), purpose, {})
        except jwt.PyJWKClientConnectionError:
            return respond(start_response, "503 Service Unavailable", {"error": "there are no keys to check proofs with"})
        except (jwt.PyJWTError, ValueError) as error:
            headers = [("www-authenticate", f'Countersign purpose="{purpose}"')]
            return respond(start_response, "401 Unauthorized", {"error": str(error)}, headers)
        return app(environ, start_response)

    return guarded


def respond(start_response, status, body, headers=()):
    start_response(status, [("content-type", "application/json"), *headers])
    return [json.dumps(body).encode()]


def transfer(environ, start_response):
    return respond(start_response, "200 OK", {"transferredFor": environ["countersign.proof"]["sub"]})


if __name__ == "__main__":
    port, jwks_url, issuer, audience = sys.argv[1:]
    app = require_proof(ProofVerifier(jwks_url, issuer, audience), "payment", transfer)
    make_server("127.0.0.1", int(port), app).serve_forever()
