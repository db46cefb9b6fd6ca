import pytest
from httpx import AsyncClient

from app import about

pytestmark = pytest.mark.anyio


async def test_the_root_says_what_is_running(client: AsyncClient) -> None:
    answer = await client.get("/")
    assert answer.status_code == 200
    assert answer.json() == {
        "name": about.NAME,
        "component": about.COMPONENT,
        "description": about.DESCRIPTION,
        "version": "1.2.3",
        "environment": "test",
        "docs": "/docs",
        "health": "/health/ready",
    }


async def test_the_documentation_is_served(client: AsyncClient) -> None:
    assert (await client.get("/docs")).status_code == 200
    assert (await client.get("/openapi.json")).json()["info"]["title"] == about.NAME


async def test_a_greeting_carries_the_name(client: AsyncClient) -> None:
    answer = await client.get("/api/v1/greetings/Ada")
    assert answer.json() == {"message": "Hello, Ada!"}


async def test_an_over_long_name_is_refused(client: AsyncClient) -> None:
    assert (await client.get(f"/api/v1/greetings/{'a' * 65}")).status_code == 422
