"""What every operation works on: the objects, the resources served, a clock."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bot.sandbox.cluster.api import refusals
from bot.sandbox.cluster.api.resources import Registry, Resource
from bot.sandbox.cluster.api.store import Key, Store
from bot.sandbox.faults import Faults

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    """Who asks."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One cluster, whose state is all in the store."""

    store: Store
    registry: Registry
    logs: Path
    signing_key: bytes
    faults: Faults = field(default_factory=Faults)

    def now(self) -> str:
        """The time as metadata writes it."""
        return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def new_uid(self) -> str:
        """A name that no other object ever had."""
        return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Call:
    """One request, understood: who wants what done to which object."""

    user: User
    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    user_agent: str = "unknown"
    warnings: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """Where the object that the request names lies."""
        return Key(self.resource.group, self.resource.plural, self.namespace, self.name)

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing is to be kept."""
        return "dryRun" in self.query

    @property
    def field_manager(self) -> str:
        """The name under which the caller owns fields."""
        return (
            self.query.get("fieldManager") or self.user_agent.partition("/")[0][:128] or "unknown"
        )

    def number(self, option: str, usual: int) -> int:
        """Return an option of the query that is a number.

        Raises:
            Refusal: it is none.
        """
        text = self.query.get(option) or str(usual)
        if not text.removeprefix("-").isdigit():
            raise refusals.bad_request(f'invalid value for {option}: "{text}" is not a number')
        return int(text)

    def named(self, name: str) -> "Call":
        """Return the same request for an object whose name is now known."""
        return replace(self, name=name)
