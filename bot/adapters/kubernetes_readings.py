"""What ApplicationEnvironments and Applications say about themselves."""

from collections.abc import Mapping
from typing import Any, TypeVar

from bot.ports.cluster import Application, EnvironmentStatus, Health, Sync

Object = Mapping[str, Any]
M = TypeVar("M", Sync, Health)


def environment(name: str, found: Object) -> EnvironmentStatus:
    """Read an ApplicationEnvironment; a condition about an older generation holds no longer."""
    generation = found.get("metadata", {}).get("generation", 0)
    conditions = {c["type"]: c for c in found.get("status", {}).get("conditions") or ()}
    wrong = [c for c in conditions.values() if c.get("status") == "False"]

    def holds(kind: str) -> bool:
        condition = conditions.get(kind, {})
        is_current = bool(condition.get("observedGeneration", generation) >= generation)
        return is_current and condition.get("status") == "True"

    return EnvironmentStatus(
        name=name,
        synced=holds("Synced"),
        ready=holds("Ready"),
        problem="; ".join(_reason(condition) for condition in wrong),
    )


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
        operation_message=operation.get("message") or "",
        resources=len(status.get("resources") or ()),
        errors=tuple(
            f"{c['type']}: {c.get('message', '')}"
            for c in status.get("conditions") or ()
            if c["type"].endswith("Error")
        ),
        web_url=page,
    )


def _member(members: type[M], value: object, otherwise: M) -> M:
    return next((member for member in members if member.value == value), otherwise)
