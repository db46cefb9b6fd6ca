"""Tell the platform whether to restart this process and whether to send it requests."""

import logging
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response, status
from pydantic import BaseModel

Check = Callable[[], Awaitable[bool]]

router = APIRouter(prefix="/health", tags=["health"])
readiness_checks: dict[str, Check] = {}

_log = logging.getLogger(__name__)


class Health(BaseModel):
    """Whether all is well, and which checks were made."""

    status: str
    checks: dict[str, bool] = {}


@router.get("/live")
async def live() -> Health:
    """Answer as long as the process can; a failure here restarts it, so nothing else is asked."""
    return Health(status="ok")


@router.get("/ready", responses={503: {"model": Health}})
async def ready(response: Response) -> Health:
    """Check what a request would need: add yours to `readiness_checks`, such as the database."""
    checks = {name: await _passes(name, check) for name, check in readiness_checks.items()}
    if all(checks.values()):
        return Health(status="ok", checks=checks)
    response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return Health(status="unavailable", checks=checks)


async def _passes(name: str, check: Check) -> bool:
    try:
        return await check()
    except Exception:
        _log.exception("readiness check failed: %s", name)
        return False
