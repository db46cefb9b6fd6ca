"""Read the environment, once: the only module that does."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError
from typing_extensions import override

from bot.domain import limits, secrecy
from bot.domain.entities import EntityRef, GroupRef
from bot.domain.environments import Environment
from bot.domain.limits import Limits
from bot.domain.platform import Platform


def _address(url: str) -> str:
    if not re.match(r"https?://[^\s/]+", url):
        raise ValueError
    return url.rstrip("/")


_REDIS_HOST = r"(\[[0-9A-Fa-f:.]+\]|[^\s:@/,?#\[\]]*)(:[0-9]{1,5})?"
_LAST_PORT = 65535
_REDIS_FORMS = re.compile(
    rf"rediss?(\+cluster)?://([^\s/?#]*@)?{_REDIS_HOST}(/[0-9]*)?(\?\S*)?"
    rf"|rediss?\+sentinel://([^\s/?#]*@)?{_REDIS_HOST}(,{_REDIS_HOST})*/[^\s/?#]+(/[0-9]*)?(\?\S*)?"
    r"|unix://([^\s/?#]*@)?/\S+"
)


def _redis_address(url: SecretStr) -> SecretStr:
    """Refuse what the client would break on, without repeating it: there is a password in it."""
    address = url.get_secret_value()
    ports = re.findall(r":([0-9]+)(?=,|$)", _authority(address).rpartition("@")[2])
    if not _REDIS_FORMS.fullmatch(address) or any(int(port) > _LAST_PORT for port in ports):
        raise ValueError
    return url


def _authority(address: str) -> str:
    """Login and hosts of an address, of which `urlsplit` takes no list; empty where it is none."""
    found = re.match(r"[a-z+]+://([^/?#]*)", address)
    return found[1] if found else ""


def _token(start: str) -> AfterValidator:
    """A token of Slack's that starts so; one of another kind would be refused much later, by Slack."""

    def checked(token: SecretStr) -> SecretStr:
        if not token.get_secret_value().startswith(start):
            raise ValueError
        return token

    return AfterValidator(checked)


def _at_least_one(environments: tuple[Environment, ...]) -> tuple[Environment, ...]:
    if not environments:
        raise ValueError
    return environments


_ENVIRONMENTS = (
    'a JSON list with at least one environment, like [{"name": "development", "domain": "dev.example.com"}]; '
    "a name and a domain are in lower case"
)

Address = Annotated[str, AfterValidator(_address)]
AddressOrEmpty = Annotated[str, AfterValidator(lambda url: url and _address(url))]


class MissingOrMalformed(Exception):
    """The environment does not say all that is needed.

    Args:
        problems: a sentence for each variable, which names it and the fix.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def _keep_secrets(settings: BaseSettings) -> None:
    for _, value in settings:
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            login = _authority(secret).rpartition("@")[0]
            secrecy.keep(secret, unquote(login.partition(":")[2]))


class StateSettings(BaseSettings):
    """What it takes to look at jobs: where they are kept."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    redis_url: Annotated[SecretStr, AfterValidator(_redis_address)] | None = Field(
        default=None,
        description="an address like redis://:password@host:6379/0, rediss://..., unix:///path/to/socket, "
        "redis+sentinel://host:26379/service/0 or redis+cluster://host:6379, or nothing for a server of the bot's own",
    )
    idp_state_dir: Path = Path(".state")

    @override
    def model_post_init(self, context: Any, /) -> None:
        """Have no secret said by anybody, whoever repeats it."""
        _keep_secrets(self)


class TemplateSettings(BaseSettings):
    """What it takes to look at templates: where they are."""

    model_config = StateSettings.model_config

    idp_templates_dir: Path = Path("templates")


class PolicySettings(TemplateSettings):
    """What it takes to look at the rules of approval; without environments, nothing is said of those that they name."""

    idp_policy_file: Path | None = None
    idp_environments: tuple[Environment, ...] = Field(default=(), description=_ENVIRONMENTS)


class PlatformSettings(PolicySettings):
    """What it takes to create the platform's repositories: GitLab, and the operator's choices."""

    @override
    def model_post_init(self, context: Any, /) -> None:
        """Have no secret said by anybody, whoever repeats it."""
        _keep_secrets(self)

    gitlab_url: Address = Field(
        description="the address at which people open GitLab, like https://gitlab.example.com"
    )
    gitlab_token: SecretStr
    gitlab_webhook_secret: SecretStr = SecretStr("")
    gitlab_group: str = Field(
        default="idp",
        pattern=r"^[a-z0-9][a-z0-9/_.-]*$",
        description="the full path of a GitLab group, as in its address, in lower case, like idp",
    )

    argocd_url: AddressOrEmpty = Field(
        default="",
        description="the address of Argo CD's pages, like https://argocd.example.com, or nothing",
    )

    idp_environments: Annotated[tuple[Environment, ...], AfterValidator(_at_least_one)] = Field(
        description=_ENVIRONMENTS
    )
    idp_platform_group: Annotated[GroupRef, NoDecode] = Field(
        default=EntityRef(kind="group", namespace="default", name="platform"),
        description="a group of the catalog, like group:default/platform",
    )
    idp_platform_channel: str = Field(
        default="",
        pattern=r"^([CG][A-Z0-9]+)?$",
        description="the id of a Slack channel, which stands at the end of the channel's address (C...), or nothing",
    )
    idp_public_url: AddressOrEmpty = Field(
        default="",
        description="the address at which GitLab reaches the bot, like https://idp-bot.example.com, or nothing",
    )

    @property
    def platform(self) -> Platform:
        """What use cases and steps may know of the operator's choices."""
        return Platform(
            gitlab_group=self.gitlab_group,
            gitlab_url=self.gitlab_url,
            platform_group=self.idp_platform_group,
            environments=self.idp_environments,
            argocd_url=self.argocd_url,
            public_url=self.idp_public_url,
            platform_channel=self.idp_platform_channel,
        )


class Settings(PlatformSettings, StateSettings):
    """Every variable of the bot by its name in lower case; `.env.example` explains each one to the operator."""

    slack_bot_token: Annotated[SecretStr, _token("xoxb-")] = Field(
        description="the Bot User OAuth Token of the Slack app, from its page OAuth & Permissions; it starts with xoxb-"
    )
    slack_app_token: Annotated[SecretStr, _token("xapp-")] | None = Field(
        default=None,
        description="a token with the scope connections:write, from the Slack app's page Basic Information > "
        "App-Level Tokens; it starts with xapp-",
    )
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"

    idp_identity: Literal["email", "annotation"] = Field(
        default="email", description="email or annotation"
    )

    backstage_url: Address | None = Field(
        default=None,
        description="the address of Backstage without a path, like https://backstage.example.com, or nothing",
    )
    backstage_token: SecretStr = SecretStr("")

    kubeconfig: Path | None = None
    kube_context: str | None = None
    argocd_namespace: str = "argocd"

    idp_log_format: Literal["console", "json"] = Field(
        default="console", description="console or json"
    )
    idp_http_port: int = Field(
        default=8080, ge=1, le=_LAST_PORT, description="the number of a free port, from 1 to 65535"
    )
    idp_limits: Limits = Field(
        default=limits.DEFAULT,
        description="JSON with numbers from 1, like "
        '{"asked_in_an_hour": 20, "open_of_a_person": 10, "open_of_a_team": 30}',
    )
    idp_worker_concurrency: int = Field(
        default=20, ge=1, le=500, description="a number of jobs from 1 to 500"
    )
    idp_keep_jobs_days: int = Field(
        default=90, ge=0, description="a number of days, or 0 to keep jobs for good"
    )
    otel_exporter_otlp_endpoint: AddressOrEmpty = Field(
        default="",
        description="the address of a collector for OTLP over HTTP, like http://collector:4318, or nothing",
    )
    ssl_cert_file: Path | None = None


ENV_FILE = "IDP_ENV_FILE"
S = TypeVar("S", bound=BaseSettings)


def read_settings(kind: type[S], **overrides: Any) -> S:
    """The settings of this process: of the environment, and of the file `.env` or the one that `IDP_ENV_FILE` names.

    Raises:
        MissingOrMalformed: with a sentence for each variable at fault.
    """
    file = os.environ.get(ENV_FILE, ".env") or None
    try:
        settings = kind(_env_file=file, **overrides)
    except ValidationError as error:
        raise MissingOrMalformed(_sentences(kind, error)) from None  # the original repeats values
    except SettingsError as error:
        name = str(error).split('"')[1] if '"' in str(error) else ""
        sentence = f"{name.upper()} is not valid JSON: {_wanted(kind, name)}"
        raise MissingOrMalformed((sentence,)) from None
    problems = tuple(_combinations(settings)) if isinstance(settings, Settings) else ()
    if problems:
        raise MissingOrMalformed(problems)
    return settings


def what_is_not_there(settings: Settings) -> tuple[str, ...]:
    """A sentence for each variable that names a file or a folder which is not there."""
    sentences = []
    if not settings.idp_templates_dir.is_dir():
        sentences.append(
            f"IDP_TEMPLATES_DIR: there is no folder {settings.idp_templates_dir}; write the one that holds the templates."
        )
    if settings.kubeconfig and not _any_is_there(settings.kubeconfig):
        sentences.append(
            f"KUBECONFIG: there is no file {settings.kubeconfig}; write the path of a kubeconfig file, or nothing for the "
            "pod's service account or ~/.kube/config."
        )
    if settings.ssl_cert_file and not settings.ssl_cert_file.is_file():
        sentences.append(
            f"SSL_CERT_FILE: there is no file {settings.ssl_cert_file}; write the path of a file of certificate "
            "authorities in PEM, or nothing."
        )
    return tuple(sentences)


def _any_is_there(kubeconfig: Path) -> bool:
    """Kubernetes' own tools read several files, and pass over those that are not there."""
    return any(Path(part).expanduser().is_file() for part in str(kubeconfig).split(os.pathsep))


def _sentences(kind: type[BaseSettings], error: ValidationError) -> tuple[str, ...]:
    """What is wrong with each variable; neither what it holds nor pydantic's words for that are repeated."""
    sentences = []
    for problem in error.errors(include_input=False, include_url=False):
        name, *rest = (str(part) for part in problem["loc"])
        is_missing = problem["type"] == "missing"
        if is_missing and not rest:
            sentences.append(f"{name.upper()} is not set; .env.example says where to get it.")
            continue
        where = (
            f" ({'.'.join(rest)} {'is missing' if is_missing else 'does not fit'})" if rest else ""
        )
        sentences.append(f"{name.upper()} is malformed{where}: {_wanted(kind, name)}")
    return tuple(dict.fromkeys(sentences))


def _wanted(kind: type[BaseSettings], name: str) -> str:
    """What the variable should look like and where to get it, as far as its field says so."""
    field = kind.model_fields.get(name)
    wanted = field.description if field else ""
    return f"write {wanted}." if wanted else ".env.example shows its form."


def _combinations(settings: Settings) -> list[str]:
    problems = []
    if not settings.slack_app_token and not settings.slack_signing_secret:
        problems.append(
            "Set SLACK_APP_TOKEN to use Socket Mode, or SLACK_SIGNING_SECRET to let Slack call over HTTP."
        )
    if not settings.slack_api_url.endswith("/"):
        problems.append("SLACK_API_URL must end with a slash, as in https://slack.com/api/.")
    if settings.backstage_url and not settings.backstage_token.get_secret_value():
        problems.append("BACKSTAGE_TOKEN is not set; BACKSTAGE_URL needs it.")
    if settings.idp_public_url and not settings.gitlab_webhook_secret.get_secret_value():
        problems.append("GITLAB_WEBHOOK_SECRET is not set; IDP_PUBLIC_URL needs it for webhooks.")
    return problems
