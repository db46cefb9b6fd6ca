"""Kubernetes as the place where environments and Applications are looked at."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import structlog
from kubernetes.aio import client, config
from kubernetes.aio.client.exceptions import ApiException

from bot.adapters.kubernetes_errors import names_an_object, translated, unreachable
from bot.adapters.kubernetes_readings import application, environment, owner_of
from bot.adapters.kubernetes_troubles import troubles
from bot.adapters.outside_calls import outside_call
from bot.domain import secrecy
from bot.domain.errors import PermanentError
from bot.ports.cluster import Application, EnvironmentStatus

log = structlog.get_logger()

_GROUP, _VERSION = "idp.internal", "v1alpha1"
_PAGE = 500
_OK, _NOT_FOUND = 200, 404

Object = Mapping[str, Any]


class Kubernetes:
    """The official client, reading only. It connects when it is first asked something.

    Args:
        kubeconfig: a kubeconfig file; None means the service account of the pod it runs in, or ~/.kube/config outside.
        context: the kubeconfig's context; None means its current one.
        argocd_namespace: where Applications live.
        argocd_url: the address of Argo CD's pages, empty where people have none.
        timeout: for each answer.
    """

    def __init__(
        self,
        *,
        kubeconfig: Path | None = None,
        context: str | None = None,
        argocd_namespace: str = "argocd",
        argocd_url: str = "",
        timeout: timedelta = timedelta(seconds=15),
    ) -> None:
        self._kubeconfig = kubeconfig
        self._context = context
        self._argocd_namespace = argocd_namespace
        self._argocd_url = argocd_url
        self._timeout = timeout.total_seconds()
        self._connecting = asyncio.Lock()
        self._api: client.ApiClient | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._api:
            await self._api.close()  # type: ignore[no-untyped-call]  # the client has no types there
            self._api = None

    async def find_environment(self, name: str) -> EnvironmentStatus | None:
        found = await self._find(
            f"{_GROUP}/{_VERSION} applicationenvironments",
            lambda api: api.get_cluster_custom_object(
                _GROUP, _VERSION, "applicationenvironments", name, _request_timeout=self._timeout
            ),
            fix="Install the platform's compositions (helm/compositions).",
        )
        return environment(name, found) if found else None

    async def find_application(self, name: str) -> Application | None:
        found = await self._find(
            "argoproj.io/v1alpha1 applications",
            lambda api: api.get_namespaced_custom_object(
                "argoproj.io",
                "v1alpha1",
                self._argocd_namespace,
                "applications",
                name,
                _request_timeout=self._timeout,
            ),
            fix="Install Argo CD.",
        )
        return application(name, found, page=self._application_page(name)) if found else None

    async def find_troubles(self, namespace: str) -> tuple[str, ...]:
        pods = await self._listed(f"/api/v1/namespaces/{namespace}/pods")
        deployments = await self._listed(f"/apis/apps/v1/namespaces/{namespace}/deployments")
        routes = await self._listed(
            f"/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes"
        )
        return troubles(pods=pods, deployments=deployments, routes=routes)

    async def _listed(self, path: str) -> Sequence[Object]:
        """The first page; nothing where the bot may not look or the kind is not installed."""
        kind = path.rpartition("/")[2]
        try:
            page = await self._find(
                kind, lambda api: self._get(api, path, {"limit": str(_PAGE)}), fix=""
            )
        except PermanentError as error:
            log.info("kubernetes.cannot_look", kind=kind, cause=error.cause)
            return ()
        return (page or {}).get("items") or ()

    async def namespace_exists(self, name: str) -> bool:
        fix = "Check the cluster's address."
        path = f"/api/v1/namespaces/{name}"
        return await self._find("namespaces", lambda api: self._get(api, path), fix=fix) is not None

    async def _get(
        self, custom: client.CustomObjectsApi, path: str, query: Mapping[str, str] | None = None
    ) -> Any:
        """Read without CoreV1Api: the first use of it imports every type of the core group, for seconds."""
        api: Any = custom.api_client
        asked = list((query or {}).items())
        request = await api.param_serialize(
            "GET", path, query_params=asked, auth_settings=["BearerToken"]
        )
        answer = await api.call_api(*request, _request_timeout=self._timeout)
        await answer.read()
        return api.response_deserialize(answer, {"200": "object"}).data

    async def host_owner(self, host: str) -> str | None:
        return owner_of(host, [route async for route in self._routes()])

    def _application_page(self, name: str) -> str:
        if not self._argocd_url:
            return ""
        return f"{self._argocd_url.rstrip('/')}/applications/{self._argocd_namespace}/{name}"

    async def _routes(self) -> AsyncIterator[Object]:
        """Every HTTPRoute of the cluster, read page by page."""
        after = None
        while True:
            page = await self._page_of_routes(after)
            for route in page.get("items", ()):
                yield route
            after = page.get("metadata", {}).get("continue")
            if not after:
                return

    async def _page_of_routes(self, after: str | None) -> Object:
        page = await self._find(
            "gateway.networking.k8s.io/v1 httproutes",
            lambda api: api.list_cluster_custom_object(
                "gateway.networking.k8s.io",
                "v1",
                "httproutes",
                limit=_PAGE,
                _continue=after,
                _request_timeout=self._timeout,
            ),
            fix="Install the Gateway API (its HTTPRoute in version v1).",
        )
        return page or {}

    async def _find(
        self,
        kind: str,
        ask: Callable[[client.CustomObjectsApi], Awaitable[Any]],
        *,
        fix: str,
    ) -> Any:
        """Ask the API server; None when there is no such object, an error when it does not know the kind."""
        try:
            return await _counted(kind, ask, client.CustomObjectsApi(await self._connected()))
        except ApiException as error:
            if error.status != _NOT_FOUND:
                raise translated(error, kind) from error
            if names_an_object(error):
                return None
            raise PermanentError(f"The cluster does not know {kind}.", fix) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unreachable(error) from error

    async def _connected(self) -> client.ApiClient:
        async with self._connecting:
            if self._api is None:
                self._api = client.ApiClient(await self._configuration())
            secrecy.keep(*_tokens(self._api.configuration))  # one of a pod is renewed now and then
            return self._api

    async def _configuration(self) -> client.Configuration:
        configuration = client.Configuration()
        try:
            if self._kubeconfig is None and self._context is None and _is_in_a_pod():
                config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]  # as above
            else:
                await config.load_kube_config(  # type: ignore[no-untyped-call]  # as above
                    config_file=str(self._kubeconfig) if self._kubeconfig else None,
                    context=self._context,
                    client_configuration=configuration,
                    persist_config=False,
                )
        except (aiohttp.ClientError, TimeoutError):
            raise
        except (
            Exception
        ) as error:  # the client reads the file unguarded: whatever it raises is about it
            raise PermanentError(
                f"The cluster's address and credentials cannot be read: {error}",
                "Set KUBECONFIG to a kubeconfig file (and KUBE_CONTEXT to a context in it).",
            ) from error
        return configuration


async def _counted(
    kind: str,
    ask: Callable[[client.CustomObjectsApi], Awaitable[Any]],
    api: client.CustomObjectsApi,
) -> Any:
    with outside_call("kubernetes", kind) as call:
        try:
            answer = await ask(api)
        except ApiException as error:
            call.answered(error.status)
            raise
        call.answered(_OK)
        return answer


def _tokens(configuration: client.Configuration) -> Iterator[str]:
    for value in configuration.api_key.values():
        yield str(value).removeprefix("Bearer ")


def _is_in_a_pod() -> bool:
    return Path(config.incluster_config.SERVICE_TOKEN_FILENAME).exists()
