"""What runs: environments, Argo CD Applications, and the names in use."""

from enum import StrEnum
from typing import Protocol

from bot.domain.value import Value


class Sync(StrEnum):
    """Argo CD's sync status."""

    SYNCED = "Synced"
    OUT_OF_SYNC = "OutOfSync"
    UNKNOWN = "Unknown"


class Health(StrEnum):
    """Argo CD's health status."""

    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"
    SUSPENDED = "Suspended"
    MISSING = "Missing"
    UNKNOWN = "Unknown"


class Application(Value):
    """An Argo CD Application as it stands.

    `revision` is the commit that was compared with the cluster; `operation` the phase of the last sync and
    `operation_message` its words, with those of the objects that could not be applied; `resources` how many objects it
    has (an empty Application is Healthy at once); `errors` are its conditions that end in Error.
    """

    name: str
    sync: Sync
    health: Health
    revision: str
    operation: str
    operation_message: str
    resources: int
    errors: tuple[str, ...]
    web_url: str


class EnvironmentStatus(Value):
    """An ApplicationEnvironment as Crossplane reports it; `problem` is the reason of a condition that is False."""

    name: str
    problem: str


class Cluster(Protocol):
    """Read the state of the cluster; the bot applies nothing to it.

    All methods raise TemporaryError (network, 429, 5xx, timeouts) and PermanentError (token refused, kind not installed).
    """

    async def find_environment(self, name: str) -> EnvironmentStatus | None:
        """The ApplicationEnvironment, or None while it has not been applied."""

    async def find_application(self, name: str) -> Application | None:
        """The Application, or None while it has not been composed."""

    async def find_troubles(self, namespace: str) -> tuple[str, ...]:
        """What keeps the namespace's pods, Deployments and routes from working, in the cluster's words.

        What tells most comes first. Empty where all is well, or where the bot may not look: it is help for people, and
        nothing is decided by it.
        """

    async def namespace_exists(self, name: str) -> bool:
        """Whether a namespace of that name exists, whoever made it."""

    async def host_owner(self, host: str) -> str | None:
        """The namespace whose route answers for this host name, or None; of several, gateways follow the oldest."""
