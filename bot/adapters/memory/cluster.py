"""A cluster without a server."""

from bot.adapters.memory.faults import Faults
from bot.domain.errors import PermanentError
from bot.ports.cluster import Application, EnvironmentStatus, Health, Sync


class MemoryCluster(Faults):
    """Holds what a test puts there; `missing_kinds` are those whose definitions are not installed."""

    def __init__(self) -> None:
        super().__init__()
        self.environments: dict[str, EnvironmentStatus] = {}
        self.applications: dict[str, Application] = {}
        self.namespaces: set[str] = set()
        self.hosts: dict[str, str] = {}
        self.missing_kinds: set[str] = set()
        self.troubles: dict[str, tuple[str, ...]] = {}

    def deploy(self, name: str, *, revision: str) -> None:
        """Have everything stand as it does after a successful deployment."""
        self.namespaces.add(name)
        self.environments[name] = EnvironmentStatus(name=name, problem="")
        self.applications[name] = Application(
            name=name,
            sync=Sync.SYNCED,
            health=Health.HEALTHY,
            revision=revision,
            operation="Succeeded",
            operation_message="successfully synced",
            resources=3,
            errors=(),
            web_url=f"https://argocd.example.com/applications/argocd/{name}",
        )

    async def find_environment(self, name: str) -> EnvironmentStatus | None:
        with self.around("find_environment"):
            self._check_installed("ApplicationEnvironment")
            return self.environments.get(name)

    async def find_application(self, name: str) -> Application | None:
        with self.around("find_application"):
            self._check_installed("Application")
            return self.applications.get(name)

    async def find_troubles(self, namespace: str) -> tuple[str, ...]:
        with self.around("find_troubles"):
            return self.troubles.get(namespace, ())

    async def namespace_exists(self, name: str) -> bool:
        with self.around("namespace_exists"):
            return name in self.namespaces

    async def host_owner(self, host: str) -> str | None:
        with self.around("host_owner"):
            self._check_installed("HTTPRoute")
            return self.hosts.get(host.lower())

    def _check_installed(self, kind: str) -> None:
        if kind in self.missing_kinds:
            raise PermanentError(f"The cluster does not know {kind}.", f"Install {kind}.")
