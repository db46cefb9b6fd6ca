"""How the runner runs a pipeline: real processes in real checkouts."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from bot.sandbox.runner.host import JobState
from bot.sandbox.runner.pipeline import Slots, outcome
from tests.contract.runner_host import Bench, commit, git


@pytest.fixture(name="bench")
def _bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    status = Path(
        f"/proc/{process}/stat"
    )  # one that nobody has waited for yet is dead all the same
    return not status.exists() or status.read_text().split(")")[1].split()[0] != "Z"


async def test_a_job_runs_its_commands_in_a_checkout_and_shows_them(bench: Bench) -> None:
    host = bench.host()
    await bench.run("job: {script: [cat README.md, git rev-parse HEAD]}", host)
    log = host.log("job")
    assert host.events == [("job", "started"), ("job", "success")]
    assert "\x1b[32;1m$ cat README.md\x1b[0;m\n# Hello\n" in log
    assert host.source.sha in log
    assert log.endswith("\x1b[32;1mJob succeeded\x1b[0;m\n")


async def test_what_one_command_sets_the_next_one_sees_and_the_first_failure_ends_it(
    bench: Bench,
) -> None:
    host = bench.host()
    text = """
job:
  before_script: [cd /, X=5]
  script: ['echo at $PWD with $X', 'false | cat', echo never]
  after_script: ['echo after: $CI_JOB_STATUS', exit 9]
"""
    await bench.run(text, host)
    log = host.log("job")
    assert "at / with 5\n" in log
    assert "\nnever\n" not in log
    assert "after: failed\n" in log
    assert "ERROR: Job failed: exit code 1" in log
    assert (host.states()["job"], host.reasons["job"]) == ("failed", "script_failure")


async def test_a_job_sees_nothing_of_the_sandboxs_own_environment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_SECRET", "hidden")
    host = bench.host(CI_PIPELINE_ID="7")
    await bench.run("job: {script: [env, 'echo $HOME > home', ls -A ~]}", host)
    log = host.log("job")
    assert "SANDBOX_SECRET" not in log
    assert "CI_PIPELINE_ID=7\n" in log
    assert str(Path.home()) not in log.split("HOME=")[1].splitlines()[0]


async def test_variables_are_expanded_and_the_hosts_win(bench: Bench) -> None:
    host = bench.host(PROJECT="from host")
    text = """
variables: {BASE: "base", PROJECT: "from file"}
job:
  variables: {WHOLE: "$BASE/$CI_JOB_NAME/${PROJECT}", RAW: {value: "$BASE", expand: false}}
  script: ['echo "$WHOLE|$RAW"']
"""
    await bench.run(text, host)
    assert "base/job/from host|$BASE\n" in host.log("job")


async def test_secrets_are_masked_even_when_they_arrive_in_pieces(bench: Bench) -> None:
    host = bench.host(TOKEN="s3cr3t-value")
    host.secrets = frozenset({"s3cr3t-value"})
    text = "job: {script: ['echo \"x${TOKEN}x\"', 'printf s3cr3t; sleep 0.3; echo -value; printf s3c']}"
    await bench.run(text, host)
    assert "s3cr3t-value" not in host.log("job")
    assert host.log("job").count("[MASKED]") == 2
    assert "s3c\x1b" in host.log("job")


async def test_logs_arrive_while_the_job_runs(bench: Bench) -> None:
    host = bench.host()
    running = asyncio.create_task(bench.run("job: {script: [echo early, sleep 30]}", host))
    await asyncio.wait_for(host.has_logged("job", "early\n"), 10)
    assert host.states() == {"job": "started"}
    host.to_cancel.add("job")
    await asyncio.wait_for(running, 10)


async def test_stages_wait_for_each_other_and_failures_skip_what_follows(bench: Bench) -> None:
    host = bench.host()
    text = """
stages: [one, two, three]
good: {stage: one, script: "true"}
bad: {stage: one, script: exit 3}
next: {stage: two, script: "true"}
cleanup: {stage: three, when: always, script: "true"}
rescue: {stage: three, when: on_failure, script: "true"}
"""
    plan = await bench.run(text, host)
    assert host.states() == {
        "good": "success",
        "bad": "failed",
        "next": "skipped",
        "cleanup": "success",
        "rescue": "success",
    }
    states = {name: JobState(state) for name, state in host.states().items()}
    assert outcome(plan, states) is JobState.FAILED


async def test_a_job_that_names_its_needs_does_not_wait_for_its_stage(bench: Bench) -> None:
    host = bench.host()
    text = """
stages: [one, two]
slow: {stage: one, script: 'for i in $(seq 100); do test -e $MARK && exit 0; sleep 0.1; done; exit 1'}
quick: {stage: two, needs: [], script: touch $MARK}
late: {stage: two, needs: [slow], script: "true"}
"""
    host.given = {"MARK": str(bench.folder / "mark")}
    await bench.run(text, host)
    assert set(host.states().values()) == {"success"}
    assert host.events.index(("quick", "success")) < host.events.index(("slow", "success"))


async def test_an_allowed_failure_stops_nothing(bench: Bench) -> None:
    host = bench.host()
    text = """
stages: [one, two]
flaky: {stage: one, script: exit 4, allow_failure: {exit_codes: [4]}}
strict: {stage: one, script: "true"}
next: {stage: two, script: "true"}
"""
    plan = await bench.run(text, host)
    assert host.states() == {"flaky": "failed", "strict": "success", "next": "success"}
    states = {name: JobState(state) for name, state in host.states().items()}
    assert outcome(plan, states) is JobState.SUCCESS


async def test_a_failing_job_is_started_again_as_often_as_it_may(bench: Bench) -> None:
    host = bench.host()
    counter = bench.folder / "counter"
    text = f"job: {{script: ['echo x >> {counter}', 'test $(wc -l < {counter}) = 3'], retry: 2}}"
    await bench.run(text, host)
    assert [state for _, state in host.events] == [
        *("started", "failed", "started", "failed", "started", "success")
    ]


async def test_a_retry_for_other_reasons_does_not_happen(bench: Bench) -> None:
    host = bench.host()
    text = "job: {script: exit 1, retry: {max: 2, when: [runner_system_failure]}}"
    await bench.run(text, host)
    assert host.events == [("job", "started"), ("job", "failed")]


async def test_a_manual_job_rests_until_it_is_played(bench: Bench) -> None:
    host = bench.host()
    text = """
stages: [one, two, three]
build: {stage: one, script: "true"}
gate: {stage: two, script: "true", when: manual, allow_failure: false}
after: {stage: three, script: "true"}
optional: {stage: two, script: "true", when: manual}
"""
    plan = await bench.run(text, host)
    assert host.states() == {"build": "success", "gate": "manual", "optional": "manual"}
    states = {"after": JobState.CREATED} | {
        name: JobState(state) for name, state in host.states().items()
    }
    assert outcome(plan, states) is JobState.MANUAL

    await bench.run(text, host, skip=states, play=frozenset({"gate"}))
    assert host.events.count(("build", "started")) == 1
    assert host.states() == {
        "build": "success",
        "gate": "success",
        "optional": "manual",
        "after": "success",
    }


async def test_files_and_variables_are_handed_on(bench: Bench) -> None:
    host = bench.host()
    text = """
stages: [one, two]
make:
  stage: one
  script:
    - mkdir -p out/deep && echo content > out/deep/a.txt && echo no > out/deep/a.log
    - echo "DIGEST=sha256:abc" > image.env; echo "<testsuite/>" > junit.xml
  artifacts:
    paths: [out/]
    exclude: [out/**/*.log]
    reports: {dotenv: image.env, junit: junit.xml}
use: {stage: two, script: ['cat out/deep/a.txt', 'echo got $DIGEST', 'test ! -e out/deep/a.log']}
other: {stage: two, dependencies: [], script: ['test ! -e out', 'test -z "$DIGEST"']}
"""
    await bench.run(text, host)
    assert host.states() == {"make": "success", "use": "success", "other": "success"}
    assert "content\n" in host.log("use")
    assert "got sha256:abc\n" in host.log("use")
    kept = host.artifacts_dir / "make"
    assert (kept / "files" / "out" / "deep" / "a.txt").read_text() == "content\n"
    assert (kept / "reports" / "junit" / "junit.xml").exists()


async def test_reports_of_a_failed_job_are_kept_and_missing_files_are_mentioned(
    bench: Bench,
) -> None:
    host = bench.host()
    text = """
job:
  script: ['echo "<testsuite/>" > junit.xml', exit 1]
  artifacts: {paths: [junit.xml], reports: {junit: [junit.xml, none.xml]}}
"""
    await bench.run(text, host)
    assert (host.artifacts_dir / "job" / "reports" / "junit" / "junit.xml").exists()
    assert not (host.artifacts_dir / "job" / "files").exists()
    assert "WARNING: none.xml: no matching files" in host.log("job")


async def test_cancelling_ends_everything_that_the_job_started(bench: Bench) -> None:
    host = bench.host()
    text = """
stages: [one, two]
job: {stage: one, script: ['trap "" TERM; sleep 60 & echo child $!; wait']}
next: {stage: two, script: "true"}
"""
    running = asyncio.create_task(bench.run(text, host))
    await asyncio.wait_for(host.has_logged("job", "\nchild "), 10)
    child = int(host.log("job").split("\nchild ")[1].split()[0])
    assert is_alive(child)
    host.to_cancel |= {"job", "next"}
    await asyncio.wait_for(running, 10)
    assert host.states() == {"job": "canceled", "next": "canceled"}
    assert not is_alive(child)


async def test_a_job_that_takes_too_long_fails(bench: Bench) -> None:
    host = bench.host()
    await bench.run("job: {script: sleep 60, timeout: 1s}", host)
    assert (host.states()["job"], host.reasons["job"]) == ("failed", "job_execution_timeout")
    assert "execution took longer than 1 seconds" in host.log("job")


async def test_what_a_job_leaves_running_does_not_hold_it_up(bench: Bench) -> None:
    host = bench.host()
    began = time.monotonic()
    await bench.run("job: {script: ['sleep 60 & echo child $!']}", host)
    assert time.monotonic() - began < 10
    child = int(host.log("job").split("\nchild ")[1].split()[0])
    assert not is_alive(child)


async def test_stopping_the_runner_ends_the_processes_and_a_later_run_goes_on(
    bench: Bench,
) -> None:
    host = bench.host(FLAG=str(bench.folder / "flag"))
    text = """
stages: [one, two]
first: {stage: one, script: "true"}
second: {stage: two, script: ['echo child $$', 'test -e $FLAG || exec sleep 60']}
"""
    running = asyncio.create_task(bench.run(text, host))
    await asyncio.wait_for(host.has_logged("second", "\nchild "), 10)
    child = int(host.log("second").split("\nchild ")[1].split()[0])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not is_alive(child)
    assert host.states() == {"first": "success", "second": "started"}

    (bench.folder / "flag").touch()
    await bench.run(text, host, skip={"first": JobState.SUCCESS})
    assert host.events.count(("first", "started")) == 1
    assert host.states()["second"] == "success"


async def test_two_jobs_run_at_once_and_no_more(bench: Bench) -> None:
    host = bench.host(PLACE=str(bench.folder))
    script = (
        "['touch $PLACE/$CI_JOB_NAME; sleep 0.5; ls $PLACE | grep -c ^j; rm $PLACE/$CI_JOB_NAME']"
    )
    await bench.run("".join(f"j{n}: {{script: {script}}}\n" for n in range(4)), host)
    seen = {host.log(f"j{n}").split("\n")[-3] for n in range(4)}
    assert max(int(count) for count in seen if count.isdigit()) == 2


async def test_jobs_of_one_resource_group_run_one_after_another_across_pipelines(
    bench: Bench,
) -> None:
    script = "mkdir $PLACE/lock && sleep 0.3 && rmdir $PLACE/lock"
    text = f"deploy: {{resource_group: production, script: '{script}'}}"
    hosts = [bench.host(PLACE=str(bench.folder), CI_PROJECT_PATH="a/b") for _ in range(2)]
    slots = Slots()
    await asyncio.gather(*(bench.run(text, host, slots=slots) for host in hosts))
    assert [host.states()["deploy"] for host in hosts] == ["success", "success"]
    waits = sorted(host.waits for host in hosts)
    pending = ("deploy", "pending")
    assert waits == [[pending], [("deploy", "waiting_for_resource"), pending]]


async def test_a_job_that_is_started_again_does_not_wait_for_the_rest_of_the_pipeline(
    bench: Bench,
) -> None:
    host, news = bench.host(PLACE=str(bench.folder)), asyncio.Event()
    text = (
        "slow: {script: 'until [ -e $PLACE/go ]; do sleep 0.05; done'}\n"
        "quick: {script: 'test -e $PLACE/mended', allow_failure: true}\n"
    )
    running = asyncio.create_task(bench.run(text, host, news=news))
    while host.states().get("quick") != "failed":
        host.told.clear()
        await host.told.wait()

    (bench.folder / "mended").touch()
    host.again.add("quick")
    news.set()
    while host.states()["quick"] != "success":
        host.told.clear()
        await host.told.wait()

    assert host.states()["slow"] == "started"
    (bench.folder / "go").touch()
    await running


async def test_an_old_commit_is_fetched_though_the_branch_moved_on(bench: Bench) -> None:
    host = bench.host()
    source, bare = bench.folder / "source", bench.folder / "source.git"
    (source / "README.md").write_text("# Later\n")
    commit(source, bare)
    await bench.run("job: {script: [cat README.md]}", host)
    assert "# Hello\n" in host.log("job")


async def test_sources_that_cannot_be_fetched_are_the_surroundings_failure(bench: Bench) -> None:
    host = bench.host()
    git(bench.folder, "init", "--quiet", "--bare", "empty.git")
    host.source = type(host.source)(str(bench.folder / "empty.git"), host.source.sha, "main")
    await bench.run("job: {script: echo}", host)
    assert (host.states()["job"], host.reasons["job"]) == ("failed", "runner_system_failure")
    assert "ERROR: Job failed (system failure): git" in host.log("job")
