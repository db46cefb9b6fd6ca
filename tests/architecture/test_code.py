"""The code keeps to its own rules: direction of imports, sizes, names, and what the image installs."""

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter import api, configuration
from importlinter.application.use_cases import lint_imports

from tests.architecture.repository import ROOT, bot_modules, text_of, tree_of

LONGEST_MODULE = 300
LONGEST_FUNCTION = 40
NO_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_of(path: Path) -> Iterator[Function]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, Function):
            yield node


def body_lines(function: Function) -> int:
    """Lines of the body, its docstring and blank lines left out: what has to be understood."""
    body = function.body
    is_documented = ast.get_docstring(function) is not None
    spans = [(node.lineno, node.end_lineno or node.lineno) for node in body[is_documented:]]
    return spans[-1][1] - spans[0][0] + 1 if spans else 0


def words_of(path: Path) -> set[str]:
    return {word for part in path.with_suffix("").parts for word in part.split("_")}


def test_imports_keep_to_their_contracts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    configuration.configure()
    contracts = api.read_configuration("pyproject.toml")["contracts_options"]
    assert len(contracts) >= 5
    assert lint_imports("pyproject.toml", cache_dir=None), (
        "run .venv/bin/lint-imports for the chain"
    )


def test_only_one_module_knows_the_sandbox() -> None:
    knowing = {
        path.as_posix()
        for path in bot_modules()
        if not path.is_relative_to("bot/sandbox")
        and re.search(r"^\s*(from|import) bot\.sandbox\b", text_of(path), re.MULTILINE)
    }
    assert knowing == {"bot/cli/box.py"}


def test_no_module_is_too_long_to_read() -> None:
    lengths = {
        path.as_posix(): sum(1 for line in text_of(path).splitlines() if line.strip())
        for path in bot_modules()
    }
    assert {path: n for path, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_no_function_is_too_long_to_read() -> None:
    lengths = {
        f"{path.as_posix()}:{function.lineno} {function.name}": body_lines(function)
        for path in bot_modules()
        for function in functions_of(path)
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


def test_no_module_or_function_is_named_after_nothing() -> None:
    vague = {p.as_posix() for p in bot_modules() if NO_NAMES & words_of(p)}
    vague |= {
        f"{path.as_posix()}: {function.name}"
        for path in bot_modules()
        for function in functions_of(path)
        if function.name in NO_NAMES
    }
    assert vague == set()


def test_every_module_says_what_it_is_for() -> None:
    silent = [p.as_posix() for p in bot_modules() if not ast.get_docstring(tree_of(p))]
    assert silent == []


def test_a_check_that_is_switched_off_says_which_and_why() -> None:
    switched_off = re.compile(r"#\s*(noqa|type:\s*ignore)(?P<rest>.*)$")
    reasoned = re.compile(r"(:\s*[A-Z]+\d+(,\s*[A-Z]+\d+)*|\[[\w, -]+\])\s+(#\s*)?\S.*")
    bare = [
        f"{path.as_posix()}:{number}"
        for path in bot_modules()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if (found := switched_off.search(line)) and not reasoned.fullmatch(found["rest"])
    ]
    assert bare == []


def test_what_the_bot_imports_is_in_the_image() -> None:
    """The image installs requirements/bot.txt, with what sends traces, and nothing else."""
    pins = re.findall(r"^([\w.-]+)==", text_of(Path("requirements/bot.txt")), re.MULTILINE)
    pinned = {normal(name) for name in pins}
    distributions = importlib.metadata.packages_distributions()
    missing = {
        f"{path.as_posix()}: {name}"
        for path in bot_modules()
        if not path.is_relative_to("bot/sandbox")
        for name in imported_by(path)
        if name != "bot"
        and name not in sys.stdlib_module_names
        and not {normal(each) for each in distributions.get(name, ())} & pinned
    }
    assert missing == set()


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported_by(path: Path) -> Iterator[str]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]
