"""The box: any of the parts, started together in one process, with what each has to know of the others."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.sandbox import catalog, cluster, gitlab, serving, slack
from bot.sandbox.catalog import Catalog
from bot.sandbox.cluster import Cluster
from bot.sandbox.faults import Faults
from bot.sandbox.gitlab import GitLabInstance
from bot.sandbox.people import Member, members
from bot.sandbox.restarting import Opening, P, Restartable
from bot.sandbox.runner import toolchain
from bot.sandbox.slack import SlackWorkspace

PARTS = ("gitlab", "cluster", "catalog", "slack")
LISTENERS = ("slack", "gitlab", "cluster", "argocd", "catalog", "http", "https", "redis", "bot")
"""All that has a port of its own, in the order of the ports; `redis` and `bot` are of no part."""
GROUP = "idp"
ENVIRONMENT = "development"
WEBHOOK_SECRET = "sandbox-webhook-secret"  # noqa: S105 it guards a port on this machine's loopback

Seed = Callable[[Mapping[str, str]], Awaitable[None]]
"""Creates the platform's repositories; given the environment variables that name the GitLab to do it on."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Where each part listens, counted from the first port."""

    first: int

    def __getitem__(self, name: str) -> int:
        """The port of a listener; all are free ones when the first port is 0."""
        return self.first + LISTENERS.index(name) if self.first else 0

    def of(self, parts: Collection[str]) -> tuple[int, ...]:
        """The ports that these parts listen on."""
        cluster = ("argocd", "http", "https") if "cluster" in parts else ()
        return tuple(self[name] for name in (*parts, *cluster))


@dataclass(slots=True)
class Box:
    """The parts that run, each with its addresses and credentials."""

    ports: Numbers
    folder: Path
    faults: Faults = field(default_factory=Faults)
    slack: SlackWorkspace | None = None
    gitlab: GitLabInstance | None = None
    cluster: Cluster | None = None
    catalog: Catalog | None = None

    def environment(self) -> dict[str, str]:
        """The variables with which the bot finds the parts; what is not there keeps the caller's own."""
        env = {"SSL_CERT_FILE": ""}
        if self.slack:
            env |= {
                "SLACK_API_URL": self.slack.api_url,
                "SLACK_BOT_TOKEN": self.slack.bot_token,
                "SLACK_APP_TOKEN": self.slack.app_token,
                "SLACK_SIGNING_SECRET": self.slack.signing_secret,
                "IDP_PLATFORM_CHANNEL": slack.PLATFORM,
            }
        if self.gitlab:
            env |= {"GITLAB_URL": self.gitlab.url, "GITLAB_TOKEN": self.gitlab.token}
            env |= {"GITLAB_GROUP": GROUP, "GITLAB_WEBHOOK_SECRET": WEBHOOK_SECRET}
            env |= {"IDP_ENVIRONMENTS": _environments(443)}
        if self.cluster:
            env |= self._cluster_environment(self.cluster)
        if self.catalog:
            env |= {"BACKSTAGE_URL": self.catalog.url, "BACKSTAGE_TOKEN": self.catalog.token}
        return {name: value for name, value in env.items() if value}

    def _cluster_environment(self, part: Cluster) -> dict[str, str]:
        https_port = int(part.https.rsplit(":", maxsplit=1)[1])
        return {
            "KUBECONFIG": str(part.kubeconfig),
            "ARGOCD_URL": part.argocd_url,
            "IDP_ENVIRONMENTS": _environments(https_port),
            "SSL_CERT_FILE": str(part.ca),
        }

    def description(self) -> dict[str, Any]:
        """Addresses and credentials of the parts that run, ready to be printed as JSON."""
        told: dict[str, Any] = {}
        if self.slack:
            told["page"] = self.slack.page
            told["slack"] = {
                name: getattr(self.slack, name)
                for name in ("api_url", "bot_token", "app_token", "signing_secret")
            }
        if self.gitlab:
            told["gitlab"] = {
                "url": self.gitlab.url,
                "user": gitlab.ADMIN,
                "token": self.gitlab.token,
            }
        if self.cluster:
            told["cluster"] = {"kubeconfig": str(self.cluster.admin_kubeconfig)}
            told["argocd"] = {"url": self.cluster.argocd_url}
            told["gateway"] = {
                "http": self.cluster.http,
                "https": self.cluster.https,
                "ca": str(self.cluster.ca),
            }
        if self.catalog:
            told["catalog"] = {"url": self.catalog.url, "token": self.catalog.token}
        return told


@contextlib.asynccontextmanager
async def opened(
    *,
    parts: Collection[str],
    first_port: int,
    folder: Path,
    company: Path,
    seed: Seed,
) -> AsyncIterator[Box]:
    """Start the parts and, where GitLab is among them, seed it.

    Args:
        parts: some of PARTS.
        first_port: each part has a fixed place counted from it; 0 takes free ones.
        folder: where every part keeps its state; an absolute path.
        company: the folder with the catalog's entities, whose users are the people everywhere.
        seed: creates the platform's repositories.

    Raises:
        OSError: a port is taken.
    """
    people = members(company)
    box = Box(ports=Numbers(first_port), folder=folder)
    async with contextlib.AsyncExitStack() as stack:
        if "gitlab" in parts:
            host = _stoppable(box, "gitlab", lambda before: _gitlab(box, people, before))
            box.gitlab = await stack.enter_async_context(host)
        async with asyncio.TaskGroup() as meanwhile:
            # The repositories' webhooks name Argo CD's address, so that is settled before Argo CD is there.
            argocd_port = box.ports["argocd"] or serving.free_port()
            if box.gitlab:
                argocd_url = (
                    f"http://{serving.LOOPBACK}:{argocd_port}" if "cluster" in parts else ""
                )
                meanwhile.create_task(_seeded(box, seed, argocd_url))
            if "cluster" in parts:
                part = _stoppable(box, "cluster", lambda was: _cluster(box, argocd_port, was))
                box.cluster = await stack.enter_async_context(part)
        if "catalog" in parts:
            box.catalog = await stack.enter_async_context(
                _stoppable(box, "catalog", lambda before: _catalog(box, before))
            )
            if box.gitlab:
                await _register_company(box.catalog, box.gitlab)
        if box.cluster and box.gitlab:
            await box.cluster.install_root_applications(
                f"{box.gitlab.url}/{GROUP}/platform/compositions.git",
                f"{box.gitlab.url}/{GROUP}/platform/user-apps.git",
            )
        if "slack" in parts:
            box.slack = await stack.enter_async_context(_slack(box, people))
        yield box


async def end_what_was_left(folder: Path) -> None:
    """End the applications of a box that was killed, before what it has kept is removed."""
    await cluster.end_applications(folder / "cluster")


def _stoppable(
    box: Box, name: str, opening: Opening[P]
) -> contextlib.AbstractAsyncContextManager[P]:
    """Open a part that a fault may stop for a while."""
    part = Restartable(opening)
    box.faults.switches[name] = part.switch
    return part.running()


def _port(address: str, usual: int) -> int:
    """Where a part listens: at the port that it had before, or else the usual one."""
    return urlsplit(address).port or usual


async def _seeded(box: Box, seed: Seed, argocd_url: str) -> None:
    """Seed GitLab on behalf of a bot that is told of it and of Argo CD."""
    await seed(box.environment() | ({"ARGOCD_URL": argocd_url} if argocd_url else {}))


def _environments(https_port: int) -> str:
    return json.dumps([{"name": ENVIRONMENT, "domain": "localhost", "https_port": https_port}])


def _gitlab(
    box: Box, people: tuple[Member, ...], before: GitLabInstance | None
) -> contextlib.AbstractAsyncContextManager[GitLabInstance]:
    return gitlab.serve(
        port=_port(before.url if before else "", box.ports["gitlab"]),
        state_dir=box.folder / "gitlab",
        people=[gitlab.Person(p.username, p.name, p.email) for p in people],
        faults=box.faults,
    )


@contextlib.asynccontextmanager
async def _cluster(box: Box, argocd_port: int, before: Cluster | None) -> AsyncIterator[Cluster]:
    tools = await toolchain.prepare(box.folder / "cluster")
    host = box.gitlab
    async with cluster.serve(
        port=_port(before.url if before else "", box.ports["cluster"]),
        argocd_port=argocd_port,
        http_port=_port(before.http if before else "", box.ports["http"]),
        https_port=_port(before.https if before else "", box.ports["https"]),
        state_dir=box.folder / "cluster",
        git_credentials=cluster.GitCredentials(host.url, "idp-bot", host.token) if host else None,
        registry_credentials=cluster.RegistryCredentials("idp-bot", host.token) if host else None,
        toolchain_bin=tools.bin,
        faults=box.faults,
    ) as part:
        yield part


def _catalog(box: Box, before: Catalog | None) -> contextlib.AbstractAsyncContextManager[Catalog]:
    host = box.gitlab
    return catalog.serve(
        port=_port(before.url if before else "", box.ports["catalog"]),
        state_dir=box.folder / "catalog",
        gitlab_url=host.url if host else "",
        gitlab_token=host.token if host else "",
        faults=box.faults,
    )


async def _register_company(part: Catalog, host: GitLabInstance) -> None:
    """Have the catalog read the company's own entities, as `catalog.locations` of a Backstage would."""
    target = f"{host.url}/{GROUP}/platform/catalog/-/blob/main/catalog-info.yaml"
    headers = {"Authorization": f"Bearer {part.token}"}
    # Plain HTTP on the loopback interface: there is no need to read the system's certificates.
    async with httpx.AsyncClient(headers=headers, trust_env=False, verify=False) as client:  # noqa: S501 see above
        answer = await client.post(
            f"{part.url}/api/catalog/locations?onConflict=refresh",
            json={"type": "url", "target": target},
        )
        answer.raise_for_status()


def _slack(
    box: Box, people: tuple[Member, ...]
) -> contextlib.AbstractAsyncContextManager[SlackWorkspace]:
    links = {
        "GitLab": box.gitlab.url if box.gitlab else "",
        "Argo CD": f"{box.cluster.argocd_url}/applications" if box.cluster else "",
        "Catalog": f"{box.catalog.url}/catalog" if box.catalog else "",
    }
    return slack.serve(
        port=box.ports["slack"],
        state_dir=box.folder / "slack",
        people=[_in_slack(member) for member in people],
        links={name: url for name, url in links.items() if url},
        faults=box.faults,
    )


def _in_slack(member: Member) -> slack.Person:
    return slack.Person(
        member.slack_id,
        member.username,
        member.name,
        member.email,
        tz=member.time_zone,
        title=", ".join(member.teams),
    )
