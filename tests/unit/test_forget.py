"""Jobs are kept for as long as the operator says."""

from datetime import timedelta

from bot.domain.job import JobState
from bot.usecases import forget
from tests.builders import NOON, a_job
from tests.world import World

DAY = timedelta(days=1)


async def test_all_that_ended_longer_ago_goes_and_the_rest_stays() -> None:
    world = World()
    for number in range(forget.BITE + 2):
        await world.jobs.create(a_job(id=f"job{number:05}"))
        ended = {"state": JobState.DONE, "finished_at": NOON, "audited_version": 1}
        world.jobs.put(f"job{number:05}", ended)
    await world.jobs.create(a_job(id="unfinished"))
    world.clock.advance(30 * DAY)
    world.jobs.put("job00000", {"finished_at": world.now() - 5 * DAY})

    removed = await forget.forget(keep=10 * DAY, ports=world.ports)

    assert removed == forget.BITE + 1
    assert set(world.jobs.jobs) == {"job00000", "unfinished"}
