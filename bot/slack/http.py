"""Slack over HTTP: what Slack signed, has a shape that is known, and came for the first time."""

import hashlib
import re
from datetime import timedelta

import structlog
from pydantic import SecretStr
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.signature import SignatureVerifier
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.domain.errors import TemporaryError
from bot.ports.job_store import JobStore
from bot.slack import payloads
from bot.slack.acks import Endpoint, over_http

log = structlog.get_logger()

SIGNED = "x-slack-signature"
STAMPED = "x-slack-request-timestamp"
REMEMBERED_FOR = timedelta(minutes=10)
"""Longer than a signature is good for, whichever of the two clocks is ahead."""

_STAMP = re.compile(r"[0-9]{1,12}")


def endpoint(bolt: AsyncApp, *, signing_secret: SecretStr, jobs: JobStore) -> Endpoint:
    """Answers Slack's requests.

    Nothing of a request is read before its signature has been checked, for anybody may send one. Slack signs each
    request anew, so one that comes again was recorded on its way, and is refused.

    Args:
        bolt: what understood requests are for.
        signing_secret: what Slack signs them with.
        jobs: remembers which ones came, for all processes.
    """
    verifier = SignatureVerifier(signing_secret.get_secret_value())
    handler = AsyncSlackRequestHandler(bolt)

    async def answered(request: Request) -> Response:
        content = await request.body()
        if not _is_signed(content, request.headers, verifier):
            return _refused(401, "the signature is not the one expected")
        if not payloads.understood(payloads.parsed(content)):
            log.warning("slack.not_understood")
            return _refused(400, "this is no request that the bot knows")
        if not await _is_new(request.headers[SIGNED], jobs):
            log.warning("slack.replayed")
            return _refused(409, "this request came before")
        return await handler.handle(request)

    return over_http(answered)


def _refused(status: int, why: str) -> Response:
    return JSONResponse({"error": why}, status)


def _is_signed(content: bytes, headers: Headers, verifier: SignatureVerifier) -> bool:
    stamp, signature = headers.get(STAMPED, ""), headers.get(SIGNED, "")
    if not (_STAMP.fullmatch(stamp) and signature.isascii()):
        return False
    return verifier.is_valid(content.decode(errors="replace"), stamp, signature)


async def _is_new(signature: str, jobs: JobStore) -> bool:
    """Whether it came for the first time; where the store cannot be reached, nothing can be done twice either."""
    mark = hashlib.sha256(signature.encode()).hexdigest()
    try:
        return await jobs.is_new(mark, keep=REMEMBERED_FOR)
    except TemporaryError:
        return True
