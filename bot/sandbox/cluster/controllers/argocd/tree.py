"""The resource tree of an Application: what it manages, and what grew out of that."""

from collections import defaultdict
from dataclasses import dataclass

from bot.sandbox.cluster.controllers.argocd.comparison import Comparison
from bot.sandbox.cluster.controllers.argocd.health import Health, assess
from bot.sandbox.cluster.controllers.informers import Informers
from bot.sandbox.cluster.controllers.objects import Object, controller_of

DEEPEST = 6


@dataclass(frozen=True, slots=True)
class Node:
    """One resource; `is_synced` is None for what the Application does not manage itself."""

    kind: str
    name: str
    namespace: str
    created: str
    health: Health | None
    is_synced: bool | None
    children: tuple["Node", ...]


def tree_of(comparison: Comparison, informers: Informers) -> tuple[Node, ...]:
    """Build the tree from what the informers know now."""
    children = _by_owner(informers)
    return tuple(
        Node(
            kind=managed.kind.kind,
            name=managed.key.name,
            namespace=managed.key.namespace,
            created=(managed.live or {"metadata": {}})["metadata"].get("creationTimestamp", ""),
            health=managed.health,
            is_synced=managed.is_synced,
            children=_children(managed.live, children, 0) if managed.live else (),
        )
        for managed in comparison.resources
    )


def _by_owner(informers: Informers) -> dict[str, list[Object]]:
    found: dict[str, list[Object]] = defaultdict(list)
    for informer in informers.all():
        for obj in informer.objects.values():
            if owner := controller_of(obj):
                found[owner["uid"]].append(obj)
    return found


def _children(owner: Object, by_owner: dict[str, list[Object]], depth: int) -> tuple[Node, ...]:
    if depth >= DEEPEST:
        return ()
    return tuple(
        Node(
            kind=obj["kind"],
            name=obj["metadata"]["name"],
            namespace=obj["metadata"].get("namespace", ""),
            created=obj["metadata"].get("creationTimestamp", ""),
            health=assess(obj),
            is_synced=None,
            children=_children(obj, by_owner, depth + 1),
        )
        for obj in by_owner.get(owner["metadata"]["uid"], [])
    )
