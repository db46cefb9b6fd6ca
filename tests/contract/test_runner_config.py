"""How the runner reads a `.gitlab-ci.yml`: what GitLab accepts, and what its lint says to the rest."""

from textwrap import dedent

import pytest

from bot.sandbox.runner import config, expressions
from bot.sandbox.runner.config import CiConfigError
from bot.sandbox.runner.plan import Need, PipelinePlan, When


def parse(text: str, **variables: str) -> PipelinePlan:
    return config.parse(dedent(text), variables=variables)


def names(plan: PipelinePlan) -> list[str]:
    return [job.name for job in plan.jobs]


def errors(text: str, **variables: str) -> list[str]:
    with pytest.raises(CiConfigError) as refused:
        parse(text, **variables)
    return list(refused.value.errors)


def test_stages_are_framed_by_pre_and_post_and_have_gitlabs_defaults() -> None:
    plan = parse("test: {script: echo}")
    assert plan.stages == (".pre", "build", "test", "deploy", ".post")
    assert plan.job("test").stage == "test"


def test_extends_merges_hashes_and_replaces_arrays() -> None:
    job = parse(
        """
        .base:
          script: [one, two]
          variables: {A: base, B: base}
        .more:
          extends: .base
          variables: {B: more}
        job:
          extends: [.base, .more]
          script: [three]
          variables: {C: own}
        """
    ).job("job")
    assert job.script == ("three",)
    assert dict(job.variables) == {"A": "base", "B": "more", "C": "own"}


def test_a_reference_takes_over_another_jobs_lines() -> None:
    job = parse(
        """
        .setup: {before: [one, two]}
        job:
          script:
            - !reference [.setup, before]
            - three
        """
    ).job("job")
    assert job.script == ("one", "two", "three")


def test_defaults_fill_in_what_a_job_leaves_out() -> None:
    plan = parse(
        """
        default: {before_script: [prepare], retry: 2, interruptible: true}
        plain: {script: echo}
        own: {script: echo, before_script: [], retry: {max: 1, when: [script_failure]}}
        """
    )
    assert (plan.job("plain").before_script, plan.job("plain").retry.max) == (("prepare",), 2)
    assert (plan.job("own").before_script, plan.job("own").retry.when) == ((), ("script_failure",))
    assert plan.job("plain").interruptible


def test_anchors_and_merge_keys_work_as_in_any_yaml() -> None:
    job = parse(
        """
        .x: &x {script: [echo], variables: {A: "1"}}
        job: {<<: *x, stage: build}
        """
    ).job("job")
    assert (job.script, job.stage) == (("echo",), "build")


def test_the_first_rule_that_holds_decides() -> None:
    text = """
        job:
          script: echo
          rules:
            - if: $CI_COMMIT_TAG
              when: never
            - if: $CI_COMMIT_BRANCH == "main"
              when: manual
              variables: {TARGET: production}
            - if: $CI_COMMIT_BRANCH
              allow_failure: true
        """
    assert names(parse(text, CI_COMMIT_TAG="v1", CI_COMMIT_BRANCH="main")) == []
    assert names(parse(text)) == []
    main = parse(text, CI_COMMIT_BRANCH="main").job("job")
    assert (main.when, main.variables["TARGET"]) == (When.MANUAL, "production")
    assert not main.allow_failure
    assert parse(text, CI_COMMIT_BRANCH="x").job("job").allow_failure


def test_a_manual_job_without_rules_may_fail() -> None:
    assert parse("job: {script: echo, when: manual}").job("job").allow_failure


def test_workflow_rules_decide_about_the_whole_pipeline() -> None:
    text = """
        workflow:
          name: Pipeline for $CI_COMMIT_BRANCH
          rules:
            - if: $CI_COMMIT_BRANCH
              variables: {X: "1"}
        job: {script: echo}
        """
    assert parse(text).refusal == "Pipeline filtered out by workflow rules."
    plan = parse(text, CI_COMMIT_BRANCH="main")
    assert (plan.name, plan.job("job").variables["X"]) == ("Pipeline for main", "1")


def test_a_pipeline_that_rules_leave_empty_says_so() -> None:
    refusal = parse("job: {script: echo, rules: [{if: $NO}]}").refusal
    assert refusal is not None
    assert "prevented any jobs" in refusal


def test_rules_can_look_at_files_and_changes() -> None:
    text = "job: {script: echo, rules: [{exists: ['**/Dockerfile'], changes: ['src/**/*.py']}]}"
    files = frozenset({"deploy/Dockerfile"})
    for changed, wanted in (("src/a/b.py", ["job"]), ("docs/b.py", [])):
        plan = config.parse(text, variables={}, files=files, changed=frozenset({changed}))
        assert names(plan) == wanted
    assert names(config.parse(text, variables={}, files=frozenset())) == []
    assert names(config.parse(text, variables={}, files=files)) == ["job"]


@pytest.mark.parametrize(
    ("expression", "truth"),
    [
        ("$A", True),
        ("$EMPTY", False),
        ("$MISSING == null", True),
        ('$A == "1"', True),
        ("$A != '1'", False),
        ("$B =~ /^ma.n$/", True),
        ("$B =~ /^MAIN$/i", True),
        ("$B !~ /^feature/", True),
        ("$B =~ $PATTERN", True),
        ('$MISSING && $A || $B == "main"', True),
        ('$MISSING && ($A || $B == "main")', False),
        ('"1" == $A', True),
    ],
)
def test_conditions_mean_what_they_mean_in_gitlab(expression: str, *, truth: bool) -> None:
    variables = {"A": "1", "B": "main", "EMPTY": "", "PATTERN": "/^main$/"}
    assert expressions.holds(expression, variables) is truth


def test_needs_come_in_both_forms() -> None:
    job = parse(
        """
        a: {script: echo, stage: build}
        b: {script: echo, needs: [a, {job: maybe, optional: true}, {job: a, artifacts: false}]}
        """
    ).job("b")
    assert job.needs == (Need("a"), Need("maybe", optional=True), Need("a", artifacts=False))


def test_environment_names_are_expanded_and_timeouts_read() -> None:
    job = parse(
        """
        job:
          script: echo
          timeout: 1h 30m
          variables: {REGION: eu}
          environment: {name: review/$REGION, url: "https://$CI_HOST"}
        """,
        CI_HOST="x.example",
    ).job("job")
    assert job.environment is not None
    assert (job.environment.name, job.environment.url) == ("review/eu", "https://x.example")
    assert job.timeout == 5400


def test_host_variables_win_and_unexpanded_ones_stay_as_written() -> None:
    plan = parse(
        """
        variables:
          RAW: {value: "$A b", expand: false}
        job: {script: echo}
        """
    )
    assert plan.job("job").variables["RAW"] == "$$A b"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "Please provide content of .gitlab-ci.yml"),
        ("- a", "Invalid configuration format"),
        (".hidden: {script: x}", "jobs config should contain at least one visible job"),
        (
            "job: {stage: test}",
            "jobs:job config should implement the script:, run:, or trigger: keyword (line 1)",
        ),
        ("job: {script: []}", "jobs:job:script config can't be blank (line 1)"),
        (
            "job:\n  script: 5",
            "jobs:job:script config should be a string or a nested array of strings up to 10 levels deep (line 2)",
        ),
        (
            "job:\n  script: x\n  scripts: y",
            "jobs:job config contains unknown keys: scripts (line 3)",
        ),
        (
            "job:\n  script: x\n  parallel: 3",
            "jobs:job:parallel config is not supported by this runner (line 3)",
        ),
        ("include: x.yml\njob: {script: x}", "root config: include is not supported by this runner (line 1)"),
        (
            "stages: [a]\njob:\n  stage: b\n  script: x",
            "job job: chosen stage b does not exist; available stages are .pre, a, .post (line 3)",
        ),
        ("job:\n  script: x\n  needs: [no]", "job job: undefined need: no (line 3)"),
        ("job:\n  extends: .no\n  script: x", "job: unknown keys in `extends` (.no) (line 2)"),
        (
            "job:\n  script: x\n  rules: [{if: '$A =='}]",
            "jobs:job:rules config rule if invalid expression syntax (line 3)",
        ),
        (
            "job:\n  script: x\n  retry: 3",
            "jobs:job:retry max must be less than or equal to 2 (line 3)",
        ),
        (
            "job:\n  script: x\n  when: sometimes",
            "jobs:job when should be one of: on_success, on_failure, always, manual, delayed (line 3)",
        ),
        (
            "job:\n  script: x\n  allow_failure: maybe",
            "jobs:job:allow_failure config should be a boolean value (line 3)",
        ),
        (
            "job: 5\nother: {script: x}",
            "jobs job config should implement the script:, run:, or trigger: keyword (line 1)",
        ),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_job_key_and_line(text: str, error: str) -> None:
    assert errors(text) == [error]


def test_broken_yaml_is_located() -> None:
    (error,) = errors("job:\n  script: x\n stage: y\n")
    assert "at line 3" in error


def test_circles_are_found() -> None:
    assert (
        "circular dependency detected in `extends`" in errors("a: {extends: b}\nb: {extends: a}")[0]
    )
    both = errors("a: {script: x, needs: [b]}\nb: {script: x, needs: [a]}")
    assert all("circular dependencies" in error for error in both)


def test_needing_a_job_that_rules_removed_is_a_mistake() -> None:
    text = """
        a: {script: x, rules: [{if: $NO}]}
        b: {script: x, needs: [a]}
        """
    assert "'b' job needs 'a' job, but 'a' does not exist in the pipeline." in errors(text)[0]


def test_all_mistakes_are_told_at_once() -> None:
    assert len(errors("a: {script: x, retry: 9}\nb: {script: x, stage: no}")) == 2
