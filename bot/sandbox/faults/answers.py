"""How each part words a refusal that has nothing to do with the request, as the real system does."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

_SLACK = {500: "internal_error", 503: "service_unavailable"}
_KUBERNETES = {429: "TooManyRequests", 503: "ServiceUnavailable", 504: "Timeout"}
_TOO_MANY = "the server has received too many requests and has asked us to try again later"
_PROXY_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{name} is not responding ({status})</title></head>\n"
    "<body><h1>{status}</h1><h3>{name} is taking too much time to respond.</h3></body></html>\n"
)


def rate_limited(part: str, retry_after: int | None) -> Response:
    """Refuse with 429; without seconds there is no Retry-After."""
    answer = _WORDED[part](429, retry_after)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def failed(part: str, status: int) -> Response:
    """Fail with 5xx."""
    return _WORDED[part](status, None)


def _gitlab(status: int, _: int | None) -> Response:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return PlainTextResponse("Retry later\n", status)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return JSONResponse({"message": "500 Internal Server Error"}, status)
    return HTMLResponse(_PROXY_PAGE.format(name="GitLab", status=status), status)


def _slack(status: int, _: int | None) -> Response:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return JSONResponse({"ok": False, "error": "ratelimited"}, status)
    if status in _SLACK:
        return JSONResponse({"ok": False, "error": _SLACK[status]}, status)
    return HTMLResponse(_PROXY_PAGE.format(name="Slack", status=status), status)


def _kubernetes(status: int, retry_after: int | None) -> Response:
    reason = _KUBERNETES.get(status, "InternalError")
    message = _TOO_MANY if reason == "TooManyRequests" else _phrase(status)
    told: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status,
    }
    if retry_after is not None:
        told["details"] = {"retryAfterSeconds": retry_after}
    return JSONResponse(told, status)


def _argocd(status: int, _: int | None) -> Response:
    return PlainTextResponse(_phrase(status), status)


def _backstage(status: int, _: int | None) -> Response:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return PlainTextResponse("Too many requests, please try again later.", status)
    name = _phrase(status).replace(" ", "")
    name = name if name.endswith("Error") else f"{name}Error"
    return JSONResponse(
        {
            "error": {"name": name, "message": _phrase(status)},
            "response": {"statusCode": status},
        },
        status,
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Server Error"


_WORDED: dict[str, Callable[[int, int | None], Response]] = {
    "gitlab": _gitlab,
    "slack": _slack,
    "cluster": _kubernetes,
    "argocd": _argocd,
    "catalog": _backstage,
}
