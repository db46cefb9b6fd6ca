"""How much may be asked for at once, so that nobody, by mistake or not, keeps everybody else waiting."""

from datetime import datetime, timedelta

from pydantic import Field

from bot.domain.entities import EntityRef
from bot.domain.request import AppRequest, SystemRequest
from bot.domain.value import Value

WINDOW = timedelta(hours=1)


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
    """Who is there already: the jobs that have not ended, those of the last hour, and who may be let in any moment."""

    unfinished: tuple[Bid, ...] = ()
    recent: tuple[Bid, ...] = ()
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
    asked = [e for e in _others(bid, crowd.recent, crowd.ahead) if e.requester == bid.requester]
    if len(of_person) >= limits.open_of_a_person:
        who = "You have" if told == bid.requester else f"{bid.name} has"
        there = _there(of_person, crowd, limits.open_of_a_person)
        return f"{who} {there} requests under way; wait for one to end, or cancel one."
    if len(of_team) >= limits.open_of_a_team:
        there = _there(of_team, crowd, limits.open_of_a_team)
        return f"{bid.owner.name} has {there} requests under way; wait for one to end."
    if len(asked) >= limits.asked_in_an_hour:
        there = _there(asked, crowd, limits.asked_in_an_hour)
        return f"You have asked for {there} things within an hour; wait a while."
    return None


def _there(counted: list[Bid], crowd: Crowd, most: int) -> int:
    """How many to tell of: not those ahead who will be refused themselves, for only so many are let in."""
    return max(most, len([each for each in counted if each not in crowd.ahead]))


def _others(bid: Bid, *crowds: tuple[Bid, ...]) -> list[Bid]:
    """All of them once; a job does not stand in its own way, neither pressed twice nor when it is tried again."""
    bids = {each.job: each for crowd in crowds for each in crowd}
    return [each for job_id, each in bids.items() if job_id != bid.job]
