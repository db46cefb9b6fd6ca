"""A filled-in form, as it comes from the edge."""

from collections.abc import Mapping

from pydantic import JsonValue

from bot.domain.entities import Person
from bot.domain.value import Value


class Submission(Value):
    """What somebody submitted.

    `id` is the same for every press of Submit on one form (Slack's view id), so that a second press makes nothing
    twice; `values` are the template's parameters by property name, absent where nothing was filled in.
    """

    id: str
    template: str
    values: Mapping[str, JsonValue]
    requester: Person
    channel: str
