"""What people say of merge requests: comments and approvals."""

from starlette.responses import Response

from bot.sandbox.gitlab import errors, merge_requests
from bot.sandbox.gitlab.api.call import Call, answer
from bot.sandbox.gitlab.api.merge_requests import one
from bot.sandbox.gitlab.api.paging import paged
from bot.sandbox.gitlab.api.routing import Route
from bot.sandbox.gitlab.entities import requests
from bot.sandbox.gitlab.model import Level, Note


async def list_notes(call: Call) -> Response:
    """What people wrote, the newest first."""
    _, request = await one(call)
    found = requests.notes_of(call.forge, request)[::-1]
    return paged(call, found, lambda each: requests.note(call.forge, request, each))


async def create_note(call: Call) -> Response:
    """Write a comment."""
    project, request = await one(call, Level.REPORTER)
    body = call.params.needed_text("body")
    made = call.forge.store.notes.add(
        lambda number: Note(
            id=number,
            project_id=project.id,
            merge_request_iid=request.iid,
            author_id=call.user.id,
            body=body,
            created_at=call.forge.now(),
        )
    )
    return answer(requests.note(call.forge, request, made), 201)


async def approve(call: Call) -> Response:
    """Say that it is good."""
    _, request = await one(call, Level.DEVELOPER)
    if call.user.id in request.approver_ids:
        raise errors.unauthorized()
    changed = call.forge.store.merge_requests.change(
        request.id, approver_ids=(*request.approver_ids, call.user.id)
    )
    await merge_requests.announce(call.forge, changed, call.user, "approved")
    return answer(requests.approvals(call.forge, changed), 201)


_ONE = "/projects/{id}/merge_requests/{iid}"
ROUTES = (
    Route("POST", f"{_ONE}/approve", approve),
    Route("GET", f"{_ONE}/notes", list_notes),
    Route("POST", f"{_ONE}/notes", create_note),
)
