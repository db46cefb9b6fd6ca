"""The approval policy as a file: what is shipped, and what is told about a wrong one."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import main
from bot.adapters.policy_file import read_policy
from bot.domain import policy
from bot.domain.errors import PermanentError
from tests.boxed import ROOT


def test_the_sample_holds_the_rules_that_hold_without_a_file() -> None:
    assert read_policy(ROOT / "docs/policy.yaml") == policy.DEFAULT


def written(folder: Path, text: str) -> Path:
    file = folder / "policy.yaml"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rules: [{name: x, when: {colour: red}}]", "rules.0.when.colour: Extra inputs"),
        ("rules: [{name: x, stages: [{groups: p}]}]", "rules.0: say in `reason` why"),
        ("rules: [{name: x, expires_after: soon}]", "rules.0.expires_after: "),
        (
            "rules: [{name: x, break_glass: {groups: p, review: {groups: q, within: P1D}}}]",
            "rules.0: `break_glass` is a way around `stages`",
        ),
        (
            "rules: [{name: x, break_glass: {groups: p}}]",
            "rules.0.break_glass.review: Field required",
        ),
        ("rules: [", "is no valid YAML"),
        ("- rules", "is no policy: the whole: "),
        ("rules: !!python/object/apply:os.system [true]", "is no valid YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    file = written(tmp_path, text)

    with pytest.raises(PermanentError) as raised:
        read_policy(file)

    assert told in raised.value.cause
    assert str(file) in raised.value.cause


def test_a_file_that_is_not_there_is_told_by_name(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match=r"nowhere\.yaml cannot be read"):
        read_policy(tmp_path / "nowhere.yaml")


def test_the_command_shows_the_rules_and_ends_with_an_error_where_they_are_wrong(
    tmp_path: Path,
) -> None:
    shell = CliRunner()

    right = shell.invoke(main, ["policy", "check", str(ROOT / "docs/policy.yaml")])
    wrong = shell.invoke(main, ["policy", "check", str(written(tmp_path, "rules: 7"))])

    assert right.exit_code == 0
    assert "break-glass" not in right.output
    assert "Public repositories" in right.output
    assert wrong.exit_code == 1
    assert "rules: Input should be" in wrong.output


def test_the_command_shows_who_may_break_the_glass_and_who_reviews_it(tmp_path: Path) -> None:
    rule = {
        "name": "x",
        "reason": "Because.",
        "stages": [{"groups": "$platform"}],
        "break_glass": {
            "groups": ["oncall", "$owner"],
            "review": {"groups": "$platform", "within": "P1D"},
        },
    }
    file = written(tmp_path, json.dumps({"rules": [rule]}))

    shown = CliRunner().invoke(main, ["policy", "check", str(file)])

    assert shown.exit_code == 0, shown.output
    told = "".join(shown.output.split())
    assert "break-glass:group:default/oncallor$owner," in told
    assert "within1day" in told
