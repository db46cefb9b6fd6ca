"""Takes in a submitted form: problems go back under the fields at fault, within the three seconds that Slack waits."""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import PermanentError, RequestRejected, TemporaryError
from bot.domain.job import Job
from bot.ports.bundle import Ports
from bot.slack import answers, forms, ids, mrkdwn, people, whereabouts
from bot.usecases.ask import ask
from bot.usecases.submission import Submission

log = structlog.get_logger()

TIME_TO_CHECK = 2.3
TOO_SLOW = f"This took too long. {people.UNCERTAIN}"


def register(app: AsyncApp, ports: Ports) -> None:
    """Listen to submitted forms."""

    async def submit(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        view = body["view"]
        origin, state = forms.origin_of(view), view["state"]["values"]
        if (answers.chosen_template(state) or origin.template) != origin.template:
            redrawn = await forms.redrawn(ports, view, slack_id=body["user"]["id"])
            await ack(response_action="update", view=redrawn)
            return
        taken_in = await _taken_in(ports, body, origin)
        if isinstance(taken_in, Job):
            await ack()
            await whereabouts.tell(ports, client, taken_in, trigger_id=body.get("trigger_id", ""))
        else:
            await ack(response_action="errors", errors=shown(taken_in, answers.inputs(view)))

    app.view(ids.FORM)(submit)


async def _taken_in(
    ports: Ports, body: dict[str, Any], origin: forms.Origin
) -> Job | Mapping[str, str]:
    """Ask for what the form says: the job, or what speaks against it, by property name."""
    try:
        async with asyncio.timeout(TIME_TO_CHECK):
            return await _ask(ports, body, origin)
    except RequestRejected as rejected:
        return rejected.problems
    except TimeoutError:
        log.warning("slack.checks_too_slow", template=origin.template)
        return {"": TOO_SLOW}
    except TemporaryError as error:
        otherwise = "Nothing was made; press the button again in a moment."
        return {"": people.trouble(error, otherwise)}
    except PermanentError as error:
        return {"": f"{error.cause} {error.fix}"}


async def _ask(ports: Ports, body: dict[str, Any], origin: forms.Origin) -> Job:
    view = body["view"]
    submission = Submission(
        id=view["id"],
        template=origin.template,
        values=answers.read(ports.templates.get(origin.template), view["state"]["values"]),
        requester=await people.person(ports, body["user"]["id"]),
        channel=origin.channel,
    )
    job = await ask(submission, ports=ports)
    log.info("slack.request_taken_in", job=job.id, template=origin.template)
    return job


def shown(problems: Mapping[str, str], fields: Collection[str]) -> dict[str, str]:
    """Problems under fields that the form shows; those of others under the first one, with their names.

    Slack refuses an answer with a field that it does not show.
    """
    first = next(iter(fields))
    found: dict[str, list[str]] = {}
    for name, problem in problems.items():
        known = name in fields
        sentence = problem if known or not name else f"{name}: {problem}"
        found.setdefault(name if known else first, []).append(sentence)
    return {name: mrkdwn.clean(" ".join(sentences)) for name, sentences in found.items()}
