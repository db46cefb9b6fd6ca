"""What the GitLab adapter reads out of names, descriptions and logs."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.gitlab_files import blob_sha
from bot.adapters.gitlab_pipelines import from_a_whole_word, in_running_order, plain_tail
from bot.adapters.gitlab_projects import description_of, mark_of
from bot.domain.request import Visibility
from bot.ports.git_host import NewProject


def wanted(description: str, mark: str) -> NewProject:
    return NewProject(
        path="idp/payments/hello",
        title="Hello",
        description=description,
        visibility=Visibility.PRIVATE,
        mark=mark,
    )


@settings(deadline=None)
@given(description=st.text(max_size=300), mark=st.from_regex(r"[a-z0-9-]{1,30}", fullmatch=True))
def test_the_mark_is_read_back_whatever_the_description_says(description: str, mark: str) -> None:
    assert mark_of(description_of(wanted(description, mark))) == mark


@pytest.mark.parametrize(
    "description",
    [
        None,
        "",
        "Nice.\n\nMade by idp-bot for job 42.\nReally.",
        "Nice.\n\nMade by idp-bot for job 42. Really.",
        "Nice. Made by idp-bot for job 42.",
        "Nice.\n\nMade by idp-bot for the team.",
    ],
)
def test_only_a_last_line_of_its_own_is_a_mark(description: str | None) -> None:
    assert mark_of(description) is None


@pytest.mark.parametrize(
    ("log", "seen"),
    [
        ("one\ntwo\n", "one\ntwo"),
        ("\x1b[32;1mgreen\x1b[0;m\n", "green"),
        ("\x1b]8;;https://x.test\x07link\x1b]8;;\x07\n", "link"),
        ("10%\r50%\r100%\n", "100%"),
        ("done\r\nnext\r\n", "done\nnext"),
        ("section_start:1560896352:build\r\x1b[0KBuilding\nok\n", "Building\nok"),
        ("ok\nsection_end:1560896353:build\r\x1b[0K\nnext\n", "ok\nnext"),
        ("section_start:1:a[collapsed=true]\r\x1b[0KTitle\n", "Title"),
        ("first\n\nsecond\n\n\n", "first\n\nsecond"),
        ("2026-01-05T09:00:00.000000Z 01O one\n2026-01-05T09:00:00.1Z 01O+ more\n", "one more"),
        ("", ""),
    ],
)
def test_a_log_reads_as_on_a_screen(log: str, seen: str) -> None:
    assert plain_tail(log, lines=10) == seen


def test_only_the_last_lines_are_kept() -> None:
    assert plain_tail("1\n2\n3\n4\n", lines=2) == "3\n4"


def test_content_is_named_as_git_names_it() -> None:
    sha1, sha256 = "0" * 40, "0" * 64
    assert blob_sha(b"hello\n", like=sha1) == "ce013625030ba8dba906f756967f9e9ca394464a"
    assert blob_sha(b"hello\n", like=sha256) == (
        "2cf8d83d9ee29543b34a87727421fdecb7e3f3a183d337639025de576db9ebb4"
    )


def a_raw_job(**changes: Any) -> SimpleNamespace:
    job = {
        "id": 7,
        "name": "build",
        "stage": "package",
        "status": "pending",
        "web_url": "https://gitlab.example.com/j/7",
        "allow_failure": False,
        "queued_duration": 200.5,
        "failure_reason": None,
    }
    return SimpleNamespace(**{**job, **changes})


def test_a_job_that_nobody_takes_says_for_how_long() -> None:
    [queued] = in_running_order([a_raw_job()])
    [taken] = in_running_order([a_raw_job(status="running")])
    [new] = in_running_order([a_raw_job(queued_duration=None)])
    assert (queued.queued, taken.queued) == (timedelta(seconds=200.5), timedelta())
    assert (new.queued, new.failure) == (timedelta(), "")


def test_a_failed_job_has_gitlabs_word_for_why() -> None:
    [job] = in_running_order([a_raw_job(status="failed", failure_reason="runner_system_failure")])
    assert job.failure == "runner_system_failure"


def test_a_log_that_is_cut_begins_with_a_whole_word() -> None:
    """Half a token is not known for one, and would not be masked."""
    assert from_a_whole_word("ab-of-a-token pushed\nok") == " pushed\nok"
    assert from_a_whole_word("\nok") == "\nok"
    assert from_a_whole_word("all-of-one-token") == ""
