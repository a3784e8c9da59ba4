"""Sends a code over gRPC, reads it in the development inbox, verifies it, and tells what each refusal says.

pip install -r requirements.txt && mkdir -p gen
python -m grpc_tools.protoc -I ../../proto --python_out=gen --grpc_python_out=gen ../../proto/countersign/v1/*.proto
PYTHONPATH=gen python send_and_verify.py [GRPC_ADDRESS] [HTTP_URL] [PHONE_NUMBER]
"""

import json
import os
import sys
import time
import urllib.parse
import urllib.request
import uuid

import grpc
from countersign.v1 import code_service_pb2 as pb
from countersign.v1.code_service_pb2_grpc import CodeServiceStub
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_status import rpc_status

ADDRESS, HTTP, PHONE = (sys.argv[1:] + ["127.0.0.1:50051", "http://127.0.0.1:8080", "+14155552671"][len(sys.argv) - 1 :])[:3]
KEY = os.environ.get("COUNTERSIGN_KEY")
OPTIONS = {"timeout": 15, "metadata": [("authorization", f"Bearer {KEY}")] if KEY else []}


def detail(error, kind):
    """The error's detail of that type; an empty one where it has none."""
    status, found = rpc_status.from_call(error), kind()
    any(each.Unpack(found) for each in (status.details if status else []))
    return found


def insist(call, request, tries_left=3):
    """Repeats a call whose outcome is not known, at the moment the service names. The request, and so its key, stays the same."""
    try:
        return call(request, **OPTIONS)
    except grpc.RpcError as error:
        if tries_left == 0 or error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.ABORTED):
            raise
        time.sleep(detail(error, RetryInfo).retry_delay.ToTimedelta().total_seconds() or 1)
        return insist(call, request, tries_left - 1)


def advise(error):
    """What the caller can do, out of the typed details."""
    info = detail(error, ErrorInfo)
    match info.reason:
        case "INVALID_ARGUMENT":
            return "; ".join(f"{each.field}: {each.description}" for each in detail(error, BadRequest).field_violations)
        case "CODE_MISMATCH" | "BINDING_MISMATCH":
            return f"{info.metadata['attempts_remaining']} guesses left"
        case "TOO_MANY_ATTEMPTS" if info.metadata["scope"] == "challenge":
            return "send a new code"
        case "RESEND_COOLDOWN" | "RATE_LIMITED" | "TOO_MANY_ATTEMPTS":
            return f"again in {detail(error, RetryInfo).retry_delay.ToTimedelta().total_seconds():.0f}s"
        case "CODE_EXPIRED" | "CODE_ALREADY_USED" | "CHALLENGE_CANCELED" | "CHALLENGE_NOT_FOUND":
            return "send a new code"
    raise error


def refused(call, request):
    """Raises when the call is OK: these are meant to be refused."""
    try:
        call(request, **OPTIONS)
    except grpc.RpcError as error:
        print(f"refused: {detail(error, ErrorInfo).reason} ({advise(error)})")
    else:
        raise AssertionError("it was not refused")


def send_request(number):
    return pb.SendCodeRequest(recipient=pb.Recipient(phone_number=number), purpose="login", idempotency_key=str(uuid.uuid4()))


def guess(challenge_id, code):
    return pb.VerifyCodeRequest(challenge_id=challenge_id, code=code, purpose="login", request_id=str(uuid.uuid4()))


client = CodeServiceStub(grpc.insecure_channel(ADDRESS))
refused(client.SendCode, send_request("12"))
challenge = insist(client.SendCode, send_request(PHONE)).challenge
print("sent to", challenge.masked_recipient)
refused(client.ResendCode, pb.ResendCodeRequest(challenge_id=challenge.challenge_id, idempotency_key=str(uuid.uuid4())))
with urllib.request.urlopen(f"{HTTP}/dev/inbox?to={urllib.parse.quote(PHONE)}") as inbox:
    code = json.load(inbox)[0]["code"]
refused(client.VerifyCode, guess(challenge.challenge_id, code[:-1] + str((int(code[-1]) + 1) % 10)))
print("verified", insist(client.VerifyCode, guess(challenge.challenge_id, code)).recipient.phone_number)
refused(client.VerifyCode, guess(challenge.challenge_id, code))
