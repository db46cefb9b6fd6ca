"""What the server serves: one value per kind and version, whether built in or made by a CRD."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

OPEN: Schema = {"x-kubernetes-preserve-unknown-fields": True}
INT_OR_STRING: Schema = {"x-kubernetes-int-or-string": True}
MODEL = "x-model"
"""Where a schema says which of Kubernetes' own types it describes."""

WRITABLE = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
CREATE_ONLY = ("create",)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `kubectl get`; a priority above 0 shows with `-o wide` only."""

    name: str
    type: str
    value: Callable[[dict[str, Any]], Any]
    description: str = ""
    format: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class ScalePaths:
    """Where a kind keeps what its scale subresource shows."""

    spec_replicas: tuple[str, ...] = ("spec", "replicas")
    status_replicas: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] | None = ("spec", "selector")


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind in one version, as discovery shows it and as objects of it are checked."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    schema: Callable[[], Schema]
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()
    columns: tuple[Column, ...] = ()
    scale: ScalePaths | None = None
    verbs: tuple[str, ...] = WRITABLE
    is_custom: bool = False
    model: str = field(default="", compare=False)

    @property
    def api_version(self) -> str:
        """The words of `apiVersion`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The plural with its group, as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def singular(self) -> str:
        """The kind in lower case, which is what kubectl lets one type."""
        return self.kind.lower()

    @property
    def list_kind(self) -> str:
        """The kind of a list of these."""
        return f"{self.kind}List"


class Registry:
    """All resources by where they are served; a CRD adds and removes its own."""

    def __init__(self, builtin: Iterable[Resource]) -> None:
        self._served: dict[tuple[str, str, str], Resource] = {}
        self.generation = 0
        for resource in builtin:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serve it from now on, in place of what was served there."""
        self._served[resource.group, resource.version, resource.plural] = resource
        self.generation += 1

    def remove(self, group: str, plural: str) -> None:
        """Serve no version of it any more."""
        for place in [key for key in self._served if (key[0], key[2]) == (group, plural)]:
            del self._served[place]
        self.generation += 1

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource served there."""
        return self._served.get((group, version, plural))

    def any_version(self, group: str, plural: str) -> Resource | None:
        """Some version of it: enough to name it and to know its scope."""
        return next(
            (r for r in self._served.values() if (r.group, r.plural) == (group, plural)), None
        )

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource whose objects say this of themselves."""
        for resource in self._served.values():
            if (resource.api_version, resource.kind) == (api_version, kind):
                return resource
        return None

    def all(self) -> tuple[Resource, ...]:
        """Every resource, in the order in which they came."""
        return tuple(self._served.values())

    def groups(self) -> dict[str, list[str]]:
        """Versions by group, the core group first; the preferred version leads."""
        found: dict[str, list[str]] = {}
        for group, version, _ in self._served:
            versions = found.setdefault(group, [])
            if version not in versions:
                versions.append(version)
        return {group: sorted(found[group], key=_version_rank) for group in found}


def _version_rank(version: str) -> tuple[int, int, str]:
    """Order versions as Kubernetes does: v2 before v1 before v1beta1 before v1alpha1."""
    stability = 2 if "alpha" in version else 1 if "beta" in version else 0
    digits = version.removeprefix("v").split("alpha")[0].split("beta")[0]
    return (stability, -int(digits) if digits.isdigit() else 0, version)
