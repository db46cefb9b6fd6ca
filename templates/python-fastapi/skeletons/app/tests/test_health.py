import pytest
from httpx import AsyncClient

from app import health

pytestmark = pytest.mark.anyio


async def unreachable() -> bool:
    raise ConnectionError("no route to the database")


async def test_a_running_process_is_alive_and_ready(client: AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "ok", "checks": {}}
    assert (await client.get("/health/ready")).status_code == 200


async def test_a_failing_check_makes_it_unready_but_leaves_it_alive(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(health.readiness_checks, "database", unreachable)
    answer = await client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "checks": {"database": False}}
    assert (await client.get("/health/live")).status_code == 200
