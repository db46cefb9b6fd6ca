"""What the bot makes of its environment, good and bad."""

import json
import os
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.__main__ import main
from bot.settings import (
    MissingOrMalformed,
    PlatformSettings,
    Settings,
    StateSettings,
    read_settings,
    what_is_not_there,
)

SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-very-secret",
    "SLACK_APP_TOKEN": "xapp-very-secret",
    "SLACK_SIGNING_SECRET": "signing-very-secret",
    "GITLAB_TOKEN": "glpat-very-secret",
    "GITLAB_WEBHOOK_SECRET": "webhook-very-secret",
    "BACKSTAGE_TOKEN": "backstage-very-secret",
    "REDIS_URL": "redis://:redis-very-secret@localhost/0",
}
COMPLETE = {
    **SECRETS,
    "GITLAB_URL": "https://gitlab.example.com",
    "BACKSTAGE_URL": "https://backstage.example.com",
    "IDP_ENVIRONMENTS": '[{"name": "development", "domain": "dev.example.com"}]',
}
REQUIRED = ("SLACK_BOT_TOKEN", "GITLAB_URL", "GITLAB_TOKEN", "IDP_ENVIRONMENTS")


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty environment, in a folder without a .env file."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A complete environment, for a test to spoil."""
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def problems() -> tuple[str, ...]:
    with pytest.raises(MissingOrMalformed) as caught:
        read_settings(Settings)
    return caught.value.problems


def test_a_complete_environment_is_read(given: pytest.MonkeyPatch) -> None:
    settings = read_settings(Settings)
    assert settings.platform.first_environment.url("prices") == "https://prices.dev.example.com"
    assert settings.platform.gitlab_url == "https://gitlab.example.com"


def test_every_missing_variable_is_named_at_once_with_where_to_look() -> None:
    assert set(problems()) == {
        f"{name} is not set; .env.example says where to get it." for name in REQUIRED
    }


@pytest.mark.parametrize("name", REQUIRED)
def test_an_empty_variable_counts_as_missing(given: pytest.MonkeyPatch, name: str) -> None:
    given.setenv(name, "")
    assert problems() == (f"{name} is not set; .env.example says where to get it.",)


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        (
            "GITLAB_URL",
            "gitlab.example.com",
            ": write the address at which people open GitLab, like https://gitlab.example.com.",
        ),
        ("GITLAB_GROUP", "-no-", ": write the full path of a GitLab group"),
        ("BACKSTAGE_URL", "ftp://backstage", ": write the address of Backstage without a path"),
        ("ARGOCD_URL", "argocd", ": write the address of Argo CD's pages"),
        ("IDP_PUBLIC_URL", "bot", ": write the address at which GitLab reaches the bot"),
        ("IDP_ENVIRONMENTS", "[]", ": write a JSON list with at least one environment"),
        (
            "IDP_ENVIRONMENTS",
            '[{"name": "development"}]',
            ' (0.domain is missing): write a JSON list with at least one environment, like [{"name"',
        ),
        (
            "IDP_ENVIRONMENTS",
            '[{"name": "No!", "domain": "example.com"}]',
            " (0.name does not fit): write a JSON list",
        ),
        ("IDP_PLATFORM_GROUP", "the platform!", ": write a group of the catalog, like group:"),
        ("IDP_PLATFORM_CHANNEL", "#platform", ": write the id of a Slack channel, which stands at"),
        ("IDP_IDENTITY", "name", ": write email or annotation."),
        ("IDP_LOG_FORMAT", "xml", ": write console or json."),
        ("IDP_LIMITS", '{"open_of_a_team": 0}', " (open_of_a_team does not fit): write JSON with"),
        ("IDP_HTTP_PORT", "70000", ": write the number of a free port, from 1 to 65535."),
        ("IDP_HTTP_PORT", "eighty", ": write the number of a free port, from 1 to 65535."),
        ("IDP_WORKER_CONCURRENCY", "0", ": write a number of jobs from 1 to 500."),
        ("IDP_KEEP_JOBS_DAYS", "-1", ": write a number of days, or 0 to keep jobs for good."),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector", ": write the address of a collector"),
        (
            "SLACK_BOT_TOKEN",
            "xapp-1",
            ": write the Bot User OAuth Token of the Slack app, from its",
        ),
        ("SLACK_APP_TOKEN", "xoxb-1", ": write a token with the scope connections:write, from the"),
        ("REDIS_URL", "foo", ": write an address like redis://:password@host:6379/0, rediss://"),
    ],
)
def test_a_malformed_variable_is_named_with_what_it_should_be_and_where_that_is_found(
    given: pytest.MonkeyPatch, name: str, value: str, part: str
) -> None:
    given.setenv(name, value)
    [problem] = problems()
    assert problem.startswith(f"{name} is malformed{part}")


def test_what_is_no_json_is_told_with_the_form_that_it_should_have(
    given: pytest.MonkeyPatch,
) -> None:
    given.setenv("IDP_ENVIRONMENTS", "development")
    [problem] = problems()
    assert problem.startswith("IDP_ENVIRONMENTS is not valid JSON: write a JSON list with at least")


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://:p@ss@host:6379/0?health_check_interval=5",
        "rediss://user:word@[::1]:6379/3",
        "unix:///run/valkey.sock?db=2",
        "redis+sentinel://:word@one:26379,two:26379/service/0",
        "redis+sentinel://one/service",
        "redis+sentinel://:word@one:26379,[::1]:26379/service/0",
        "redis://host:6379/0?client_name=a:99999",
        "redis://host?password=a@b:99999",
        "unix:///run/valkey:99999",
        "rediss+cluster://host:6379",
    ],
)
def test_an_address_of_redis_of_every_form_is_taken(given: pytest.MonkeyPatch, url: str) -> None:
    given.setenv("REDIS_URL", url)
    redis_url = read_settings(Settings).redis_url
    assert redis_url
    assert redis_url.get_secret_value() == url


@pytest.mark.parametrize(
    "url",
    [
        "http://very-secret",
        "redis://very-secret:abc",
        "redis://very-secret@host:70000",
        "redis://very-secret/abc",
        "redis+sentinel://very-secret",
        "redis+sentinel://:very-secret@[::1]:26379,two:70000/service/0",
        "unix://very-secret",
    ],
)
def test_an_address_that_redis_would_break_on_is_refused_and_not_repeated(
    given: pytest.MonkeyPatch, url: str
) -> None:
    given.setenv("REDIS_URL", url)
    with pytest.raises(MissingOrMalformed) as refused:
        read_settings(StateSettings)
    assert refused.value.problems[0].startswith("REDIS_URL is malformed: write an address like")
    assert "very-secret" not in str(refused.value)


def test_files_and_folders_that_are_not_there_are_told_before_the_start(
    given: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("IDP_TEMPLATES_DIR", "KUBECONFIG", "SSL_CERT_FILE"):
        given.setenv(name, "/nonexist")
    told = what_is_not_there(read_settings(Settings))
    assert [sentence.partition(":")[0] for sentence in told] == [
        "IDP_TEMPLATES_DIR",
        "KUBECONFIG",
        "SSL_CERT_FILE",
    ]
    assert all("/nonexist; write the " in sentence for sentence in told)

    (tmp_path / "there").write_text("")
    given.setenv("IDP_TEMPLATES_DIR", str(tmp_path))
    given.setenv("KUBECONFIG", f"/nonexist{os.pathsep}{tmp_path / 'there'}")
    given.setenv("SSL_CERT_FILE", str(tmp_path / "there"))
    assert what_is_not_there(read_settings(Settings)) == ()


@pytest.mark.parametrize("command", ["run", "slack", "worker"])
def test_no_part_of_the_bot_starts_without_the_files_that_its_settings_name(
    given: pytest.MonkeyPatch, command: str
) -> None:
    given.setenv("IDP_TEMPLATES_DIR", "/nonexist")
    result = CliRunner().invoke(main, [command])
    assert result.exit_code == 2
    assert "IDP_TEMPLATES_DIR: there is no folder /nonexist" in result.stderr


@pytest.mark.parametrize(
    ("changes", "fix"),
    [
        (
            {"SLACK_APP_TOKEN": "", "SLACK_SIGNING_SECRET": ""},
            "Set SLACK_APP_TOKEN to use Socket Mode, or SLACK_SIGNING_SECRET",
        ),
        ({"SLACK_API_URL": "https://slack.com/api"}, "SLACK_API_URL must end with a slash"),
        ({"BACKSTAGE_TOKEN": ""}, "BACKSTAGE_TOKEN is not set; BACKSTAGE_URL needs it."),
        (
            {"IDP_PUBLIC_URL": "https://bot.example.com", "GITLAB_WEBHOOK_SECRET": ""},
            "GITLAB_WEBHOOK_SECRET is not set; IDP_PUBLIC_URL needs it",
        ),
    ],
)
def test_what_only_makes_sense_together_is_asked_for_together(
    given: pytest.MonkeyPatch, changes: dict[str, str], fix: str
) -> None:
    for name, value in changes.items():
        given.setenv(name, value)
    [problem] = problems()
    assert problem.startswith(fix)


def test_no_secret_is_in_the_settings_text(given: pytest.MonkeyPatch) -> None:
    settings = read_settings(Settings)
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "very-secret" not in shown


def test_every_token_secret_and_password_is_a_secret_to_the_code(
    given: pytest.MonkeyPatch,
) -> None:
    read = read_settings(Settings)
    for name in SECRETS:
        assert isinstance(getattr(read, name.lower()), SecretStr), name


@pytest.mark.parametrize(
    "name", ["GITLAB_URL", "BACKSTAGE_URL", "IDP_ENVIRONMENTS", "IDP_HTTP_PORT"]
)
def test_a_secret_that_was_put_into_the_wrong_variable_is_not_repeated(
    given: pytest.MonkeyPatch, name: str
) -> None:
    given.setenv(name, "glpat-very-secret")
    with pytest.raises(MissingOrMalformed) as caught:
        read_settings(Settings)
    told = str(caught.value)
    assert name in told
    assert "very-secret" not in told
    assert caught.value.__suppress_context__


def test_a_secret_beside_a_malformed_variable_is_not_repeated(given: pytest.MonkeyPatch) -> None:
    given.setenv("IDP_HTTP_PORT", "eighty")
    assert "very-secret" not in " ".join(problems())


def test_addresses_lose_their_last_slash(given: pytest.MonkeyPatch) -> None:
    given.setenv("GITLAB_URL", "https://gitlab.example.com/")
    assert read_settings(Settings).gitlab_url == "https://gitlab.example.com"


def test_a_group_may_be_written_short(given: pytest.MonkeyPatch) -> None:
    given.setenv("IDP_PLATFORM_GROUP", "operators")
    assert str(read_settings(Settings).idp_platform_group) == "group:default/operators"


def test_a_file_is_read_and_the_environment_wins_over_it(given: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("GITLAB_GROUP=from-file\nKUBE_CONTEXT=staging\n", encoding="utf-8")
    given.setenv("GITLAB_GROUP", "from-environment")
    settings = read_settings(Settings)
    assert (settings.gitlab_group, settings.kube_context) == ("from-environment", "staging")


def test_variables_of_others_are_ignored_wherever_they_stand(given: pytest.MonkeyPatch) -> None:
    before = [read_settings(kind) for kind in (Settings, PlatformSettings, StateSettings)]

    Path(".env").write_text("IDP_SOMETHING=else\nOTHERS_TOKEN=1\nKUBECONFIG_OF_OTHERS=x\n")
    given.setenv("IDP_PLATFORM", "nothing of ours")

    assert [read_settings(type(settings)) for settings in before] == before


def test_looking_at_jobs_needs_no_variable_at_all() -> None:
    assert read_settings(StateSettings).redis_url is None


def test_creating_the_platform_needs_no_slack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITLAB_URL", "https://gitlab.example.com")
    monkeypatch.setenv("GITLAB_TOKEN", "glpat-very-secret")
    places = [{"name": name, "domain": f"{name}.example.com"} for name in ("development", "live")]
    monkeypatch.setenv("IDP_ENVIRONMENTS", json.dumps(places))
    platform = read_settings(PlatformSettings).platform
    assert [each.name for each in platform.environments] == ["development", "live"]


def test_another_file_can_be_named_and_an_empty_name_reads_none(
    given: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("KUBE_CONTEXT=from-dot-env\n")
    (tmp_path / "production.env").write_text("KUBE_CONTEXT=from-production\n")

    ordinary = read_settings(Settings)
    given.setenv("IDP_ENV_FILE", "production.env")
    named = read_settings(Settings)
    given.setenv("IDP_ENV_FILE", "")
    unread = read_settings(Settings)

    contexts = [each.kube_context for each in (ordinary, named, unread)]
    assert contexts == ["from-dot-env", "from-production", None]


def test_the_platform_teams_channel_is_an_id_and_no_name(given: pytest.MonkeyPatch) -> None:
    given.setenv("IDP_PLATFORM_CHANNEL", "C0PLATFORM")
    assert read_settings(Settings).platform.platform_channel == "C0PLATFORM"
