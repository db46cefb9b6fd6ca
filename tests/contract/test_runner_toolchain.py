"""What the tools on a job's PATH are, and what they leave alone."""

import importlib.metadata
import subprocess
import sysconfig
from pathlib import Path

import pytest

from bot.sandbox.runner import toolchain
from bot.sandbox.runner.toolchain import Toolchain


@pytest.fixture(name="tools")
async def _tools(tmp_path: Path) -> Toolchain:
    return await toolchain.prepare(tmp_path / "state")


def run(tools: Toolchain, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": tools.path, "HOME": str(folder), "PIP_NO_INDEX": "1"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_what_the_golden_paths_need_is_there_and_the_sandboxs_own_is_not(
    tools: Toolchain, tmp_path: Path
) -> None:
    wanted = "import fastapi, uvicorn, pydantic_settings, prometheus_client, httpx, pytest"
    assert run(tools, tmp_path, "python", "-c", wanted).returncode == 0
    for module in ("kubernetes", "redis", "slack_bolt", "bot"):
        assert run(tools, tmp_path, "python", "-c", f"import {module}").returncode == 1
    for program in ("ruff", "pytest", "uvicorn", "pip"):
        assert run(tools, tmp_path, program, "--version").returncode == 0


def test_an_install_of_what_is_there_is_satisfied(tools: Toolchain, tmp_path: Path) -> None:
    pinned = f"fastapi=={importlib.metadata.version('fastapi')}"
    (tmp_path / "base.txt").write_text(f"# pins\n{pinned}  # web\n")
    (tmp_path / "dev.txt").write_text("-r base.txt\npytest>=8\n")
    done = run(tools, tmp_path, "pip", "install", "-r", "dev.txt", "ruff")
    assert done.returncode == 0, done.stderr
    assert f"Requirement already satisfied: {pinned}" in done.stdout
    quiet = run(tools, tmp_path, "pip", "install", "--quiet", "--requirement", "dev.txt")
    assert (quiet.returncode, quiet.stdout) == (0, "")


@pytest.mark.parametrize("wanted", ["fastapi==0.1", "no-such-package-here"])
def test_an_install_of_anything_else_is_pips_own_business(
    tools: Toolchain, tmp_path: Path, wanted: str
) -> None:
    done = run(tools, tmp_path, "pip", "install", wanted)
    assert done.returncode == 1
    assert "No matching distribution found" in done.stderr


def test_what_a_job_installs_lands_in_the_toolchain(tools: Toolchain, tmp_path: Path) -> None:
    project = tmp_path / "project"
    wheel = project / "hello-1.0.dist-info"
    wheel.mkdir(parents=True)
    (wheel / "METADATA").write_text("Metadata-Version: 2.1\nName: hello\nVersion: 1.0\n")
    (wheel / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    (wheel / "RECORD").write_text("")
    (project / "hello.py").write_text("WORD = 'hello'\n")
    make = "import shutil; shutil.make_archive('hello-1.0-py3-none-any', 'zip', 'project')"
    assert run(tools, tmp_path, "python", "-c", make).returncode == 0
    (tmp_path / "hello-1.0-py3-none-any.zip").rename(tmp_path / "hello-1.0-py3-none-any.whl")
    done = run(tools, tmp_path, "pip", "install", "./hello-1.0-py3-none-any.whl")
    assert done.returncode == 0, done.stderr
    found = run(tools, tmp_path, "python", "-c", "import hello; print(hello.__file__)")
    assert found.stdout.startswith(str(tools.bin.parent / "lib"))
    assert not (Path(sysconfig.get_path("purelib")) / "hello.py").exists()


async def test_preparing_again_finds_everything_and_keeps_what_was_installed(
    tools: Toolchain, tmp_path: Path
) -> None:
    mine = next((tools.bin.parent / "lib").glob("*/site-packages")) / "mine.py"
    mine.write_text("")
    stale = tools.bin.parent / "given" / "gone"
    stale.symlink_to(tmp_path / "nowhere")
    again = await toolchain.prepare(tmp_path / "state")
    assert again == tools
    assert mine.exists()
    assert not stale.is_symlink()
