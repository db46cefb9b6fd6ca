"""How many replicas each ReplicaSet of a Deployment should have next: pure arithmetic of a rolling update."""

import hashlib
import json
import math
from dataclasses import dataclass

from bot.sandbox.cluster.controllers.objects import Object

DEFAULT_SHARE = "25%"


@dataclass(frozen=True, slots=True)
class Limits:
    """How far a rollout may stray from the wanted number."""

    wanted: int
    surge: int
    unavailable: int


@dataclass(frozen=True, slots=True)
class Replicas:
    """One ReplicaSet in numbers."""

    name: str
    wanted: int
    available: int


def template_hash(template: Object) -> str:
    """Name a pod template by its content."""
    text = json.dumps(template, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def limits_of(deployment: Object) -> Limits:
    """Read the limits; a rollout that could neither add nor take away may take one away."""
    wanted = int(deployment["spec"].get("replicas", 1))
    strategy = deployment["spec"].get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return Limits(wanted, 0, wanted)
    rolling = strategy.get("rollingUpdate") or {}
    surge = _share(rolling.get("maxSurge", DEFAULT_SHARE), wanted, up=True)
    unavailable = _share(rolling.get("maxUnavailable", DEFAULT_SHARE), wanted, up=False)
    return Limits(wanted, surge, unavailable if surge or unavailable else 1)


def plan(limits: Limits, new: Replicas, old: list[Replicas], *, recreate: bool) -> dict[str, int]:
    """Give the next number for each ReplicaSet by name."""
    if recreate:
        is_clear = all(entry.wanted == 0 and entry.available == 0 for entry in old)
        return dict.fromkeys((entry.name for entry in old), 0) | {
            new.name: limits.wanted if is_clear else new.wanted
        }
    total = new.wanted + sum(entry.wanted for entry in old)
    room = max(0, limits.wanted + limits.surge - total)
    next_new = limits.wanted if not old else min(limits.wanted, new.wanted + room)
    return {new.name: next_new} | _shrink(limits, new, old)


def _shrink(limits: Limits, new: Replicas, old: list[Replicas]) -> dict[str, int]:
    """Take old replicas away: first those that serve nobody, then as many as new ones serve in their place."""
    available = new.available + sum(entry.available for entry in old)
    spare = max(0, available - (limits.wanted - limits.unavailable))
    numbers = {}
    for entry in old:
        serving = min(entry.wanted, entry.available)
        taken = min(serving, spare)
        spare -= taken
        numbers[entry.name] = serving - taken
    return numbers


def _share(value: int | str, of: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    exact = of * int(value.removesuffix("%")) / 100
    return math.ceil(exact) if up else math.floor(exact)
