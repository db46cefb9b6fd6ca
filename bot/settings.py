"""Read the environment, once: the only module that does."""

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import unquote, urlsplit

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
        raise ValueError("write an address like https://name.example.com")
    return url.rstrip("/")


def _at_least_one(environments: tuple[Environment, ...]) -> tuple[Environment, ...]:
    if not environments:
        raise ValueError("name at least one environment")
    return environments


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
            secrecy.keep(secret, unquote(urlsplit(secret).password or ""))


class StateSettings(BaseSettings):
    """What it takes to look at jobs: where they are kept."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    redis_url: SecretStr | None = None
    idp_state_dir: Path = Path(".state")

    @override
    def model_post_init(self, context: Any, /) -> None:
        """Have no secret said by anybody, whoever repeats it."""
        _keep_secrets(self)


class PolicySettings(BaseSettings):
    """What it takes to look at the rules of approval; without environments, nothing is said of those that they name."""

    model_config = StateSettings.model_config

    idp_templates_dir: Path = Path("templates")
    idp_policy_file: Path | None = None
    idp_environments: tuple[Environment, ...] = ()


class PlatformSettings(PolicySettings):
    """What it takes to create the platform's repositories: GitLab, and the operator's choices."""

    @override
    def model_post_init(self, context: Any, /) -> None:
        """Have no secret said by anybody, whoever repeats it."""
        _keep_secrets(self)

    gitlab_url: Address
    gitlab_token: SecretStr
    gitlab_webhook_secret: SecretStr = SecretStr("")
    gitlab_group: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9/_.-]*$")] = "idp"

    argocd_url: AddressOrEmpty = ""

    idp_environments: Annotated[tuple[Environment, ...], AfterValidator(_at_least_one)]
    idp_platform_group: Annotated[GroupRef, NoDecode] = EntityRef(
        kind="group", namespace="default", name="platform"
    )
    idp_platform_channel: Annotated[str, Field(pattern=r"^([CG][A-Z0-9]+)?$")] = ""
    idp_public_url: AddressOrEmpty = ""

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

    slack_bot_token: SecretStr
    slack_app_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"

    idp_identity: Literal["email", "annotation"] = "email"

    backstage_url: Address | None = None
    backstage_token: SecretStr = SecretStr("")

    kubeconfig: Path | None = None
    kube_context: str | None = None
    argocd_namespace: str = "argocd"

    idp_log_format: Literal["console", "json"] = "console"
    idp_http_port: int = Field(default=8080, ge=1, le=65535)
    idp_limits: Limits = limits.DEFAULT
    idp_worker_concurrency: int = Field(default=20, ge=1, le=500)
    idp_keep_jobs_days: int = Field(default=90, ge=0)
    otel_exporter_otlp_endpoint: AddressOrEmpty = ""
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
        raise MissingOrMalformed(_sentences(error)) from None  # the original repeats values
    except SettingsError as error:
        name = str(error).split('"')[1].upper() if '"' in str(error) else "A variable"
        sentence = f"{name} is not valid JSON; .env.example shows its form."
        raise MissingOrMalformed((sentence,)) from None
    problems = tuple(_combinations(settings)) if isinstance(settings, Settings) else ()
    if problems:
        raise MissingOrMalformed(problems)
    return settings


def _sentences(error: ValidationError) -> tuple[str, ...]:
    sentences = []
    for problem in error.errors(include_input=False, include_url=False):
        name, *rest = (str(part) for part in problem["loc"])
        where = f" (at {'.'.join(rest)})" if rest else ""
        if problem["type"] == "missing" and not rest:
            sentences.append(f"{name.upper()} is not set; .env.example says where to get it.")
        else:
            why = problem["msg"].removeprefix("Value error, ")
            sentences.append(f"{name.upper()} is malformed{where}: {why}.")
    return tuple(dict.fromkeys(sentences))


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
