"""How often everything that a job makes exists."""

from collections import Counter
from collections.abc import Mapping

from bot.domain.job import Job
from tests.crash.platform import CATALOG, USER_APPS, Platform


async def made(job: Job, platform: Platform) -> Mapping[str, int]:
    """How often each outside effect of a job that is done was made, or stands now where it may be made anew."""
    name = job.request.slug
    if job.request.kind == "new-app":
        return await _of_an_app(name, platform)
    file = f"systems/{name}.yaml"
    registered = await platform.registrations(file)
    there = {"commit": len(await platform.commits(CATALOG, file))}
    return there | (
        {"registration": registered} if registered else {}
    )  # it may find the file itself


async def _of_an_app(name: str, platform: Platform) -> Mapping[str, int]:
    app, deployment = (f"idp/payments/checkout-{name}{end}" for end in ("", "-deployment"))
    file = f"environments/development/payments-checkout-{name}.yaml"
    pushed = (
        len(await platform.commits(deployment)) - 1
    )  # the first one is the bot's, the other one the pipeline's
    return {
        "project": await platform.projects_created(app),
        "deployment project": await platform.projects_created(deployment),
        "first commit": len(await platform.commits(app)),
        "pushed by the pipeline": pushed,
        "pipeline": await platform.pipelines(app),
        "right to push": await platform.push_tokens(deployment),
        "webhook": await platform.webhooks(deployment),
        "environment": len(await platform.commits(USER_APPS, file)),
        "registration": await platform.registrations(f"checkout-{name}/"),
    }


def doubled(made: Mapping[str, int], said: Counter[str]) -> int:
    """How many things there are too many of."""
    return sum(max(times - 1, 0) for times in (*made.values(), *said.values()))
