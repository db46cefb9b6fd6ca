"""The container image and the pipeline that makes it, as far as they can be held without building it."""

import json
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest

from bot.sandbox.runner import config
from tests.architecture.repository import ROOT, files, text_of

DOCKERFILE, IGNORED = Path("Dockerfile"), Path(".dockerignore")
CI = Path(".gitlab-ci.yml")


def instructions(word: str) -> list[str]:
    text = text_of(DOCKERFILE).replace("\\\n", " ")
    return re.findall(rf"^{word} +(.+)$", text, re.MULTILINE)


def copied() -> list[str]:
    """What the image takes from the repository."""
    return [line.split()[0] for line in instructions("COPY") if not line.startswith("--from")]


def is_sent(path: Path) -> bool:
    """Whether Docker gets to see a file: the last pattern that fits decides."""
    sent = True
    places = [path.as_posix(), *(parent.as_posix() for parent in path.parents)]
    for line in text_of(IGNORED).splitlines():
        if line and not line.startswith("#"):
            pattern = line.lstrip("!").removeprefix("**/")
            names = [Path(place).name for place in places] if "**/" in line else places
            if any(fnmatch(name, pattern) for name in names):
                sent = line.startswith("!")
    return sent


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the image works in."""
    folder = tmp_path_factory.mktemp("image")
    for path in filter(is_sent, files()):
        if any(path.is_relative_to(each) for each in copied()):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    return folder


def run(content: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """The image's entry point, on the packages that are installed here."""
    [entry] = instructions("ENTRYPOINT")
    program, *arguments = json.loads(entry)
    assert program == "python"
    return subprocess.run(
        [sys.executable, *arguments, *command],
        cwd=content,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200"},
    )


def test_it_installs_pinned_packages_by_their_hashes() -> None:
    [install] = [line for line in instructions("RUN") if "pip install" in line]
    assert "--require-hashes" in install
    assert "requirements/otel.txt" in copied()


def test_it_runs_as_a_numeric_user_without_rights() -> None:
    users = [line.split(":") for line in instructions("USER")]
    assert users
    assert all(name.isdecimal() and int(name) >= 10_000 for name in users[-1])


def test_it_stops_on_a_signal_since_no_shell_stands_between() -> None:
    for word in ("ENTRYPOINT", "CMD"):
        [line] = instructions(word)
        assert isinstance(json.loads(line), list)


def test_everything_that_is_copied_is_there_and_sent() -> None:
    for source in copied():
        inside = [path for path in files() if path.is_relative_to(source)]
        assert inside, source
        assert any(is_sent(path) for path in inside), source


def test_nothing_else_is_sent() -> None:
    sent = [path for path in files() if is_sent(path)]
    assert [path for path in sent if not any(path.is_relative_to(each) for each in copied())] == []
    for secret in (Path(".env"), Path(".state/valkey/endpoint.json"), Path(".git/config")):
        assert not is_sent(secret)


def test_the_image_runs_without_the_sandbox(content: Path) -> None:
    assert not (content / "bot/sandbox").exists()
    result = run(content, "pipelines")
    assert "await_live_url" in result.stdout
    assert result.returncode == 0, result.stderr


def test_the_image_says_what_the_sandbox_needs(content: Path) -> None:
    result = run(content, "sandbox")
    assert result.returncode == 1
    assert "idp-bot[sandbox]" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_image_tells_of_missing_variables_by_name(content: Path) -> None:
    result = run(content, *json.loads(instructions("CMD")[0]))
    assert result.returncode == 2
    assert "SLACK_BOT_TOKEN" in result.stderr


def test_gitlab_would_take_the_pipeline() -> None:
    variables = {
        "CI_PIPELINE_SOURCE": "push",
        "CI_COMMIT_BRANCH": "main",
        "CI_DEFAULT_BRANCH": "main",
    }
    plan = config.parse(text_of(CI), variables=variables)
    assert [job.name for job in plan.jobs] == ["check", "test", "publish"]
    elsewhere = config.parse(text_of(CI), variables={**variables, "CI_COMMIT_BRANCH": "wish"})
    assert [job.name for job in elsewhere.jobs] == ["check", "test"]
