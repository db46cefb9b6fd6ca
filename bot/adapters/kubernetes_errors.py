"""What the API server's refusals mean for whoever asked, and what to do about them."""

import json
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp
from kubernetes.aio.client.exceptions import ApiException

from bot.adapters.retry_after import retry_after
from bot.domain.errors import PermanentError, TemporaryError

_UNAUTHORIZED, _FORBIDDEN, _CONFLICT, _GONE, _TOO_MANY = 401, 403, 409, 410, 429
_FIRST_SERVER_ERROR = 500


def translated(error: ApiException, kind: str) -> TemporaryError | PermanentError:
    """Say what the API server's refusal means, in words for people."""
    status = error.status or 0
    if status == _UNAUTHORIZED:
        return PermanentError(
            "The cluster refused the bot's credentials.",
            "Renew the token or certificate in the kubeconfig (or the bot's service account).",
        )
    if status == _FORBIDDEN:
        return PermanentError(
            f"The cluster does not let the bot read {kind}: {_message(error)}",
            "Give the bot's service account the rights of the chart's ClusterRole.",
        )
    if status in {_CONFLICT, _TOO_MANY, _GONE} or status >= _FIRST_SERVER_ERROR:
        wait = retry_after(error.headers or {}, now=None)
        return TemporaryError(f"The cluster was busy ({status}) when asked for {kind}.", wait)
    return PermanentError(
        f"The cluster refused to show {kind}: {_message(error)}",
        "Check that it serves the versions that the bot expects.",
    )


def unreachable(error: Exception) -> TemporaryError | PermanentError:
    """Say why there was no answer at all."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError | ssl.SSLCertVerificationError):
        return PermanentError(
            "The cluster's certificate is not trusted here.",
            "Put its authority into the kubeconfig (certificate-authority).",
        )
    if isinstance(error, TimeoutError):
        return TemporaryError("The cluster did not answer in time.")
    return TemporaryError("The cluster could not be reached.")


def names_an_object(error: ApiException) -> bool:
    """Whether a 404 is about the object: one about its kind names none, or is no Status at all."""
    details: Mapping[str, Any] = _status(error).get("details") or {}
    return bool(details.get("name"))


def _message(error: ApiException) -> str:
    return str(_status(error).get("message") or error.reason or error.status)


def _status(error: ApiException) -> Mapping[str, Any]:
    try:
        status = json.loads(error.body or "")
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}
