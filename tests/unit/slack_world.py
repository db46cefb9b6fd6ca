"""A Slack workspace with the bot's listeners in it, and people who type and click; behind them the ports' fakes."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.memory.audit import MemoryAudit
from bot.adapters.memory.clock import MemoryClock
from bot.adapters.memory.cluster import MemoryCluster
from bot.adapters.memory.directory import MemoryDirectory
from bot.adapters.memory.gate import MemoryGate
from bot.adapters.memory.git_host import MemoryGitHost
from bot.adapters.memory.jobs import MemoryJobs
from bot.adapters.memory.prober import MemoryProber
from bot.adapters.memory.scheduler import MemoryScheduler
from bot.adapters.memory.service_catalog import MemoryCatalog
from bot.adapters.memory.template_library import MemoryTemplateLibrary
from bot.adapters.template_folder import TemplateFolder
from bot.domain.entities import EntityRef
from bot.domain.environments import Environment
from bot.domain.platform import Platform
from bot.ports.bundle import Ports
from bot.ports.git_host import Group, RenderedFile
from bot.ports.service_catalog import Entity
from bot.ports.template_library import Template
from bot.sandbox import slack as sandbox
from bot.sandbox.slack import SlackWorkspace
from bot.slack import app as slack_app
from tests.unit import slack_jobs as jobs

PEOPLE = (
    sandbox.Person("U0ADA", "ada", "Ada Okafor", "ada@example.com"),
    sandbox.Person("U0DENIZ", "deniz", "Deniz Kaya", "deniz@example.com"),
    sandbox.Person("U0CHIARA", "chiara", "Chiara Rossi", "chiara@example.com"),
    sandbox.Person("U0NOBODY", "nobody", "Nobody Known", "nobody@example.com"),
)
TEMPLATES = Path(__file__).parents[2] / "templates"
PATIENCE = 5.0


@dataclass(frozen=True)
class Fakes:
    """The fakes behind the ports, to look into and to upset."""

    directory: MemoryDirectory
    git: MemoryGitHost
    catalog: MemoryCatalog
    cluster: MemoryCluster
    templates: MemoryTemplateLibrary
    jobs: MemoryJobs
    audit: MemoryAudit
    scheduler: MemoryScheduler
    clock: MemoryClock
    ports: Ports


def fakes() -> Fakes:
    """A small company: two teams with a system, three people."""
    clock = MemoryClock(jobs.NOW)
    git = MemoryGitHost()
    for path in ("idp", "idp/payments", "idp/platform"):
        git.groups[path] = Group(path=path, web_url=f"https://gitlab.example.com/groups/{path}")
    catalog = MemoryCatalog(entities=_entities())
    cluster, prober, scheduler = MemoryCluster(), MemoryProber(), MemoryScheduler()
    directory = MemoryDirectory(jobs.ADA, jobs.DENIZ, jobs.CHIARA)
    templates, store, audit = _templates(), MemoryJobs(clock), MemoryAudit()
    ports = Ports(
        platform=Platform(
            gitlab_group="idp",
            gitlab_url="https://gitlab.example.com",
            platform_group=jobs.PLATFORM,
            environments=(Environment(name="development", domain="example.com"),),
        ),
        git=git,
        catalog=catalog,
        cluster=cluster,
        prober=prober,
        templates=templates,
        directory=directory,
        jobs=store,
        gate=MemoryGate(clock),
        audit=audit,
        scheduler=scheduler,
        clock=clock,
    )
    return Fakes(directory, git, catalog, cluster, templates, store, audit, scheduler, clock, ports)


def _templates() -> MemoryTemplateLibrary:
    """The templates that ship with the bot, with files enough to be filled in."""
    library = MemoryTemplateLibrary()
    skeletons = {name: {"README.md": _README} for name in ("app", "deployment", "catalog")}
    for template in _shipped():
        library.add(template, skeletons)
    return library


_README = RenderedFile(content=b"${{ values.name }}\n")


@functools.cache
def _shipped() -> tuple[Template, ...]:
    folder = TemplateFolder(TEMPLATES)
    return (*folder.list_templates("new-app"), *folder.list_templates("new-system"))


def _entities() -> list[Entity]:
    def entity(kind: str, name: str, title: str, owner: EntityRef | None = None) -> Entity:
        ref = EntityRef(kind=kind, namespace="default", name=name)
        return Entity(ref=ref, title=title, owner=owner)

    return [
        entity("group", "payments", "Payments"),
        entity("group", "platform", "Platform"),
        entity("system", "billing", "Billing", jobs.PLATFORM),
        entity("system", "checkout", "Checkout", jobs.PAYMENTS),
    ]


@dataclass
class Member:
    """Somebody in the workspace, by what they do and see."""

    id: str
    http: httpx.AsyncClient
    typed: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def does(self, act: str, **given: Any) -> dict[str, Any]:
        answer = await self.http.post(f"/sandbox/slack/as/{self.id}/{act}", json=given)
        return dict(answer.json())

    async def says(self, text: str, channel: str = "C0PAYMENTS") -> dict[str, Any]:
        return await self.does("say", channel=channel, text=text)

    async def whispers(self) -> list[dict[str, Any]]:
        """What only this person was shown."""
        return list((await self.http.get(f"/sandbox/slack/ephemeral/{self.id}")).json())

    async def whisper(self) -> str:
        """The newest thing that only this person was shown."""
        shown = await self._awaited(self.whispers)
        return str(shown[-1]["text"])

    async def modal(self) -> dict[str, Any]:
        """The modal on top."""
        return dict((await self._awaited(self._modals))[-1])

    async def has_no_modal(self) -> bool:
        return not await self._modals()

    async def _modals(self) -> list[dict[str, Any]]:
        views = (await self.http.get(f"/sandbox/slack/views/{self.id}")).json()
        return list(views["modals"])

    async def home(self) -> dict[str, Any]:
        """The app's Home, once it is drawn."""

        async def drawn() -> list[dict[str, Any]]:
            views = (await self.http.get(f"/sandbox/slack/views/{self.id}")).json()
            return [views["home"]] if views["home"] else []

        return (await self._awaited(drawn))[0]

    async def searches(self, block_id: str, text: str = "") -> list[dict[str, Any]]:
        """The options that a searching select offers."""
        view = await self.modal()
        element = element_of(view, block_id)
        answer = await self.does(
            "suggest",
            view_id=view["id"],
            block_id=block_id,
            action_id=element["action_id"],
            value=text,
        )
        assert answer["ok"], answer
        return [option for group in answer["groups"] for option in group["options"]]

    async def fills_in(self, values: Mapping[str, Any]) -> None:
        """Type and choose; selects that search are searched first, as a person would."""
        view = await self.modal()
        for block_id, value in values.items():
            element = element_of(view, block_id)
            if element["type"] == "external_select":
                await self.searches(block_id)
            self.typed.setdefault(block_id, {})[element["action_id"]] = value

    async def changes(self, block_id: str, value: Any) -> dict[str, Any]:
        """Choose something in a field that is watched."""
        await self.fills_in({block_id: value})
        view = await self.modal()
        element = element_of(view, block_id)
        return await self.does(
            "click",
            view_id=view["id"],
            block_id=block_id,
            action_id=element["action_id"],
            value=value,
            values=self.typed,
        )

    async def submits(self) -> dict[str, Any]:
        view = await self.modal()
        return await self.does("submit", view_id=view["id"], values=self.typed)

    async def presses(self, message: Mapping[str, Any], label: str) -> dict[str, Any]:
        """Press a button of a message or of a view."""
        block, element = button_of(message, label)
        ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
        if "ts" in message:
            return await self.does("click", channel=message["channel"], ts=message["ts"], **ids)
        return await self.does("click", view_id=message["id"], **ids)

    async def _awaited(self, look: Any) -> list[dict[str, Any]]:
        for _ in range(int(PATIENCE / 0.02)):
            if shown := await look():
                return list(shown)
            await asyncio.sleep(0.02)
        raise AssertionError("Nothing came.")


def element_of(view: Mapping[str, Any], block_id: str) -> dict[str, Any]:
    block = next(b for b in view["blocks"] if b.get("block_id") == block_id)
    return dict(block.get("element") or block["accessory"])


def buttons_of(message: Mapping[str, Any]) -> list[str]:
    """The labels of all buttons of a message or view."""
    return [
        element["text"]["text"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def button_of(message: Mapping[str, Any], label: str) -> tuple[dict[str, Any], dict[str, Any]]:
    for block in message["blocks"]:
        for element in block.get("elements", ()) if block["type"] == "actions" else ():
            if element["text"]["text"] == label:
                return block, element
    raise AssertionError(f"There is no button {label}.")


@dataclass
class World:
    """The workspace, the bot in it, and what is behind the bot."""

    slack: SlackWorkspace
    client: AsyncWebClient
    http: httpx.AsyncClient
    behind: Fakes

    def member(self, name: str) -> Member:
        return Member(f"U0{name.upper()}", self.http)

    async def messages(self) -> list[dict[str, Any]]:
        return list((await self.http.get("/sandbox/slack/messages")).json())


@contextlib.asynccontextmanager
async def workspace(state_dir: Path, *, rate_limits: bool = False) -> AsyncIterator[World]:
    """A workspace in which nobody listens yet."""
    async with (
        sandbox.serve(port=0, state_dir=state_dir, people=PEOPLE, rate_limits=rate_limits) as slack,
        httpx.AsyncClient(base_url=slack.page, verify=False) as http,  # noqa: S501 plain HTTP, and reading certificates takes longer than a test
    ):
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        yield World(slack, client, http, fakes())


@contextlib.asynccontextmanager
async def listening(state_dir: Path) -> AsyncIterator[World]:
    """A workspace with the bot on its socket."""
    async with workspace(state_dir) as world:
        bolt = slack_app.build(ports=world.behind.ports, client=world.client, signing_secret=None)
        handler = AsyncSocketModeHandler(bolt, world.slack.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt leaves it unannotated
        try:
            yield world
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call] # Bolt leaves it unannotated
