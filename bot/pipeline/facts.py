"""The facts that steps make: frozen, stored as JSON under the step's name, enough to go on from in another process."""

from datetime import datetime

from pydantic import Field, JsonValue

from bot.domain.approval import ApprovalTerms, Decision
from bot.domain.digest import digest_of
from bot.domain.effect import Effects
from bot.domain.entities import EntityRef
from bot.domain.environments import Environment
from bot.domain.naming import AppNames
from bot.domain.value import Value
from bot.ports.git_host import Commit, Project


class Plan(Value):
    """What a request amounts to; `template_digest` is the state of the template that it was planned from."""

    template_digest: str
    effects: Effects = Field(default_factory=dict)
    approval: ApprovalTerms | None

    @property
    def digest(self) -> str:
        """Fingerprint of all that will be made: two plans with the same one do the same. Approval is bound to it."""
        effects: dict[str, JsonValue] = {
            name: effect.model_dump(mode="json") for name, effect in self.effects.items()
        }
        return digest_of(effects) if effects else ""


class AppPlan(Plan):
    """What will be made for an application."""

    names: AppNames
    environment: Environment
    host: str
    url: str


class SystemPlan(Plan):
    """What will be added to the catalog."""

    ref: EntityRef
    file: str


class Approval(Value):
    """The request may go ahead; `decision` is None when nobody had to be asked."""

    decision: Decision | None


class DeploymentRepository(Value):
    """The repository that Argo CD deploys from. With `commit` it is as it was made: nothing is deployed to it yet."""

    project: Project
    commit: Commit


class AppRepository(Value):
    """The repository with the application's code; its first commit starts the first pipeline."""

    project: Project
    commit: Commit


class FirstPipeline(Value):
    """The first pipeline passed: the image is there, and `deployed` is the commit of the deployment repository with its tag."""

    web_url: str
    deployed: Commit


class EnvironmentDeclaration(Value):
    """The manifest in the user-apps repository."""

    file: str
    commit: Commit


class CatalogEntry(Value):
    """The entity that can be read in the catalog."""

    ref: EntityRef
    web_url: str


class SystemFile(Value):
    """The system's entity file in the catalog repository; `location` is its page there."""

    location: str
    commit: Commit


class Deployment(Value):
    """The Application is Synced and Healthy at the revision that the pipeline pushed."""

    application: str
    web_url: str
    revision: str


class TakenBack(Value):
    """What became of something that was to be taken back, as a sentence for people."""

    remark: str


class LiveUrl(Value):
    """The address answered 200 over trusted HTTPS."""

    url: str
    answered_at: datetime
