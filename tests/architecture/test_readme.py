"""What the README shows is what the code does."""

import importlib
import io
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from bot.__main__ import FAMILIES, main
from bot.adapters.memory.git_host import MemoryGitHost
from bot.adapters.template_folder import TemplateFolder
from bot.cli.platform import drawn
from bot.domain.errors import NotYet
from bot.domain.request import AppRequest
from bot.pipeline.facts import LiveUrl
from bot.pipeline.new_app import NEW_APP
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.pipelines import PIPELINES
from bot.pipeline.steps.plan_app import plan_app
from bot.pipeline.wiring import arguments
from bot.slack import form_check
from bot.slack.commands import _SUB_COMMANDS
from bot.usecases.draft import draft
from bot.usecases.submission import Submission
from tests.architecture.documents import code_blocks, table_rows
from tests.architecture.repository import ROOT, text_of
from tests.builders import ADA, NOON, a_job
from tests.world import World

README = Path("README.md")
NODE = re.compile(r'(?P<name>\w+)(?:\["(?P<title>[^"]+)"\])?')


def commands() -> dict[str, Any]:
    group: Any = typer.main.get_command(main)
    context: Any = None  # the list does not depend on it
    return {name: group.get_command(context, name) for name in group.list_commands(context)}


def picture(chart: str) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """The titles by name, and the arrows, of a Mermaid flowchart."""
    titles: dict[str, str] = {}
    arrows = set()
    for line in chart.splitlines():
        nodes = [NODE.fullmatch(part.strip()) for part in line.split("-->")]
        found = [node for node in nodes if node]
        titles |= {node["name"]: node["title"] for node in found if node["title"]}
        arrows |= {(before["name"], after["name"]) for before, after in pairwise(found)}
    return titles, arrows


def direct_needs(pipeline: Pipeline) -> set[tuple[str, str]]:
    """Each step and the ones right before it; what those need themselves goes without saying."""

    def all_needs(name: str) -> set[str]:
        direct = pipeline.dependencies[name]
        return set(direct).union(*(all_needs(need) for need in direct))

    return {
        (need, name)
        for name, needs in pipeline.dependencies.items()
        for need in needs
        if not any(need in all_needs(other) for other in needs - {need})
    }


def test_the_pictures_of_the_pipelines_are_the_pipelines() -> None:
    charts = code_blocks(README, "mermaid")
    assert len(charts) == len(PIPELINES)
    for pipeline, chart in zip(PIPELINES.values(), charts, strict=True):
        titles, arrows = picture(chart)
        assert titles == {step.name: step.title for step in pipeline.steps}
        assert arrows == direct_needs(pipeline)


def test_the_terminal_draws_every_step_and_what_it_waits_for() -> None:
    assert CliRunner().invoke(main, ["pipelines"]).exit_code == 0
    wide = Console(width=200, file=io.StringIO())
    for pipeline in PIPELINES.values():
        with wide.capture() as drawing:
            wide.print(drawn(pipeline))
        for step in pipeline.steps:
            assert f"({step.name} makes {step.fact.__name__})" in drawing.get()


def test_every_command_is_told() -> None:
    told = [row[0].strip("`") for row in table_rows(README, "`python -m bot ...`")]
    assert sorted(told) == sorted(commands())


def test_every_command_that_a_family_has_is_listed() -> None:
    for family in set(FAMILIES.values()):
        has = typer.Typer()
        importlib.import_module(f"bot.cli.{family}").register(has)
        group: Any = typer.main.get_group(has)
        assert set(group.commands) == {name for name, its in FAMILIES.items() if its == family}


def test_every_command_that_is_written_out_is_understood() -> None:
    known = commands()
    texts = [text_of(README), text_of(Path("docs/connecting.md")), text_of(Path(".env.example"))]
    written = re.findall(r"python -m bot ([a-z][^\n`#]*)", "\n".join(texts))
    assert written
    for words in (line.split() for line in written):
        options = {opt for parameter in known[words[0]].params for opt in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_explains_itself(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert (commands()[name].help or "").split("\n")[0]


def test_every_sub_command_in_slack_is_told() -> None:
    told = set(re.findall(r"`/idp ([a-z-]+)`", text_of(README)))
    assert told == set(_SUB_COMMANDS)


def test_every_target_of_make_that_is_told_is_there() -> None:
    documents = ("README.md", "CONTRIBUTING.md", "docs/connecting.md", ".gitlab-ci.yml")
    told = {
        target
        for name in documents
        for target in re.findall(r"(?:^ *-? ?|`)make ([a-z]+)", text_of(Path(name)), re.MULTILINE)
    }
    targets = set(re.findall(r"^([a-z]+):", text_of(Path("Makefile")), re.MULTILINE))
    assert {"demo", "test"} <= told
    assert told - targets == set()


def test_the_folders_that_are_told_are_there() -> None:
    cells = [row[0] for row in table_rows(README, "folder")]
    cells += [row[0] for row in table_rows(Path("CONTRIBUTING.md"), "folder")]
    folders = [folder for cell in cells for folder in re.findall(r"`([\w/]+)`", cell)]
    assert len(folders) > 10
    assert [folder for folder in folders if not (ROOT / folder).is_dir()] == []


def the_shown_step() -> dict[str, Any]:
    [code] = code_blocks(README, "python")
    names: dict[str, Any] = {"__name__": "bot.pipeline.steps.add_to_on_call_list"}
    exec(compile(code, "README.md", "exec"), names)  # noqa: S102 the reader will run it, too
    return names


async def test_the_step_that_is_shown_works_and_may_run_twice() -> None:
    names = the_shown_step()
    shown = names["add_to_on_call_list"]
    extended = Pipeline(
        kind="new-app",
        request=AppRequest,
        steps=(*NEW_APP.steps, shown),
        approval_step=NEW_APP.approval_step,
    )
    assert extended.dependencies[shown.name] == {"plan_app", "await_live_url"}
    git = MemoryGitHost()
    plan = await plan_app.make(**arguments(NEW_APP, plan_app, a_job(), World().ports))
    given = {"plan": plan, "live": LiveUrl(url=plan.url, answered_at=NOON), "git": git}
    with pytest.raises(NotYet):
        await shown.make(**given)
    git.add_project(names["ON_CALL"])
    first = await shown.make(**given)
    assert first == await shown.make(**given)


def test_the_template_that_is_shown_is_one_that_the_bot_can_use(tmp_path: Path) -> None:
    [shown] = code_blocks(README, "yaml")
    folder = tmp_path / "static-site"
    for skeleton in ("app", "deployment"):
        (folder / "skeletons" / skeleton).mkdir(parents=True)
    (folder / "template.yaml").write_text(shown, encoding="utf-8")
    page = "${{ values.name }} in ${{ values.language }}"
    (folder / "skeletons/app/index.html").write_text(page, encoding="utf-8")
    library = TemplateFolder(tmp_path)
    [template] = library.list_templates("new-app")
    assert form_check.problem(template) == ""
    values = {
        "name": "Price list",
        "system": "system:default/checkout",
        "description": "What things cost",
        "hostname": "prices",
        "owner": "group:default/payments",
        "visibility": "internal",
        "language": "de",
    }
    request = draft(
        Submission(
            id="V1", template=template.name, values=values, requester=ADA, channel="C0GENERAL"
        ),
        template,
    )
    files = library.render(template.name, "app", request.parameters)
    assert files["index.html"].content == b"Price list in de"
