"""Count and time requests for Prometheus."""

from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.types import Scope

router = APIRouter(include_in_schema=False)

_requests = Counter("http_requests", "Requests answered.", ["method", "route", "status"])
_seconds = Histogram("http_request_duration_seconds", "Time to answer.", ["method", "route"])


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Serve those who reach the pod directly; what came through the gateway is not told."""
    if "x-forwarded-for" in request.headers:
        raise HTTPException(status_code=404)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def observe(scope: Scope, *, status: int, seconds: float) -> None:
    """Note a request under its route, so that ids in paths do not become label values."""
    route = getattr(scope.get("route"), "path", "unknown")
    _requests.labels(scope["method"], route, str(status)).inc()
    _seconds.labels(scope["method"], route).observe(seconds)
