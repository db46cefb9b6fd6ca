"""What the doctor makes of systems that answer, refuse, hang or talk nonsense."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from bot.__main__ import main
from bot.cli.console import out
from bot.cli.doctor import _table_of
from bot.domain.environments import Environment
from bot.domain.errors import PermanentError, TemporaryError
from bot.ports.finding import Checkup, Finding, Findings, Verdict, failed, ok
from bot.slack.check import SCOPES
from bot.usecases.diagnose import diagnose, environments
from tests.builders import PLATFORM

ROOT = Path(__file__).parents[2]
NOWHERE = "127.0.0.1:1"
SECRETS = {
    "SLACK_BOT_TOKEN": "xoxb-secret-bot",
    "SLACK_APP_TOKEN": "xapp-secret-app",
    "GITLAB_TOKEN": "glpat-secret",
    "BACKSTAGE_TOKEN": "backstage-secret",
    "REDIS_URL": f"redis://:redis-secret@{NOWHERE}/0",
}
ADDRESSES = {
    "SLACK_API_URL": f"http://{NOWHERE}/api/",
    "GITLAB_URL": f"http://{NOWHERE}",
    "BACKSTAGE_URL": f"http://{NOWHERE}",
    "ARGOCD_URL": f"http://{NOWHERE}",
    "KUBECONFIG": "nowhere.yaml",
    "IDP_TEMPLATES_DIR": str(ROOT / "templates"),
    "IDP_ENVIRONMENTS": '[{"name": "development", "domain": "dev.example.com"}]',
}


def a_checkup(system: str, then: Callable[[], None] = lambda: None) -> Checkup:
    """A look that finds one thing, and then whatever else it comes to."""

    async def findings() -> Findings:
        yield ok(system, "reachable", "It answers.")
        then()

    return Checkup(system, f"{system.upper()}_URL", findings())


def raising(error: Exception) -> Callable[[], None]:
    def then() -> None:
        raise error

    return then


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.system, finding.verdict) for finding in findings]


async def test_findings_come_in_the_order_of_the_systems() -> None:
    findings = await diagnose([a_checkup("Slack"), a_checkup("GitLab")])
    assert told(findings) == [("Slack", "ok"), ("GitLab", "ok")]


async def test_a_system_that_hangs_hides_neither_the_others_nor_what_it_has_said() -> None:
    async def hanging() -> Findings:
        yield ok("Slack", "reachable", "It answers.")
        await asyncio.Event().wait()

    checkups = [Checkup("Slack", "SLACK_API_URL", hanging()), a_checkup("GitLab")]
    findings = await diagnose(checkups, patience=timedelta(seconds=0.05))
    assert told(findings) == [("Slack", "ok"), ("Slack", "failed"), ("GitLab", "ok")]
    assert "0.05 s" in findings[1].detail
    assert "SLACK_API_URL" in findings[1].fix


@pytest.mark.parametrize(
    ("error", "detail", "fix"),
    [
        (PermanentError("No.", "Ask nicely."), "No.", "Ask nicely."),
        (TemporaryError("Busy."), "Busy.", "Check SLACK_URL and the way there, then try again."),
        (KeyError("version"), "does not understand (KeyError)", "SLACK_URL"),
    ],
)
async def test_a_system_that_refuses_hides_no_other(
    error: Exception, detail: str, fix: str
) -> None:
    findings = await diagnose([a_checkup("Slack", raising(error)), a_checkup("GitLab")])
    assert told(findings) == [("Slack", "ok"), ("Slack", "failed"), ("GitLab", "ok")]
    assert detail in findings[1].detail
    assert fix in findings[1].fix


async def test_systems_are_looked_at_side_by_side() -> None:
    both = asyncio.Barrier(2)

    async def waiting(system: str) -> Findings:
        await both.wait()
        yield ok(system, "reachable", "It answers.")

    checkups = [Checkup(name, name, waiting(name)) for name in ("Slack", "GitLab")]
    assert told(await diagnose(checkups)) == [("Slack", "ok"), ("GitLab", "ok")]


async def test_two_environments_of_one_name_or_domain_are_told() -> None:
    twins = tuple(Environment(name="dev", domain="dev.example.com") for _ in range(2))
    findings = await diagnose([environments(PLATFORM.model_copy(update={"environments": twins}))])
    assert [finding.detail for finding in findings] == [
        "Several are called dev.",
        "Several answer on dev.example.com:443.",
    ]


def test_the_scopes_are_those_of_the_manifest() -> None:
    manifest = YAML(typ="safe").load(ROOT / "docs" / "slack-app-manifest.yaml")
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == SCOPES


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of the bot is set, and no .env file is near."""
    for name in (*SECRETS, *ADDRESSES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("alone")
def test_settings_that_are_incomplete_end_it_with_2_and_their_names() -> None:
    result = CliRunner().invoke(main, ["doctor"], env={"GITLAB_URL": "gitlab"})
    assert result.exit_code == 2
    assert "SLACK_BOT_TOKEN is not set" in result.stderr
    assert "GITLAB_URL is malformed" in result.stderr


@pytest.mark.usefixtures("alone")
def test_with_everything_down_each_system_is_told_and_no_secret_is() -> None:
    result = CliRunner().invoke(main, ["doctor", "--json"], env=SECRETS | ADDRESSES)
    answer = json.loads(result.stdout)
    failed = {f["system"]: f for f in answer["findings"] if f["verdict"] == Verdict.FAILED}
    assert result.exit_code == 1
    assert answer["ok"] is False
    assert set(failed) == {"Slack", "GitLab", "Backstage", "Kubernetes", "Argo CD", "Redis"}
    assert all(finding["fix"] for finding in failed.values())
    assert "secret" not in result.output


@pytest.mark.usefixtures("alone")
def test_the_table_tells_a_person_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(out, "width", 200)
    result = CliRunner().invoke(main, ["doctor"], env=SECRETS | ADDRESSES)
    said = " ".join(result.stdout.split())
    assert result.exit_code == 1
    assert "Check GITLAB_URL and the way there, then try again." in said
    assert "6 failed, 1 to look at." in said
    assert "secret" not in result.output


def test_an_address_is_whole_on_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 80)
    address = f"https://gitlab.example.com/{'a-long-group/' * 5}-/settings"

    out.print(_table_of([failed("GitLab", "webhooks", f"There is none at {address}", "Add it.")]))

    rows = [line.split("│") for line in capsys.readouterr().out.splitlines() if "│" in line]
    assert address in "".join(row[3].strip() for row in rows)
    assert "Add it." in rows[-1][3]
