"""How much may be asked for at once, so that nobody, by mistake or not, keeps everybody else waiting."""

from datetime import datetime, timedelta

from pydantic import Field

from bot.domain.entities import EntityRef
from bot.domain.request import AppRequest, SystemRequest
from bot.domain.value import Value

WINDOW = timedelta(hours=1)
_AGAIN = "press again in a moment."


class Limits(Value):
    """The most that one person may ask for in an hour, and that a person and a team may have under way."""

    asked_in_an_hour: int = Field(default=20, ge=1)
    open_of_a_person: int = Field(default=10, ge=1)
    open_of_a_team: int = Field(default=30, ge=1)


DEFAULT = Limits()


class Freeze(Value):
    """New requests are refused for a while; what runs goes on."""

    reason: str
    by: str
    since: datetime

    @property
    def told(self) -> str:
        """What it means, for those who want to ask."""
        return f"New requests are not taken at the moment: {self.reason} What was asked for before goes on."


class Bid(Value):
    """What counts of a job that is to be under way: who asked for it, and for whom."""

    job: str
    requester: EntityRef
    name: str
    owner: EntityRef


class Crowd(Value):
    """Who is there already: the jobs that have not ended, those of the last hour, and who may be let in any moment.

    Those of the last hour are None for what was asked for before, and is not asked for again.
    """

    unfinished: tuple[Bid, ...] = ()
    recent: tuple[Bid, ...] | None = None
    ahead: tuple[Bid, ...] = ()


def bid_for(request: AppRequest | SystemRequest, *, job_id: str) -> Bid:
    """What counts of what is asked for."""
    requester = request.requester
    return Bid(job=job_id, requester=requester.user, name=requester.name, owner=request.owner)


def excess(bid: Bid, crowd: Crowd, *, limits: Limits, told: EntityRef) -> str | None:
    """Why a job has to wait, as a sentence for whoever wants it to run; None when it need not.

    Args:
        bid: the job that is to be under way.
        crowd: what counts besides.
        limits: the most there may be.
        told: who wants it: the requester, or somebody who steers the job for them.
    """
    others = _others(bid, crowd.unfinished, crowd.ahead)
    of_person = [each for each in others if each.requester == bid.requester]
    of_team = [each for each in others if each.owner == bid.owner]
    person = "You have" if told == bid.requester else f"{bid.name} has"
    team = f"{bid.owner.name} has"
    return (
        _under_way(person, of_person, crowd, limits.open_of_a_person, or_else=", or cancel one")
        or _under_way(team, of_team, crowd, limits.open_of_a_team)
        or _asked(bid, crowd, limits.asked_in_an_hour)
    )


def _under_way(
    who: str, counted: list[Bid], crowd: Crowd, most: int, *, or_else: str = ""
) -> str | None:
    """That there are as many as there may be; of those ahead, it is not known whether they will be let in."""
    if len(counted) < most:
        return None
    certain = len([each for each in counted if each in crowd.unfinished])
    if certain >= most:
        return f"{who} {certain} requests under way; wait for one to end{or_else}."
    return f"{who} {len(counted)} requests that are under way or being checked; {_AGAIN}"


def _asked(bid: Bid, crowd: Crowd, most: int) -> str | None:
    if crowd.recent is None:
        return None
    counted = [e for e in _others(bid, crowd.recent, crowd.ahead) if e.requester == bid.requester]
    if len(counted) < most:
        return None
    certain = len([each for each in counted if each in crowd.recent])
    if certain >= most:
        return f"You have asked for {certain} things within an hour; wait a while."
    number = len(counted)
    return f"You have asked for {number} things within an hour, of which some are being checked; {_AGAIN}"


def _others(bid: Bid, *crowds: tuple[Bid, ...]) -> list[Bid]:
    """All of them once; a job does not stand in its own way, neither pressed twice nor when it is tried again."""
    bids = {each.job: each for crowd in crowds for each in crowd}
    return [each for job_id, each in bids.items() if job_id != bid.job]
