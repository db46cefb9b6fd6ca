"""`.env.example` and docs/connecting.md tell of exactly the variables that the bot reads."""

import json
import re
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.domain.limits import Limits
from bot.settings import PlatformSettings, Settings, StateSettings, read_settings
from tests.architecture.documents import table_rows
from tests.architecture.repository import bot_modules, text_of

EXAMPLE = Path(".env.example")
VARIABLES = {name.upper() for name in Settings.model_fields}


def lines() -> list[str]:
    return text_of(EXAMPLE).splitlines()


def values() -> dict[str, str]:
    pairs = (line.partition("=") for line in lines() if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def test_it_names_every_variable_once_and_no_other() -> None:
    named = [line.partition("=")[0] for line in lines() if line and not line.startswith("#")]
    assert sorted(named) == sorted(VARIABLES)


def test_each_variable_is_explained_right_above_it() -> None:
    for above, line in zip(lines(), lines()[1:], strict=False):
        if line and not line.startswith("#"):
            assert re.match(r"# \S.*[.:]", above), line


def test_as_it_stands_it_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text(text_of(EXAMPLE), encoding="utf-8")
    for kind in (Settings, PlatformSettings, StateSettings):
        read_settings(kind)


def test_what_it_says_of_optional_variables_is_their_default() -> None:
    fields = Settings.model_fields
    optional = {name for name in VARIABLES if not fields[name.lower()].is_required()}
    for name in optional:
        default = fields[name.lower()].default
        shown = values()[name]
        is_sample = re.search(r"example\.com|your-", shown)
        assert is_sample or shown == as_written(default), name


def as_written(default: object) -> str:
    """A default as an operator writes it."""
    if isinstance(default, Limits):
        return json.dumps(default.model_dump(mode="json"))
    return "" if is_empty(default) else str(default)


def is_empty(default: object) -> bool:
    return default in (None, "") or default == SecretStr("")


def test_no_example_is_a_secret_that_works() -> None:
    for name, value in values().items():
        if re.search(r"TOKEN|SECRET|PASSWORD", name):
            assert value == "" or "your" in value, name


def test_the_table_names_every_variable_with_its_default() -> None:
    rows = table_rows(Path("docs/connecting.md"), "variable")
    told = {row[0].strip("`"): row[1].strip("`") for row in rows}
    assert set(told) == VARIABLES
    for name, default in told.items():
        field = Settings.model_fields[name.lower()]
        if field.is_required():
            assert default == "required", name
        else:
            assert default == as_written(field.default), name


def test_every_setting_is_used() -> None:
    """A variable that nothing reads would be a promise that nobody keeps."""
    code = "\n".join(text_of(path) for path in bot_modules() if path != Path("bot/cli/child.py"))
    unused = [name for name in Settings.model_fields if f".{name}" not in code]
    assert unused == []


def test_settings_alone_read_the_environment() -> None:
    reading = {
        path.as_posix()
        for path in bot_modules()
        if re.search(r"os\.(environ|getenv)", text_of(path))
        and not path.is_relative_to("bot/sandbox")
    }
    assert reading <= {"bot/settings.py", "bot/cli/child.py"}  # the latter hands its own on
