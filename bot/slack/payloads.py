"""What the bot reads of Slack's payloads: what does not have this shape is refused before any listener sees it."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)


def understood(body: object) -> bool:
    """Whether a payload is of the shape that the listeners, and Bolt before them, read it in."""
    try:
        _PAYLOAD.validate_python(body)
    except ValidationError:
        return False
    return True


def parsed(content: bytes) -> object:
    """The payload of a request over HTTP: JSON, a form with JSON in it, or a form; None for anything else."""
    try:
        text = content.decode()
        if text.startswith("{"):
            return json.loads(text)
        fields = dict(parse_qsl(text, keep_blank_values=True))
        return json.loads(fields["payload"]) if "payload" in fields else fields
    except (ValueError, RecursionError):
        return None


def _without_halves(value: object) -> object:
    """What people typed may hold halves of characters; whoever reads it leaves them out."""
    return value.encode("utf-8", "ignore").decode() if isinstance(value, str) else value


def _whole(value: str) -> str:
    """Refuse halves of characters: nothing that the bot has drawn has any, and nothing behind it could store them."""
    value.encode()
    return value


UserId = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]{1,31}$")]
PlaceId = Annotated[str, Field(pattern=r"^[CDGUW][A-Z0-9]{1,31}$")]
Address = Annotated[str, Field(pattern=r"^https?://")]
Typed = Annotated[str, BeforeValidator(_without_halves)]
Word = Annotated[str, AfterValidator(_whole)]


class _Part(BaseModel):
    """A part of a payload; what the bot does not read of it may be anything."""

    model_config = ConfigDict(extra="ignore")


class _User(_Part):
    id: UserId


class _Place(_Part):
    id: PlaceId


class _Authorization(_Part):
    team_id: Word | None = None
    enterprise_id: Word | None = None
    user_id: Word | None = None


class _Option(_Part):
    value: Word


class _Input(_Part):
    value: Typed | None = None
    selected_option: _Option | None = None
    selected_options: tuple[_Option, ...] | None = None


class _State(_Part):
    values: Mapping[str, Mapping[str, _Input]]


class _Block(_Part):
    type: Word
    block_id: Word


class _View(_Part):
    id: Word
    type: Word
    hash: Word
    callback_id: Word
    private_metadata: Word
    state: _State
    blocks: tuple[_Block, ...]
    app_installed_team_id: Word | None = None


class _Action(_Part):
    action_id: Word
    value: Word = ""


class _Payload(_Part):
    """What all kinds have in common; Bolt looks for ids in there."""

    team: Word | Mapping[str, Any] | None = None
    enterprise: Word | Mapping[str, Any] | None = None
    channel: _Place | None = None
    message: Mapping[str, Any] | None = None
    response_url: Address | None = None
    response_urls: tuple[Mapping[str, Any], ...] = ()


class _Command(_Payload):
    command: Word
    text: Word = ""
    user_id: UserId
    channel_id: PlaceId
    trigger_id: Word
    response_url: Address


class _Press(_Payload):
    type: Literal["block_actions"]
    user: _User
    actions: tuple[_Action, ...] = Field(min_length=1)
    view: _View | None = None
    trigger_id: Word


class _Submission(_Payload):
    type: Literal["view_submission"]
    user: _User
    view: _View
    trigger_id: Word = ""


class _Search(_Payload):
    type: Literal["block_suggestion"]
    user: _User
    action_id: Word
    block_id: Word
    value: Word = ""
    view: _View


class _HomeOpened(_Part):
    type: Literal["app_home_opened"]
    user: UserId
    tab: Word = ""
    channel: Word | None = None


class _Event(_Payload):
    type: Literal["event_callback"]
    event: _HomeOpened
    authorizations: tuple[_Authorization, ...] = ()


class _Challenge(_Part):
    type: Literal["url_verification"]
    challenge: Word


_PAYLOAD: TypeAdapter[_Part] = TypeAdapter(
    _Command | _Press | _Submission | _Search | _Event | _Challenge
)
