"""Commands that look at jobs or hold them back, against a real store."""

import asyncio
import hashlib
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from typer.testing import CliRunner, Result

from bot.__main__ import main
from bot.adapters.redis_audit import LINES
from bot.adapters.redis_connection import open_redis
from bot.adapters.redis_jobs import RedisJobs
from bot.adapters.redis_lease import RedisLease
from bot.cli.console import out
from bot.domain.approval import BreakGlass, Decision, Verdict
from bot.domain.break_glass import Review
from bot.domain.causes.known import cause_named
from bot.domain.job import JobState, StepRecord, StepState
from tests.boxed import ROOT
from tests.builders import ADA, NOON, a_job, a_person, a_system_request, group


def run(redis_url: str, *words: str) -> Result:
    env = {"REDIS_URL": redis_url, "IDP_ENV_FILE": ""}
    return CliRunner(env=env).invoke(main, list(words))


def store(redis_url: str, **changes: object) -> None:
    async def create() -> None:
        async with open_redis(redis_url) as redis:
            await RedisJobs(redis, owner="tests").create(a_job(**changes))

    asyncio.run(create())


def test_a_freeze_is_begun_looked_at_and_ended(redis_url: str) -> None:
    store(redis_url)

    begun = run(redis_url, "freeze", "--reason", "The cluster is being moved")
    looked = run(redis_url, "freeze")
    ended = run(redis_url, "freeze", "--end")

    for told in (begun.output, looked.output):
        assert "The cluster is being moved." in told
        assert "Jobs under way: 1" in told
    assert "New requests are taken." in ended.output


def test_a_reason_and_an_end_at_once_are_refused(redis_url: str) -> None:
    assert run(redis_url, "freeze", "--end", "--reason", "Why not").exit_code == 2


@pytest.mark.parametrize(("typed", "told"), [("  Moving .  ", "Moving."), ("Moving...", "Moving.")])
def test_a_reason_is_one_sentence_however_it_was_typed(
    redis_url: str, typed: str, told: str
) -> None:
    assert f"UTC: {told}\n" in run(redis_url, "freeze", "--reason", typed).output


@pytest.mark.parametrize("reason", ["  . ", " ", "..."])
def test_a_reason_that_says_nothing_is_refused_and_freezes_nothing(
    redis_url: str, reason: str
) -> None:
    refused = run(redis_url, "freeze", "--reason", reason)

    assert refused.exit_code == 2
    assert "say why" in refused.output
    assert "New requests are taken." in run(redis_url, "freeze").output


def lines_of(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_the_audit_is_exported_as_lines_of_json_each_with_the_digest_of_its_other_fields(
    redis_url: str,
) -> None:
    run(redis_url, "freeze", "--reason", "Moving [bold]house")
    run(redis_url, "freeze", "--end")

    frozen, ended = lines_of(run(redis_url, "audit", "export"))

    assert (frozen["what"], frozen["detail"]) == ("freeze", "Moving [bold]house.")
    assert str(frozen["who"]).startswith("operator:")
    assert (ended["what"], ended["previous"]) == ("unfreeze", frozen["hash"])
    claimed = ended.pop("hash")
    text = json.dumps(ended, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == claimed
    [last] = lines_of(run(redis_url, "audit", "export", "--after", "1"))
    assert last["hash"] == claimed


def test_an_audit_that_was_cut_off_does_not_pass(redis_url: str, tmp_path: Path) -> None:
    for _ in range(2):
        run(redis_url, "freeze", "--end")
    anchor, exported = tmp_path / "head.json", tmp_path / "export.jsonl"
    anchor.write_text(run(redis_url, "audit", "head").stdout)
    exported.write_text(run(redis_url, "audit", "export").stdout)
    sound = run(redis_url, "audit", "verify", "--anchor", str(exported), "--anchor", str(anchor))

    with Redis.from_url(redis_url) as redis:
        redis.xdel(LINES, "2-0")
        cut_off = run(redis_url, "audit", "verify")
        redis.flushall()
    emptied = run(redis_url, "audit", "verify")
    anchored = run(redis_url, "audit", "verify", "--anchor", str(anchor))

    assert sound.exit_code == 0, sound.output
    assert "2 entries, each as it was recorded." in sound.output
    assert (cut_off.exit_code, anchored.exit_code) == (1, 1)
    assert "there were 2, the last one now is 1" in cut_off.output
    assert "there were 2, the last one now is 0" in anchored.output
    assert emptied.exit_code == 0, "nothing but an anchor can tell"


def test_a_forged_head_that_is_noted_later_does_not_hide_the_forgery(
    redis_url: str, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.jsonl"
    for reason in ("Never approved", "Approved"):
        with Redis.from_url(redis_url) as redis:
            redis.flushall()
        run(redis_url, "freeze", "--reason", reason)
        with heads.open("a") as noted:
            noted.write(run(redis_url, "audit", "head").stdout)

    result = run(redis_url, "audit", "verify", "--anchor", str(heads))

    assert result.exit_code == 1
    assert "Two different hashes were noted for entry 1" in result.output


def test_an_anchor_that_is_none_is_refused(redis_url: str, tmp_path: Path) -> None:
    (tmp_path / "anchor").write_text("[]")

    result = run(redis_url, "audit", "verify", "--anchor", str(tmp_path / "anchor"))

    assert result.exit_code == 2


@pytest.mark.parametrize("name", ["[/] [bold]Hello", "[link=https://evil.example]Shop[/link]"])
def test_what_people_typed_is_shown_as_they_typed_it(
    redis_url: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 200)  # else it is as wide as whatever imported it first
    requester = a_person("ada").model_copy(update={"name": name})
    store(redis_url, request=a_system_request(name=name, requester=requester))

    listed, shown = run(redis_url, "jobs"), run(redis_url, "jobs", "job00001")

    assert (listed.exit_code, shown.exit_code) == (0, 0)
    assert listed.output.count(name) == 2
    assert name in shown.output


def test_what_people_typed_is_no_order_to_the_terminal(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 200)
    monkeypatch.setattr(out, "_force_terminal", True)
    reason = "no \x1b]0;owned\x07\x1b[2J\u202egnp"
    store(redis_url, request=a_system_request(name=reason))
    denied = Decision(verdict=Verdict.DENIED, by=ADA, at=NOON, reason=reason)

    async def deny() -> None:
        async with open_redis(redis_url) as redis:
            await RedisJobs(redis, owner="tests").decide("job00001", denied, settles=lambda _: True)

    asyncio.run(deny())
    run(redis_url, "freeze", "--reason", reason)
    told = [run(redis_url, *words).output for words in (("jobs",), ("jobs", "job00001"))]

    for output in (*told, run(redis_url, "freeze").output):
        assert "no ]0;owned[2Jgnp" in output
        assert not [sign for sign in ("\x1b]", "\x1b[2J", "\x07", "\u202e") if sign in output]


def test_a_job_with_a_broken_glass_is_listed_as_open_to_review(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 200)
    store(redis_url)
    oncall = group("oncall")
    glass = BreakGlass(groups=(oncall,), reviewers=(oncall,), review_within=timedelta(days=1))
    broken = Decision(
        verdict=Verdict.BREAK_GLASS, by=ADA, at=NOON, reason="Down [bold]now.", glass=glass
    )

    async def break_and_review(given: Review | None) -> None:
        async with open_redis(redis_url) as redis:
            jobs = RedisJobs(redis, owner="tests")
            await jobs.decide("job00001", broken, settles=lambda _: True)
            if given:
                await jobs.review("job00001", given)

    asyncio.run(break_and_review(None))
    before, shown = run(redis_url, "jobs"), run(redis_url, "jobs", "job00001")
    asyncio.run(break_and_review(Review(by=ADA, at=NOON)))
    after = run(redis_url, "jobs")

    assert ("review open" in before.output, "review open" in after.output) == (True, False)
    assert "break-glass" in shown.output
    assert "Ada: Down [bold]now." in shown.output


def test_a_failed_step_says_what_its_known_cause_means_and_who_can_do_what(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 400)
    failed = StepRecord(
        state=StepState.FAILED,
        attempts=1,
        reason="GitLab refused the commit: 403 insufficient_scope.",
        fix="Give the token the scope api.",
        cause="gitlab-token-scope",
    )
    store(redis_url)

    async def fail() -> None:
        async with open_redis(redis_url) as redis:
            lease = await RedisJobs(redis, owner="tests").acquire("job00001", now=NOON)
            assert isinstance(lease, RedisLease)
            await lease.write_step("create_app_repository", failed, what="failed", at=NOON)

    asyncio.run(fail())
    shown = " ".join(run(redis_url, "jobs", "job00001").output.split())

    known = cause_named("gitlab-token-scope")
    assert known
    assert failed.reason in shown
    assert f"{known.meaning} What to do ({known.helper}): {failed.fix}" in shown


def test_a_job_that_goes_back_shows_the_steps_of_the_way_back_and_which_one_failed(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 400)
    store(redis_url)
    began = StepRecord(state=StepState.DONE, started_at=NOON, finished_at=NOON)
    stuck = StepRecord(state=StepState.FAILED, reason="Argo CD did not let go of it.")

    async def go_back() -> None:
        async with open_redis(redis_url) as redis:
            jobs = RedisJobs(redis, owner="tests")
            lease = await jobs.acquire("job00001", now=NOON)
            assert isinstance(lease, RedisLease)
            await lease.write_step("declare_environment", began, what="done", at=NOON)
            await lease.write_state(JobState.FAILED, at=NOON, finished_at=NOON)
            await jobs.undo("job00001", by=ADA, at=NOON)
            await lease.write_step("undo:declare_environment", stuck, what="failed", at=NOON)

    asyncio.run(go_back())
    steps = run(redis_url, "jobs", "job00001").output.partition("History")[0]

    [row] = [line for line in steps.splitlines() if stuck.reason in line]
    assert "Take the environment down" in row
    assert "failed" in row
    assert "Remove the" not in steps


def test_a_narrow_terminal_shows_ids_dates_and_names_whole(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(out, "width", 80)
    requester = a_person("ada").model_copy(update={"name": "Adaeze Okafor-Lindqvist"})
    store(redis_url, request=a_system_request(name="Checkout of tomorrow", requester=requester))

    for told in (run(redis_url, "jobs").output, run(redis_url, "jobs", "job00001").output):
        listed = told.partition("Steps")[0]
        assert max(map(len, told.splitlines())) <= 80
        assert "…" not in told
        for whole in ("job00001", f"{NOON:%Y-%m-%d %H:%M:%S}", "new-system"):
            assert whole in listed
        for word in ("tomorrow", "Adaeze", "Okafor"):
            assert word in listed


def test_in_a_pipe_each_job_is_one_line(redis_url: str) -> None:
    store(redis_url, request=a_system_request(name="Checkout of tomorrow and of the day after it"))

    env = {"REDIS_URL": redis_url, "IDP_ENV_FILE": "", "PATH": ""}
    command = [sys.executable, "-m", "bot", "jobs"]
    piped = subprocess.run(
        command, env=env, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )

    [line] = [line for line in piped.stdout.splitlines() if "job00001" in line]
    assert "Checkout of tomorrow and of the day after it" in line
    assert f"{NOON:%Y-%m-%d %H:%M:%S}" in line
