import pytest
from typer.testing import CliRunner

from bot.__main__ import FAMILIES, main


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
