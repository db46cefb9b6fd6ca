"""What stops the demo before it touches anything: a folder in use, ports that cannot be had, files that are not there."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.__main__ import main
from bot.cli import box, state_folder
from bot.sandbox.box import Numbers
from tests.boxed import ROOT
from tests.demo import free_ports


@pytest.fixture(name="state")
def _state(tmp_path: Path) -> Path:
    """A folder in which a demo on port 7300 has left something."""
    (tmp_path / "gitlab").mkdir()
    (tmp_path / "gitlab" / "kept").touch()
    state_folder.note_first_port(tmp_path, 7300)
    return tmp_path


@pytest.fixture(name="taken")
def _taken() -> Iterator[int]:
    """A port that somebody listens on, in the midst of free ones that no other test looks for."""
    with socket.create_server(("127.0.0.1", free_ports(29_000) + 1)) as listener:
        yield int(listener.getsockname()[1])


def start(state: Path, *options: str, command: str = "demo") -> Result:
    return CliRunner().invoke(main, [command, "--state", str(state), *options])


def told(result: Result) -> str:
    """What it said as it ended, on one line: a sentence, and what to do."""
    assert result.exit_code == 1, result.output
    assert isinstance(result.exception, SystemExit)
    return " ".join(result.output.split())


def is_untouched(state: Path) -> bool:
    return (state / "gitlab" / "kept").exists()


@pytest.mark.parametrize("command", ["demo", "sandbox"])
def test_a_folder_that_a_running_demo_uses_is_left_alone_even_by_a_fresh_one(
    state: Path, command: str
) -> None:
    with state_folder.held(state):
        refused = told(start(state, "--fresh", command=command))

    assert f"{state} is in use by process {os.getpid()}" in refused
    assert "Ctrl-C" in refused
    assert "--state" in refused
    assert is_untouched(state)


def test_a_folder_is_free_again_once_whoever_used_it_has_ended(state: Path, taken: int) -> None:
    with state_folder.held(state):
        pass

    assert f"Port {taken} cannot be had: Address already in use." in told(
        start(state, "--fresh", "--port", str(taken))
    )


def test_a_port_that_is_taken_is_named_before_anything_is_removed(state: Path, taken: int) -> None:
    refused = told(start(state, "--fresh", "--port", str(taken - 1)))

    assert f"Port {taken} cannot be had: Address already in use." in refused
    assert "PORT=" in refused
    assert is_untouched(state)


def test_only_the_ports_of_parts_that_start_are_asked_for() -> None:
    assert Numbers(7400).of(["slack"]) == (7400,)
    assert sorted(Numbers(7400).of(["cluster", "bot"])) == [7402, 7403, 7405, 7406, 7408]


@pytest.mark.parametrize("port", ["70000", "65533", "-1"])
def test_a_port_that_there_is_not_is_named(tmp_path: Path, port: str) -> None:
    refused = told(start(tmp_path, "--port", port))

    assert f"from {port} on" in refused
    assert "PORT=" in refused


def test_what_was_made_on_some_ports_does_not_go_on_under_others(state: Path) -> None:
    refused = told(start(state, "--port", "7320"))

    assert "7300" in refused
    assert "--port 7300" in refused
    assert "FRESH=1" in refused


def test_a_start_without_a_port_takes_those_that_the_folder_was_made_on(
    state: Path, taken: int
) -> None:
    state_folder.note_first_port(state, taken)

    refused = told(start(state))

    assert f"Port {taken} cannot be had: Address already in use." in refused
    assert "FRESH=1" in refused, "other ports alone would be refused next"


def test_ports_that_could_not_be_had_are_not_remembered(tmp_path: Path, taken: int) -> None:
    told(start(tmp_path, "--port", str(taken)))

    assert state_folder.first_port(tmp_path) is None


def test_who_took_free_ports_once_may_name_some_later(tmp_path: Path, taken: int) -> None:
    command = [sys.executable, "-m", "bot", "sandbox", "slack", "--json", "--port", "0"]
    with subprocess.Popen(
        [*command, "--state", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    ) as sandbox:
        assert sandbox.stdout
        assert sandbox.stdout.readline()
        sandbox.terminate()

    refused = told(start(tmp_path, "--port", str(taken)))

    assert f"Port {taken} cannot be had" in refused


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused = told(start(tmp_path, "--policy", str(tmp_path / "none.yaml")))

    assert "none.yaml cannot be read: No such file" in refused


@pytest.mark.parametrize(
    ("rules", "wrong"),
    [
        ("rules: [{name: x, when: {colour: red}}]", "rules.0.when.colour"),
        ("rules: [{name: x, when: {environment: production}}]", "production"),
    ],
)
def test_a_policy_that_the_bot_would_not_take_is_refused_with_what_is_wrong(
    tmp_path: Path, rules: str, wrong: str
) -> None:
    (tmp_path / "rules.yaml").write_text(rules)

    assert wrong in told(start(tmp_path, "--policy", str(tmp_path / "rules.yaml"), "--port", "-1"))


def test_outside_the_repository_the_option_that_there_is_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    refused = told(start(tmp_path / "state", "--port", str(free_ports())))

    assert "no folder catalog" in refused
    assert "--company" in refused
    assert "--catalog" not in refused


def test_a_company_of_ones_own_needs_the_rest_of_the_repository_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    refused = told(start(tmp_path / "state", "--company", str(ROOT / "catalog")))

    assert "no folder helm" in refused


@pytest.mark.parametrize(("given", "options"), [("1", ["--fresh"]), ("0", []), ("", [])])
def test_only_one_means_fresh_to_make(given: str, options: list[str]) -> None:
    shown = subprocess.run(
        ["make", "--dry-run", "demo", f"FRESH={given}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )

    assert [word for word in shown.stdout.split() if word == "--fresh"] == options


def test_what_is_told_at_the_start_is_whole_on_a_narrow_terminal_and_says_how_to_get_in(
    capsys: pytest.CaptureFixture[str],
) -> None:
    redis, ca = "redis://:" + "secret" * 20 + "@127.0.0.1:7407/0", "/a/long/path" * 9 + "/ca.pem"
    description = {
        "page": "http://127.0.0.1:7400/",
        "gitlab": {"url": "http://127.0.0.1:7401", "user": "idp-bot", "token": "glpat-x"},
        "gateway": {"http": "http://localhost:7405", "https": "https://localhost:7406", "ca": ca},
        "redis": {"url": redis},
    }

    box._tell(description, as_json=False)

    told = capsys.readouterr().out
    for whole in ("http://127.0.0.1:7400/ ", f"trust {ca}\n", f"{redis}\n", "idp-bot", "glpat-x"):
        assert whole in told
    assert "Browsers warn" in told
