"""Checks Countersign proofs: python verify_proof.py JWKS_URL ISSUER AUDIENCE PURPOSE [KEY=VALUE ...] < tokens"""

import hashlib
import sys

import jwt
from jwt.utils import base64url_decode, base64url_encode


class ProofVerifier:
    """Make it once: it keeps the keys for five minutes, and fetches them again when a new one appears."""

    def __init__(self, jwks_url: str, issuer: str, audience: str) -> None:
        self._keys = jwt.PyJWKClient(jwks_url, lifespan=300, timeout=5)
        self._issuer, self._audience = issuer, audience

    def verify(self, token: str, purpose: str, binding: dict[str, str]) -> dict:
        """The claims of a right proof; raises jwt.PyJWTError for any other. Purpose and binding are what you are about to do."""
        # Decoders ignore the unused bits of the last character, so that one signature could be spelled in several ways.
        signature = token.rpartition(".")[2].encode()
        if base64url_encode(base64url_decode(signature)) != signature:
            raise jwt.InvalidTokenError("not in the canonical form")
        proof = jwt.decode_complete(
            token,
            self._keys.get_signing_key_from_jwt(token),
            algorithms=["ES256", "EdDSA"],
            issuer=self._issuer,
            audience=self._audience,
            leeway=5,
            options={"require": ["iss", "aud", "sub", "jti", "iat", "exp"]},
        )
        if proof["header"].get("typ") != "countersign-proof+jwt":
            raise jwt.InvalidTokenError("not a proof")
        claims = proof["payload"]
        if claims.get("purpose") != purpose:
            raise jwt.InvalidTokenError("made for another purpose")
        if claims.get("binding_sha256") != digest_binding(binding):
            raise jwt.InvalidTokenError("made for another binding")
        return claims


def digest_binding(binding: dict[str, str]) -> str | None:
    text = "".join(f"{key}={binding[key]}\n" for key in sorted(binding))
    return base64url_encode(hashlib.sha256(text.encode()).digest()).decode() if binding else None


if __name__ == "__main__":
    jwks_url, issuer, audience, purpose, *pairs = sys.argv[1:]
    verifier = ProofVerifier(jwks_url, issuer, audience)
    for line in sys.stdin:
        try:
            claims = verifier.verify(line.rstrip("\n"), purpose, dict(pair.split("=", 1) for pair in pairs))
            print("ok", claims["sub"])
        except (jwt.PyJWTError, ValueError) as error:
            print(f"refused: {error}")
