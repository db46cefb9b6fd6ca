"""What ApplicationEnvironments and Applications say about themselves."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from bot.ports.cluster import Application, EnvironmentStatus, Health, Sync

Object = Mapping[str, Any]
_TRIES = re.compile(r" ?\(retried \d+ times?\)|\.? ?Retrying attempt #.*$")
M = TypeVar("M", Sync, Health)


def environment(name: str, found: Object) -> EnvironmentStatus:
    """Read an ApplicationEnvironment; a condition about an older generation holds no longer."""
    generation = found.get("metadata", {}).get("generation", 0)
    wrong = [
        condition
        for condition in found.get("status", {}).get("conditions") or ()
        if condition.get("status") == "False"
        and condition.get("observedGeneration", generation) >= generation
    ]
    return EnvironmentStatus(name=name, problem="; ".join(map(_reason, wrong)))


def _reason(condition: Object) -> str:
    return ": ".join(filter(None, (condition.get("reason"), condition.get("message"))))


def application(name: str, found: Object, *, page: str) -> Application:
    """Read an Application of which every part of the status may still be absent."""
    status = found.get("status") or {}
    sync = status.get("sync") or {}
    operation = status.get("operationState") or {}
    revisions = sync.get("revisions") or ("",)
    return Application(
        name=name,
        sync=_member(Sync, sync.get("status"), Sync.UNKNOWN),
        health=_member(Health, (status.get("health") or {}).get("status"), Health.UNKNOWN),
        revision=sync.get("revision") or revisions[0],
        operation=operation.get("phase") or "",
        operation_message=_told(operation),
        resources=len(status.get("resources") or ()),
        errors=tuple(
            f"{c['type']}: {c.get('message', '')}"
            for c in status.get("conditions") or ()
            if c["type"].endswith("Error")
        ),
        web_url=page,
    )


def owner_of(host: str, routes: Iterable[Object]) -> str | None:
    """The namespace of the oldest route with this host name, in whatever case; as old as each other, the first by name."""
    found = [
        (route["metadata"].get("creationTimestamp", ""), route["metadata"]["namespace"])
        for route in routes
        if host.lower() in map(str.lower, route.get("spec", {}).get("hostnames") or ())
    ]
    return min(found)[1] if found else None


def _told(operation: Object) -> str:
    """What the last sync says, without the count of its tries; Argo CD often names the refusal at the object alone."""
    message = _TRIES.sub("", operation.get("message") or "")
    refused = (
        str(each.get("message"))
        for each in (operation.get("syncResult") or {}).get("resources") or ()
        if each.get("status") == "SyncFailed" and each.get("message")
    )
    told = [message, *(each for each in refused if each not in message)]
    return "; ".join(dict.fromkeys(filter(None, told)))


def _member(members: type[M], value: object, otherwise: M) -> M:
    return next((member for member in members if member.value == value), otherwise)
