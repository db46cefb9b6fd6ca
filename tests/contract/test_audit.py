"""What every audit chain promises: on the one in memory, and on Redis."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta

import pytest

from bot.adapters.memory.audit import MemoryAudit
from bot.adapters.redis_audit import END, LINES, RedisAudit
from bot.adapters.redis_connection import open_redis
from bot.domain.audit import AuditEntry, End, EntryKind, Inspection, linked
from bot.ports.audit import Audit
from bot.usecases.inspect_audit import inspect_audit
from tests.builders import NOON

Lines = list[str]


@pytest.fixture(params=["memory", "redis"])
async def audit(request: pytest.FixtureRequest) -> AsyncIterator[Audit]:
    if request.param == "memory":
        yield MemoryAudit()
        return
    async with open_redis(request.getfixturevalue("redis_url")) as redis:
        yield RedisAudit(redis)


def an_entry(version: int = 0, job: str = "job00001", what: str = "asked") -> AuditEntry:
    at = NOON + timedelta(seconds=version)
    return AuditEntry(kind=EntryKind.REQUEST, at=at, what=what, job=job, version=version)


async def lines_of(audit: Audit) -> Lines:
    return [line async for line in audit.lines()]


async def versions_of(audit: Audit) -> list[tuple[str, int]]:
    contents = [json.loads(line) for line in await lines_of(audit)]
    return [(content["job"], content.get("version", 0)) for content in contents]


async def tamper(audit: Audit, lines: Lines) -> None:
    """Put other lines there, as somebody can who may write to the store, and leave the end as it is."""
    if isinstance(audit, MemoryAudit):
        audit.stored = lines
    elif isinstance(audit, RedisAudit):
        await audit._redis.delete(LINES)
        for number, line in enumerate(lines, start=1):
            await audit._redis.xadd(LINES, {"line": line}, id=f"{number}-0")


async def tamper_with_end(audit: Audit, end: End) -> None:
    if isinstance(audit, MemoryAudit):
        audit.kept_end = end
    elif isinstance(audit, RedisAudit):
        await audit._redis.hset(END, mapping={"number": end.number, "hash": end.hash})


async def faults_of(audit: Audit, anchors: Sequence[tuple[int, str]] = ()) -> list[str]:
    return (await inspect_audit(audit, anchors=anchors)).faults


async def filled(audit: Audit, entries: int = 5) -> Lines:
    for version in range(1, entries + 1):
        await audit.record([an_entry(version)])
    return await lines_of(audit)


async def test_an_empty_chain_is_sound(audit: Audit) -> None:
    assert await faults_of(audit) == []
    assert await audit.end() == End()


async def test_entries_are_read_back_in_order_as_they_were_recorded(audit: Audit) -> None:
    await audit.record([an_entry(1), an_entry(2, what="began")])
    await audit.record([an_entry(what="retry")])

    contents = [json.loads(line) for line in await lines_of(audit)]
    assert [(c["number"], c["what"]) for c in contents] == [
        (1, "asked"),
        (2, "began"),
        (3, "retry"),
    ]
    assert contents[0]["at"] == "2026-03-02T12:00:01Z"
    assert [c["previous"] for c in contents] == ["", contents[0]["hash"], contents[1]["hash"]]
    assert await audit.end() == End(number=3, hash=contents[2]["hash"])
    assert await faults_of(audit) == []


async def test_what_is_a_part_of_a_jobs_history_is_recorded_once(audit: Audit) -> None:
    await audit.record([an_entry(1), an_entry(2)])

    await audit.record([an_entry(1), an_entry(2), an_entry(3)])
    await audit.record([an_entry(1, job="job00002")])

    told = [("job00001", 1), ("job00001", 2), ("job00001", 3), ("job00002", 1)]
    assert await versions_of(audit) == told


async def test_a_refusal_is_recorded_each_time(audit: Audit) -> None:
    for _ in range(2):
        await audit.record([an_entry()])

    assert await versions_of(audit) == [("job00001", 0)] * 2


async def test_nothing_to_record_adds_nothing(audit: Audit) -> None:
    await audit.record([])

    assert await lines_of(audit) == []


async def test_many_who_write_at_once_make_one_chain(audit: Audit) -> None:
    jobs = [f"job{number:05}" for number in range(12)]
    await asyncio.gather(*(audit.record([an_entry(1, job), an_entry(2, job)]) for job in jobs))

    assert sorted(await versions_of(audit)) == [(job, v) for job in jobs for v in (1, 2)]
    assert await faults_of(audit) == []


async def test_many_processes_that_write_at_once_make_one_chain(redis_url: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        workers = [
            RedisAudit(await stack.enter_async_context(open_redis(redis_url))) for _ in range(8)
        ]
        jobs = [f"job{number:05}" for number in range(24)]

        await asyncio.gather(
            *(workers[n % 8].record([an_entry(1, job)]) for n, job in enumerate(jobs))
        )

        assert sorted(await versions_of(workers[0])) == [(job, 1) for job in jobs]
        assert await faults_of(workers[1]) == []


async def test_two_workers_who_record_the_same_job_record_it_once(audit: Audit) -> None:
    entries = [an_entry(version) for version in (1, 2, 3)]

    await asyncio.gather(*(audit.record(entries[: 2 + n % 2]) for n in range(6)))

    assert await versions_of(audit) == [("job00001", v) for v in (1, 2, 3)]


def without(number: int) -> Callable[[Lines], Lines]:
    return lambda lines: [line for n, line in enumerate(lines, start=1) if n != number]


def swapped(lines: Lines) -> Lines:
    return [lines[0], lines[2], lines[1], *lines[3:]]


def changed(lines: Lines) -> Lines:
    return [*lines[:2], lines[2].replace("asked", "denied"), *lines[3:]]


def changed_with_its_hash(lines: Lines) -> Lines:
    """A change that its own line does not show, but the next one does."""
    before = json.loads(lines[1])
    line, _ = linked(an_entry(3, what="denied"), End(number=2, hash=before["hash"]))
    return [*lines[:2], line, *lines[3:]]


def renumbered(lines: Lines) -> Lines:
    """One is taken out, and all after it are linked anew: what is left is a chain of its own."""
    kept: Lines = []
    end = End()
    for version in (1, 2, 4, 5):
        line, end = linked(an_entry(version), end)
        kept.append(line)
    return kept


def forked(lines: Lines) -> Lines:
    """As if two had written without looking at each other."""
    before = json.loads(lines[2])
    line, _ = linked(an_entry(9), End(number=2, hash=before["previous"]))
    return [*lines[:3], line, *lines[3:]]


@pytest.mark.parametrize(
    ("crime", "told"),
    [
        pytest.param(without(1), "Missing before entry 2: 1.", id="the first removed"),
        pytest.param(without(3), "Missing before entry 4: 3.", id="one removed"),
        pytest.param(without(5), "there were 5, the last one now is 4", id="the last removed"),
        pytest.param(lambda _: [], "there were 5, the last one now is 0", id="all removed"),
        pytest.param(lambda lines: lines[:2], "there were 5, the last one now is 2", id="cut off"),
        pytest.param(swapped, "Entry 2 stands where entry 4 belongs.", id="reordered"),
        pytest.param(changed, "Entry 3 was changed: its hash", id="changed"),
        pytest.param(changed_with_its_hash, "Entry 4 does not follow from entry 3", id="rehashed"),
        pytest.param(renumbered, "the last one now is 4", id="linked anew"),
        pytest.param(forked, "Entry 3 stands where entry 4 belongs.", id="forked"),
        pytest.param(
            lambda lines: [*lines[:2], "gone", *lines[3:]],
            "Entry 3 was changed: it is no",
            id="torn",
        ),
        pytest.param(
            lambda lines: [*lines[:2], lines[2].replace(":", ": "), *lines[3:]],
            "Entry 3 was changed: it is no",
            id="written otherwise",
        ),
    ],
)
async def test_what_was_done_to_the_chain_is_found(
    audit: Audit, crime: Callable[[Lines], Lines], told: str
) -> None:
    lines = await filled(audit)

    await tamper(audit, crime(lines))

    assert any(told in fault for fault in await faults_of(audit))


async def test_an_entry_that_was_put_at_the_end_by_hand_is_found(audit: Audit) -> None:
    lines = await filled(audit)
    forged, _ = linked(an_entry(6, what="approved"), await audit.end())

    await tamper(audit, [*lines, forged])

    assert await faults_of(audit) == [
        "Entries were added at the end that nobody recorded: 5 were, there are 6."
    ]


async def test_who_writes_the_whole_chain_anew_is_found_by_an_anchor_alone(audit: Audit) -> None:
    lines = await filled(audit)
    anchor = await audit.end()
    anew = renumbered(lines)
    last = json.loads(anew[-1])
    await tamper(audit, anew)
    await tamper_with_end(audit, End(number=4, hash=last["hash"]))

    assert await faults_of(audit) == []
    assert "there were 5" in (await faults_of(audit, [(anchor.number, anchor.hash)]))[0]


async def test_an_anchor_of_long_ago_still_fits_a_chain_that_has_grown(audit: Audit) -> None:
    await filled(audit)
    anchor = await audit.end()
    await audit.record([an_entry(6)])

    assert await faults_of(audit, [(anchor.number, anchor.hash)]) == []
    assert "Entry 5 is not the one" in (await faults_of(audit, [(5, "0" * 64)]))[0]


@pytest.mark.parametrize("forged_first", [True, False])
async def test_what_was_noted_first_is_not_made_good_by_what_was_noted_after_a_forgery(
    audit: Audit, *, forged_first: bool
) -> None:
    await filled(audit)
    true, forged = (5, "0" * 64), (5, (await audit.end()).hash)
    noted = [forged, true] if forged_first else [true, forged]

    assert await faults_of(audit, noted) == [
        "Two different hashes were noted for entry 5: somebody made the chain anew, or a note is forged."
    ]
    assert await faults_of(audit, [true, true]) == [
        "Entry 5 is not the one that was there when it was noted."
    ]
    assert await faults_of(audit, [forged, forged]) == []


async def test_entries_that_come_while_the_chain_is_inspected_are_no_fault(audit: Audit) -> None:
    await filled(audit)
    inspection = Inspection([])
    before = await audit.end()

    async for line in audit.lines():
        inspection.take(line)
        if inspection.end == before:
            await audit.record([an_entry(6)])
    inspection.close((await audit.end()).number)

    assert inspection.faults == []


async def test_a_chain_of_many_pages_is_read_whole(
    audit: Audit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.redis_audit.PAGE", 2)

    assert len(await filled(audit)) == 5
