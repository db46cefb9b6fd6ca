"""Response URLs: an app answers what somebody did without a token."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.sandbox.slack import composing
from bot.sandbox.slack.conversations import Message
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.response_urls import ResponseUrl
from bot.sandbox.slack.workspace import Workspace


def route(workspace: Workspace) -> Route:
    """Make the route that response URLs lead to."""

    async def answer(request: Request) -> Response:
        url = workspace.response_urls.use(request.path_params["key"])
        if url is None:
            body = {"ok": False, "error": "used_url"}
            return JSONResponse(body, status_code=404)
        try:
            _answered(workspace, url, await request.json())
        except ValueError:
            return JSONResponse({"ok": False, "error": "invalid_payload"}, status_code=400)
        except SlackError as refusal:
            return JSONResponse(refusal.answer(), status_code=400)
        return PlainTextResponse("ok")

    return Route("/actions/{key}", answer, methods=["POST"])


def _answered(workspace: Workspace, url: ResponseUrl, given: dict[str, Any]) -> None:
    if given.get("delete_original"):
        workspace.unsay(_original(workspace, url))
        return
    content = composing.composed(given)
    if given.get("replace_original") and url.message_ts:
        _replace(workspace, _original(workspace, url), content)
        return
    said = workspace.app_says(content)
    if url.thread_ts and given.get("thread_ts"):
        said["thread_ts"] = url.thread_ts
    if given.get("response_type") == "in_channel":
        workspace.say(url.channel, said)
    else:
        workspace.whisper(url.channel, url.user, said)


def _original(workspace: Workspace, url: ResponseUrl) -> Message:
    if not url.message_ts:
        raise SlackError("no_original_message")
    return workspace.conversations.seen_by(url.user, url.channel, url.message_ts)


def _replace(workspace: Workspace, original: Message, content: Message) -> None:
    kept = {k: v for k, v in original.items() if k not in {"text", "blocks", "attachments"}}
    changed = {**kept, **content}
    workspace.conversations.rewrite(changed)
    workspace.show(changed)
