"""What the stories about Slack have in common."""

from typing import Any

from bot.domain.approval import Verdict
from bot.domain.job import Job
from bot.domain.notices import Notice, NoticeKind
from bot.ports.template_library import FormPage, Template
from bot.slack.announcer import SlackAnnouncer
from tests.unit.slack_world import World

FILLED_IN = {
    "name": "Hello shop",
    "system": "system:default/checkout",
    "description": "Says hello to customers.",
    "hostname": "hello-shop",
    "owner": "group:default/payments",
}


def stored(world: World) -> list[Job]:
    return list(world.behind.jobs.jobs.values())


async def card_of(world: World, job: Job) -> dict[str, Any]:
    """A job's card as it hangs in the channel."""
    await world.behind.jobs.create(job)
    announcer = SlackAnnouncer(world.client, world.behind.directory)
    await announcer.post(job, Notice(kind=NoticeKind.CARD))
    return (await world.messages())[-1]


async def decided(world: World) -> Verdict | None:
    decision = stored(world)[0].decision
    return decision.verdict if decision else None


def a_template(template: str, /, **properties: Any) -> Template:
    page = FormPage(title="", schema_={"properties": properties})
    return Template(
        name=template,
        title=template,
        description="",
        pipeline="new-app",
        pages=(page,),
        skeletons={},
        digest="d1",
    )


def fields(view: dict[str, Any]) -> list[str]:
    return [b["block_id"] for b in view["blocks"] if b["type"] == "input"]
