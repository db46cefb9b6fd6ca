"""What names an entity: `kind:namespace/name`, compared without regard to case."""

import re
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

DEFAULT_NAMESPACE = "default"
Document = dict[str, Any]

_REF = re.compile(r"^(?:([^:/]+):)?(?:([^:/]+)/)?([^:/]+)$")


@dataclass(frozen=True, slots=True)
class Ref:
    """A full reference, as it was written."""

    kind: str
    namespace: str
    name: str

    @override
    def __str__(self) -> str:
        """The one form in which the catalog stores references."""
        return f"{self.kind}:{self.namespace}/{self.name}".lower()


def parse(
    text: object, *, default_kind: str = "", default_namespace: str = DEFAULT_NAMESPACE
) -> Ref:
    """Read a reference that may leave out what has a default.

    Raises:
        ValueError: it is no reference, or its kind is neither said nor known.
    """
    found = _REF.match(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(
            f'Entity reference "{text}" was not on the form [<kind>:][<namespace>/]<name>'
        )
    kind, namespace, name = found.groups()
    if not (kind or default_kind):
        raise ValueError(
            f'Entity reference "{text}" had missing or empty kind '
            '(e.g. did not start with "component:" or similar)'
        )
    return Ref(kind or default_kind, namespace or default_namespace, name)


def ref_of(entity: Document) -> str:
    """The stored reference of an entity whose envelope is sound."""
    metadata = entity["metadata"]
    return str(
        Ref(entity["kind"], metadata.get("namespace") or DEFAULT_NAMESPACE, metadata["name"])
    )
