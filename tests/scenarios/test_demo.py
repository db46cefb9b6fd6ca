"""The demo between two evenings: Ctrl-C leaves nothing behind but the state, from which the next start goes on."""

import signal
import ssl
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests import demo as demos
from tests.boxed import Json
from tests.colleague import Colleague, eventually
from tests.demo import Demo
from tests.plain_http import NO_CERTIFICATES

pytestmark = [pytest.mark.timeout(240)]
HOST = "tariffs.localhost"
RULES = "rules: [{name: All, reason: It is only tried., stages: [{groups: $platform}]}]"
REQUEST = {
    "name": "Tariffs",
    "system": "system:default/checkout",
    "description": "Knows what everything costs.",
    "hostname": "tariffs",
    "owner": "group:default/payments",
    "visibility": "internal",
}


@pytest.fixture(name="http")
async def _http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20, verify=NO_CERTIFICATES) as http:
        yield http


async def test_an_interrupted_demo_goes_on_where_it_was_and_a_fresh_one_starts_anew(
    tmp_path: Path, http: httpx.AsyncClient
) -> None:
    port = demos.free_ports()

    with demos.a_demo(tmp_path, port=port) as demo:
        http.base_url = httpx.URL(demo.told["page"])
        ada = Colleague(http, "U0ADA")
        answer = await ada.submit(await ada.open_form("/idp new-app"), REQUEST)
        assert answer["ok"], answer
        await eventually(lambda: _step(http, "await_pipeline", "in_progress"), 60)
        await _stopped(demo)

    with demos.a_demo(tmp_path, port=None) as demo:
        assert await _card(http, "")
        assert await _repository(http, demo)
        await eventually(lambda: _card(http, ": done"), 90)
        await eventually(lambda: _answer(demo), 60)
        left = _killed(demo)

    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with demos.a_demo(tmp_path, "--fresh", "--policy", str(rules), port=port) as demo:
        assert not left & demos.running().keys()
        assert (await http.get("/sandbox/slack/messages")).json() == []
        assert not await _repository(http, demo)
        assert not await _answer(demo)
        assert (await ada.submit(await ada.open_form("/idp new-app"), REQUEST))["ok"]
        card = await eventually(lambda: _card(http, ": waiting for approval"), 20)
        assert "It is only tried." in str(card["blocks"])


@pytest.fixture
def _a_terminal() -> Iterator[None]:
    """Tests may run under `nohup`, which has all that they start overlook that its terminal was closed."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("_a_terminal")
def test_what_a_killed_demo_left_is_in_nobodys_way_and_one_whose_terminal_is_closed_leaves_nothing(
    tmp_path: Path,
) -> None:
    with demos.a_demo(tmp_path, port=demos.free_ports()) as demo:
        left = _killed(demo)

    with demos.a_demo(tmp_path, port=None) as demo:
        assert not left & demos.running().keys()
        started = demo.started()

        demo.process.send_signal(signal.SIGHUP)

        assert demo.process.wait(timeout=demos.STOP_SECONDS) == 0
        assert not started & demos.running().keys()


def _killed(demo: Demo) -> set[int]:
    """Kill it as the kernel does; the numbers of the bot and the Valkey, which outlive it."""
    started = demo.started()
    demo.process.kill()
    demo.process.wait(timeout=demos.STOP_SECONDS)
    left = started & demos.running().keys()
    assert left
    return left


async def _stopped(demo: Demo) -> None:
    """Press Ctrl-C, and see that every process has ended."""
    started = demo.started()
    assert len(started) > 1
    assert demo.interrupt() == 0
    assert started & demos.running().keys() == set()


async def _card(http: httpx.AsyncClient, standing: str) -> Json | None:
    said: list[Json] = (await http.get("/sandbox/slack/messages")).json()
    cards = [message for message in said if not message.get("thread_ts")]
    return next((card for card in cards if card["text"].endswith(standing)), None)


async def _step(http: httpx.AsyncClient, name: str, status: str) -> bool:
    card = await _card(http, "")
    plan = next((b for b in card["blocks"] if b["type"] == "plan"), None) if card else None
    tasks = plan["tasks"] if plan else []
    return any(task["task_id"] == name and task["status"] == status for task in tasks)


async def _repository(http: httpx.AsyncClient, demo: Demo) -> bool:
    gitlab = demo.told["gitlab"]
    answer = await http.get(
        f"{gitlab['url']}/api/v4/projects/idp%2Fpayments%2Fcheckout-tariffs",
        headers={"PRIVATE-TOKEN": gitlab["token"]},
    )
    return answer.is_success


async def _answer(demo: Demo) -> bool:
    """Whether the application answers on its address."""
    gateway = demo.told["gateway"]
    trust = ssl.create_default_context(cafile=gateway["ca"])
    async with httpx.AsyncClient(verify=trust) as visitor:
        page = await visitor.get(
            gateway["https"].replace("localhost", "127.0.0.1"),
            headers={"Host": HOST},
            extensions={"sni_hostname": HOST},
        )
    return page.is_success and page.json()["name"] == REQUEST["name"]
