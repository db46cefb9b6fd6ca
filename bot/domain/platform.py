"""What the operator decided about the platform: the names of its shared places."""

from bot.domain.entities import EntityRef
from bot.domain.environments import Environment
from bot.domain.value import Value


class Platform(Value):
    """Shared places and rules, the same for every request.

    `gitlab_group` is the group that holds a group for each team; `platform_group` the catalog group whose members run
    the platform and `platform_channel` the channel of Slack in which they are asked for help, empty where they are asked
    one by one; the addresses end without a slash and are empty where there is no such system.
    """

    gitlab_group: str
    gitlab_url: str
    platform_group: EntityRef
    environments: tuple[Environment, ...]
    argocd_url: str = ""
    public_url: str = ""
    platform_channel: str = ""

    @property
    def first_environment(self) -> Environment:
        """Where a new application is deployed first."""
        return self.environments[0]

    @property
    def catalog_project(self) -> str:
        """The project that holds the catalog's own entities."""
        return f"{self.gitlab_group}/platform/catalog"

    @property
    def user_apps_project(self) -> str:
        """The project that declares every application's environments; Argo CD applies it."""
        return f"{self.gitlab_group}/platform/user-apps"

    @property
    def compositions_project(self) -> str:
        """The project that holds the platform's Crossplane compositions."""
        return f"{self.gitlab_group}/platform/compositions"

    @property
    def templates_project(self) -> str:
        """The project that holds the golden-path templates, for a Backstage that wants to read them."""
        return f"{self.gitlab_group}/platform/templates"
