"""The approval policy as a file: what is shipped, and what is told about a wrong one."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import main
from bot.adapters import policy_file
from bot.adapters.policy_file import read_policy
from bot.domain import policy
from bot.domain.errors import PermanentError
from bot.ports.finding import Finding, Verdict
from bot.usecases.diagnose import diagnose
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
        ("rules: [{name: x, when: {requester_in: []}}]", "rules.0.when.requester_in: "),
        ("rules: [{name: x, when: {template: []}}]", "rules.0.when.template: "),
        ("rules: [{name: x, when: {template: ''}}]", "rules.0.when.template.0: "),
        ("rules: [{name: x, when: {request: []}}]", "rules.0.when.request: "),
        ("rules: [{name: x, when: {visibility: []}}]", "rules.0.when.visibility: "),
        ("rules: [{name: x, when: {environment: []}}]", "rules.0.when.environment: "),
        ("rules: [{name: x, when: {owner_member: }}]", "rules.0.when.owner_member: say true or"),
        ("rules: [{name: x, when: }]", "rules.0.when: "),
        ("rules: [{name: x, reason: y, stages: []}]", "rules.0.stages: "),
        (
            "rules: [{name: x, reason: y, stages: [{groups: 'user:default/ada'}]}]",
            "rules.0.stages.0.groups.0: “user:default/ada” is no group",
        ),
        (
            "rules: [{name: x, when: {requester_in: 'component:x'}}]",
            "rules.0.when.requester_in.0: “component:x” is no group",
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
    assert "3 days" in right.output
    assert ":00" not in right.output
    assert "Public repositories" in right.output
    assert wrong.exit_code == 1
    assert "rules: Input should be" in wrong.output


NOT_THERE = """
rules:
- {name: a, when: {template: [python-fastpi, system]}}
- {name: b, when: {environment: [development, prod]}}
"""
TOLD = (
    "rules.0.when.template: there is no template “python-fastpi”",
    "rules.1.when.environment: there is no environment “prod”",
)


def test_a_rule_for_a_template_or_an_environment_that_is_not_there_is_told(tmp_path: Path) -> None:
    fit = {"templates": {"python-fastapi", "system"}, "environments": {"development"}}
    mistaken = read_policy(written(tmp_path, NOT_THERE))

    assert tuple(policy.misnamed(policy.DEFAULT, **fit)) == ()
    assert tuple(policy.misnamed(mistaken, **fit)) == (
        f"{TOLD[0]}, only python-fastapi, system",
        f"{TOLD[1]}, only development",
    )


SURROUNDINGS = {
    "IDP_TEMPLATES_DIR": str(ROOT / "templates"),
    "IDP_ENVIRONMENTS": '[{"name": "development", "domain": "dev.example.com"}]',
}


def test_the_command_knows_the_templates_and_the_environments(tmp_path: Path) -> None:
    file = written(tmp_path, NOT_THERE)

    checked = CliRunner().invoke(main, ["policy", "check", str(file)], env=SURROUNDINGS)

    assert checked.exit_code == 1
    assert all(told in " ".join(checked.output.split()) for told in TOLD)


def test_the_command_says_what_it_could_not_compare_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, NOT_THERE)
    monkeypatch.chdir(tmp_path)
    alone = dict.fromkeys(SURROUNDINGS, "")

    checked = CliRunner().invoke(main, ["policy", "check", str(file)], env=alone)

    said = " ".join(checked.output.split())
    assert checked.exit_code == 0
    assert "Names of templates were not checked: set IDP_TEMPLATES_DIR." in said
    assert "Names of environments were not checked: set IDP_ENVIRONMENTS." in said


async def test_the_doctor_tells_of_a_wrong_policy_and_of_names_of_nothing(tmp_path: Path) -> None:
    async def found(text: str) -> list[Finding]:
        file = written(tmp_path, text)
        look = policy_file.checkup(file, templates=ROOT / "templates", environments=["development"])
        return list(await diagnose([look]))

    assert [each.verdict for each in await found("rules: []")] == [Verdict.OK]
    assert [each.verdict for each in await found("rules: 7")] == [Verdict.FAILED]
    findings = await found(NOT_THERE)
    assert [each.verdict for each in findings] == [Verdict.FAILED]
    assert all(told in findings[0].detail for told in TOLD)


def test_the_bot_does_not_start_with_rules_that_can_never_fit(tmp_path: Path) -> None:
    file = written(tmp_path, NOT_THERE)

    with pytest.raises(PermanentError) as raised:
        policy_file.fitting(file, templates=ROOT / "templates", environments=["development"])

    assert all(told in raised.value.cause for told in TOLD)


def test_a_broken_template_is_known_by_the_name_of_its_folder(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/template.yaml").write_text("kind: [")

    assert policy_file.fitting(
        written(tmp_path, "rules: [{name: a, when: {template: broken}}]"),
        templates=tmp_path,
        environments=["development"],
    )


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
