"""The commands as somebody at a terminal meets them."""

import threading
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from bot.__main__ import FAMILIES, main
from bot.cli import platform
from bot.domain.environments import Environment
from bot.domain.errors import TemporaryError
from bot.settings import PlatformSettings
from tests.colleague import eventually


def test_the_help_lists_every_command() -> None:
    shown = CliRunner().invoke(main, ["--help"]).stdout
    assert [name for name in FAMILIES if f"│ {name} " not in shown] == []


@pytest.mark.parametrize("name", FAMILIES)
def test_a_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert f" {name} " in result.stdout


def test_whoever_mistypes_a_command_is_told_which_one_was_meant() -> None:
    result = CliRunner().invoke(main, ["sandbx"])
    assert result.exit_code == 2
    assert "'sandbox'" in result.output


async def test_bootstrap_lets_go_of_gitlab_however_it_ends(tmp_path: Path) -> None:
    given: dict[str, Any] = {
        "_env_file": None,
        "gitlab_url": "http://127.0.0.1:1",
        "gitlab_token": SecretStr("glpat-nobody"),
        "idp_environments": (Environment(name="development", domain="dev.example.com"),),
    }
    before = set(threading.enumerate())

    with pytest.raises(TemporaryError) as ended:
        await platform._bootstrap(PlatformSettings(**given), tmp_path, tmp_path)

    async def is_let_go_of() -> bool:
        return not any(t.name.startswith("gitlab") for t in set(threading.enumerate()) - before)

    await eventually(is_let_go_of, 5)
    del ended  # until here it held the adapter, so nothing was let go of by chance


def test_templates_are_listed_where_no_other_system_is_named() -> None:
    result = CliRunner(env={"IDP_ENV_FILE": ""}).invoke(main, ["templates"])

    assert result.exit_code == 0, result.output
    assert "python-fastapi" in result.output
