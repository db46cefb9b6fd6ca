"""The composition root: the only module that chooses adapters and puts the bot together."""

import asyncio
import contextlib
import functools
import os
import random
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aiohttp import ClientSession
from docket import Docket
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters import (
    argocd_check,
    backstage_check,
    docket_scheduler,
    git_catalog_check,
    gitlab_check,
    kubernetes_check,
    policy_file,
    redis_check,
    template_check,
)
from bot.adapters.backstage import Backstage
from bot.adapters.embedded_valkey import embedded_valkey
from bot.adapters.git_catalog import GitCatalog
from bot.adapters.gitlab import GitLab
from bot.adapters.kubernetes import Kubernetes
from bot.adapters.prober import HttpProber
from bot.adapters.redis_audit import RedisAudit
from bot.adapters.redis_connection import open_redis
from bot.adapters.redis_gate import RedisGate
from bot.adapters.redis_jobs import RedisJobs
from bot.adapters.slack_calls import slack_session
from bot.adapters.template_folder import TemplateFolder
from bot.adapters.watching import watched
from bot.connections import clock, git_host
from bot.domain.platform import Platform
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.runner import Runner
from bot.ports.audit import Audit
from bot.ports.bundle import Ports
from bot.ports.finding import Checkup
from bot.ports.gate import Gate
from bot.ports.git_host import GitHost
from bot.ports.job_store import JobStore
from bot.ports.service_catalog import ServiceCatalog
from bot.settings import Settings, StateSettings
from bot.slack import app as slack_app
from bot.slack import check as slack_check
from bot.slack import form_check
from bot.slack import http as slack_http
from bot.slack.announcer import SlackAnnouncer
from bot.slack.identity import SlackDirectory
from bot.slack.short_waits import ShortWaits
from bot.slack.socket import Socket
from bot.usecases import diagnose
from bot.usecases.forget import forget
from bot.web import routes, server


@dataclass(frozen=True, slots=True)
class Bot:
    """All parts, connected and idle."""

    settings: Settings
    ports: Ports
    runner: Runner
    bolt: AsyncApp
    socket: Socket | None
    docket: Docket


@dataclass(frozen=True, slots=True)
class Stores:
    """What is kept in Redis."""

    jobs: JobStore
    audit: Audit
    gate: Gate


@contextlib.asynccontextmanager
async def opened(settings: Settings, *, listens: bool) -> AsyncIterator[Bot]:
    """Connect everything; nothing listens or works yet.

    Args:
        settings: what to connect to.
        listens: this process is to hold Slack's socket, where there is an app token.

    Raises:
        PermanentError: the embedded server cannot be started, or what a setting asks for is not installed.
    """
    async with contextlib.AsyncExitStack() as stack:
        telemetry = await stack.enter_async_context(watched(settings.otel_exporter_otlp_endpoint))
        url = await stack.enter_async_context(_redis_url(settings))
        stores = await stack.enter_async_context(_stores(url))
        docket = await stack.enter_async_context(docket_scheduler.open_docket(url))
        session = await stack.enter_async_context(slack_session())
        client = slack_client(settings, session)
        ports = _ports(settings, stack, stores=stores, docket=docket, client=client)
        announcer = SlackAnnouncer(client, ports.directory)
        bolt = slack_app.build(
            ports=ports, client=client, signing_secret=settings.slack_signing_secret
        )
        yield Bot(
            settings=settings,
            ports=ports,
            runner=Runner(
                ports=ports,
                pipelines=PIPELINES,
                announcer=announcer,
                random=random.uniform,
                telemetry=telemetry,
            ),
            bolt=bolt,
            socket=_socket(settings, bolt) if listens else None,
            docket=docket,
        )


def _ports(
    settings: Settings,
    stack: contextlib.AsyncExitStack,
    *,
    stores: Stores,
    docket: Docket,
    client: AsyncWebClient,
) -> Ports:
    """Choose the adapters; the stack closes what they hold open."""
    git = git_host(settings)
    stack.push_async_callback(git.close)
    cluster = kubernetes(settings)
    stack.push_async_callback(cluster.close)
    catalog = service_catalog(settings, git)
    if isinstance(catalog, Backstage):
        stack.push_async_callback(catalog.close)
    return Ports(
        platform=settings.platform,
        git=git,
        catalog=catalog,
        cluster=cluster,
        prober=HttpProber(ca_file=settings.ssl_cert_file),
        templates=TemplateFolder(settings.idp_templates_dir),
        directory=SlackDirectory(client, catalog, clock, by_email=settings.idp_identity == "email"),
        jobs=stores.jobs,
        gate=stores.gate,
        audit=stores.audit,
        scheduler=docket_scheduler.DocketScheduler(docket),
        clock=clock,
        policy=policy_file.fitting(
            settings.idp_policy_file,
            templates=settings.idp_templates_dir,
            environments=[each.name for each in settings.idp_environments],
        ),
        limits=settings.idp_limits,
    )


@contextlib.asynccontextmanager
async def opened_stores(settings: StateSettings) -> AsyncIterator[tuple[JobStore, Audit]]:
    """Connect to the jobs and the audit alone."""
    async with _redis_url(settings) as url, _stores(url) as stores:
        yield stores.jobs, stores.audit


@contextlib.asynccontextmanager
async def checks(settings: Settings) -> AsyncIterator[tuple[Checkup, ...]]:
    """A look at each system that the settings name, over the bot's own connections."""
    async with contextlib.AsyncExitStack() as stack:
        git = git_host(settings, timeout=diagnose.PATIENCE)
        stack.push_async_callback(git.close)
        cluster = kubernetes(settings)
        stack.push_async_callback(cluster.close)
        catalog = service_catalog(settings, git)
        if isinstance(catalog, Backstage):
            stack.push_async_callback(catalog.close)
        platform = settings.platform
        yield (
            slack_check.checkup(
                slack_client(settings),
                app_token=settings.slack_app_token,
                platform_channel=settings.idp_platform_channel,
            ),
            gitlab_check.checkup(git, platform, today=clock().date()),
            *_catalog_checks(catalog, git, platform),
            kubernetes_check.checkup(cluster, argocd_namespace=settings.argocd_namespace),
            argocd_check.checkup(settings.argocd_url, ca_file=settings.ssl_cert_file),
            redis_check.checkup(_redis_url(settings), is_embedded=settings.redis_url is None),
            template_check.checkup(
                settings.idp_templates_dir, kinds=PIPELINES, form_problem=form_check.problem
            ),
            policy_file.checkup(
                settings.idp_policy_file,
                templates=settings.idp_templates_dir,
                environments=[each.name for each in settings.idp_environments],
            ),
            diagnose.environments(platform),
        )


def _catalog_checks(
    catalog: ServiceCatalog, git: GitLab, platform: Platform
) -> tuple[Checkup, Checkup]:
    if isinstance(catalog, Backstage):
        look = backstage_check.checkup(catalog, platform_group=platform.platform_group)
        teams = functools.partial(backstage_check.teams, catalog)
    else:
        look = git_catalog_check.checkup(catalog, git, platform=platform)
        teams = functools.partial(git_catalog_check.teams, git, project=platform.catalog_project)
    return look, gitlab_check.teams_checkup(git, platform, teams=teams)


async def run_slack(bot: Bot) -> None:
    """Listen to Slack until cancelled: over its socket where there is an app token, else over HTTP alone."""
    if bot.socket:
        await bot.socket.listen()
    else:
        await asyncio.Event().wait()


async def run_worker(bot: Bot) -> None:
    """Work on jobs until cancelled."""
    await docket_scheduler.work(
        bot.docket,
        look=bot.runner.advance,
        chores=docket_scheduler.Chores(
            sweep=bot.runner.sweep,
            look_around=bot.runner.look_for_overlooked,
            tidy=functools.partial(_tidy, bot),
        ),
        concurrency=bot.settings.idp_worker_concurrency,
        name=_owner(),
    )


async def _tidy(bot: Bot) -> None:
    if days := bot.settings.idp_keep_jobs_days:
        await forget(keep=timedelta(days=days), ports=bot.ports)


@contextlib.asynccontextmanager
async def serving(bot: Bot) -> AsyncIterator[None]:
    """Answer over HTTP: health, metrics, webhooks, and Slack where it has no socket.

    A process that is to hold Slack's socket is not ready without it.
    """
    secret = None if bot.settings.slack_app_token else bot.settings.slack_signing_secret
    app = routes.build(
        ports=bot.ports,
        webhook_secret=bot.settings.gitlab_webhook_secret,
        slack=slack_http.endpoint(bot.bolt, signing_secret=secret, jobs=bot.ports.jobs)
        if secret
        else None,
        is_listening=bot.socket.is_listening if bot.socket else None,
        is_stopping=lambda: bot.runner.is_stopping,
    )
    async with server.served(app, port=bot.settings.idp_http_port):
        yield


def service_catalog(settings: Settings, git: GitHost) -> ServiceCatalog:
    """Backstage where there is one, else the catalog repository itself."""
    if settings.backstage_url:
        return Backstage(
            settings.backstage_url,
            token=settings.backstage_token,
            clock=clock,
            ca_file=settings.ssl_cert_file,
        )
    return GitCatalog(
        git, project=settings.platform.catalog_project, gitlab_url=settings.gitlab_url
    )


def kubernetes(settings: Settings) -> Kubernetes:
    """The cluster, as the settings name it; inside of a cluster, that one."""
    return Kubernetes(
        kubeconfig=settings.kubeconfig,
        context=settings.kube_context,
        argocd_namespace=settings.argocd_namespace,
        argocd_url=settings.argocd_url,
    )


def slack_client(settings: Settings, session: ClientSession | None = None) -> AsyncWebClient:
    """Slack's Web API, waiting as a 429 asks for if that is not long; without a session, each call connects anew."""
    client = AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        session=session,
    )
    client.retry_handlers.append(ShortWaits())
    return client


@contextlib.asynccontextmanager
async def _stores(url: str) -> AsyncIterator[Stores]:
    async with open_redis(url) as redis:
        yield Stores(
            jobs=RedisJobs(redis, owner=_owner()), audit=RedisAudit(redis), gate=RedisGate(redis)
        )


@contextlib.asynccontextmanager
async def _redis_url(settings: StateSettings) -> AsyncIterator[str]:
    if settings.redis_url:
        yield settings.redis_url.get_secret_value()
        return
    async with embedded_valkey(Path(settings.idp_state_dir)) as url:
        yield url


def _socket(settings: Settings, bolt: AsyncApp) -> Socket | None:
    token = settings.slack_app_token
    return Socket(bolt, token) if token else None


def _owner() -> str:
    return f"{socket.gethostname()}#{os.getpid()}"
