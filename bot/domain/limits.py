"""How much may be asked for at once, so that nobody, by mistake or not, keeps everybody else waiting."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from pydantic import Field

from bot.domain.job import Job
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


def excess(
    request: AppRequest | SystemRequest,
    *,
    limits: Limits,
    unfinished: Iterable[Job],
    recent: Iterable[Job],
) -> str | None:
    """Why the request has to wait, as a sentence for the requester; None when it need not.

    Args:
        request: what is asked for.
        limits: the most there may be.
        unfinished: all jobs that have not ended.
        recent: the jobs of the last hour, ended or not.
    """
    requester, owner = request.requester.user, request.owner
    under_way = [job.request for job in unfinished]
    of_person = sum(each.requester.user == requester for each in under_way)
    of_team = sum(each.owner == owner for each in under_way)
    asked = sum(job.request.requester.user == requester for job in recent)
    if of_person >= limits.open_of_a_person:
        return f"You have {of_person} requests under way; wait for one to end, or cancel one."
    if of_team >= limits.open_of_a_team:
        return f"{owner.name} has {of_team} requests under way; wait for one to end."
    if asked >= limits.asked_in_an_hour:
        return f"You have asked for {asked} things within an hour; wait a while."
    return None
