"""Tell in the status of the class, the gateway and the routes what became of them."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox import serving
from bot.sandbox.cluster.controllers.gateway import filters, listener, routes
from bot.sandbox.cluster.controllers.gateway.certificates import Certificates
from bot.sandbox.cluster.controllers.gateway.endpoints import POD, SERVICE
from bot.sandbox.cluster.controllers.gateway.proxy import HTTP_ROUTE, Proxy
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.objects import (
    Key,
    Kind,
    Object,
    is_deleting,
    key_of,
    with_conditions,
)
from bot.sandbox.cluster.controllers.reconciler import Reconciler, adding

GATEWAY = Kind("gateway.networking.k8s.io/v1", "Gateway")
GATEWAY_CLASS = Kind("gateway.networking.k8s.io/v1", "GatewayClass")
CONTROLLER = "sandbox.idp.internal/gateway"
CLASS_NAME = "sandbox"


@dataclass(frozen=True, slots=True)
class Options:
    """Where the gateway is to listen; 0 takes a free port."""

    http_port: int
    https_port: int
    state_dir: Path


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the gateway is, and whom to trust."""

    http: int
    https: int
    ca: Path


class Gateways:
    """The control plane: writes nothing but status."""

    def __init__(self, kube: Kube, informers: Informers) -> None:
        self._kube = kube
        self._informers = informers
        self._classes = Reconciler("gateway/class", self._accept_class)
        self._gateways = Reconciler("gateway/gateway", self._program)
        self._routes = Reconciler("gateway/route", self._accept_route)

    async def start(self) -> None:
        """Begin to watch."""
        for kind in (SERVICE, POD):
            await self._informers.of(*kind)
        (await self._informers.of(*SERVICE)).subscribe(self._service_changed)
        (await self._informers.of(*GATEWAY_CLASS)).subscribe(adding(self._classes))
        (await self._informers.of(*GATEWAY)).subscribe(adding(self._gateways))
        (await self._informers.of(*HTTP_ROUTE)).subscribe(adding(self._routes))

    async def close(self) -> None:
        """End all work."""
        for reconciler in (self._classes, self._gateways, self._routes):
            await reconciler.close()

    async def _accept_class(self, key: Key) -> float | None:
        found = (await self._informers.of(*GATEWAY_CLASS)).objects.get(key)
        if found and found["spec"]["controllerName"] == CONTROLLER:
            await self._condition(found, [_condition(found, "Accepted", "Accepted")])
        return None

    async def _program(self, key: Key) -> float | None:
        gateway = (await self._informers.of(*GATEWAY)).objects.get(key)
        if not gateway or gateway["spec"]["gatewayClassName"] != CLASS_NAME:
            return None
        conditions = [_condition(gateway, name, name) for name in ("Accepted", "Programmed")]
        await self._condition(gateway, conditions)
        return None

    async def _condition(self, obj: Object, conditions: list[Object]) -> None:
        before = obj.get("status") or {}
        merged = with_conditions(before.get("conditions") or [], conditions)
        await self._kube.patch_status(obj, before | {"conditions": merged})

    async def _accept_route(self, key: Key) -> float | None:
        route = (await self._informers.of(*HTTP_ROUTE)).objects.get(key)
        if not route or is_deleting(route):
            return None
        before = (route.get("status") or {}).get("parents") or []
        kept = [parent for parent in before if parent["controllerName"] != CONTROLLER]
        ours = [
            self._parent_status(route, parent, before)
            for parent in route["spec"].get("parentRefs") or []
            if routes.refers_here(parent, route)
        ]
        await self._kube.patch_status(route, {"parents": [*kept, *ours]})
        return None

    def _parent_status(self, route: Object, parent: Object, before: list[Object]) -> Object:
        same = (entry for entry in before if entry["parentRef"] == parent)
        old: list[Object] = next((entry["conditions"] for entry in same), [])
        missing = sorted(self._missing_services(route))
        resolved = _condition(route, "ResolvedRefs", "ResolvedRefs")
        if missing:
            message = f"service {', '.join(missing)} not found"
            resolved |= {"status": "False", "reason": "BackendNotFound", "message": message}
        accepted = _condition(route, "Accepted", "Accepted") | _refusal(route, parent)
        programmed = _condition(route, "Programmed", "Programmed")
        return {
            "parentRef": parent,
            "controllerName": CONTROLLER,
            "conditions": with_conditions(old, [accepted, resolved, programmed]),
        }

    def _missing_services(self, route: Object) -> set[str]:
        informer = self._informers.known(SERVICE)
        known = informer.objects if informer else {}
        namespace = route["metadata"]["namespace"]
        return {
            ref["name"]
            for rule in route["spec"].get("rules") or []
            for ref in rule.get("backendRefs") or []
            if Key(ref.get("namespace") or namespace, ref["name"]) not in known
        }

    def _service_changed(self, old: Object | None, new: Object | None) -> None:
        if old and new:
            return
        namespace = key_of(new or old or {}).namespace
        informer = self._informers.known(HTTP_ROUTE)
        for key in informer.objects if informer else ():
            if key.namespace == namespace:
                self._routes.add(key)


@contextlib.asynccontextmanager
async def running(kube: Kube, informers: Informers, options: Options) -> AsyncIterator[Listening]:
    """Run the gateway for as long as the context lasts."""
    certificates = Certificates(options.state_dir)
    gateways, proxy = Gateways(kube, informers), Proxy(informers)
    try:
        await gateways.start()
        async with (
            serving.served(proxy.application("http"), options.http_port) as http,
            serving.served(proxy.application("https"), 0) as behind,
            listener.terminating(options.https_port, certificates.context(), behind) as https,
        ):
            proxy.ports |= {"http": http, "https": https}
            yield Listening(http, https, certificates.ca)
    finally:
        await gateways.close()
        await proxy.close()


def _refusal(route: Object, parent: Object) -> Object:
    """Say why a route is not served, where it asks for what there is not."""
    if not any(routes.serves(parent, scheme) for scheme in routes.LISTENERS):
        message = "the gateway has no such listener"
        return {"status": "False", "reason": "NoMatchingParent", "message": message}
    found = filters.problems(route)
    if found:
        return {"status": "False", "reason": "UnsupportedValue", "message": "; ".join(found)}
    return {}


def _condition(obj: Object, kind: str, reason: str) -> Object:
    return {
        "type": kind,
        "status": "True",
        "reason": reason,
        "message": "",
        "observedGeneration": obj["metadata"].get("generation", 0),
    }
