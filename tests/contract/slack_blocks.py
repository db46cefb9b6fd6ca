"""Blocks as Slack takes them."""

from tests.contract.slack_workspace import Json, option, plain, section, text_field


def rich(text: str) -> Json:
    part = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [part]}


def button(**more: object) -> Json:
    return {"type": "button", "action_id": "go", "text": plain("Go"), **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def task(number: int = 1, **more: object) -> Json:
    return {"task_id": f"t{number}", "title": "Create", "status": "pending", **more}


def plan(*tasks: Json, **more: object) -> Json:
    return {"type": "plan", "title": "A plan", "tasks": list(tasks), **more}


def select(**more: object) -> Json:
    return {"type": "static_select", "action_id": "s", "options": [option("a")], **more}


TABLE: Json = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}
CARD: Json = {"type": "card", "title": plain("A card"), "actions": [button()]}
IMAGE: Json = {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"}
ACCEPTED = [
    section("a" * 3000),
    {"type": "section", "fields": [plain("a" * 1200)] * 10},
    {"type": "section", "text": plain("a"), "accessory": IMAGE},
    {"type": "header", "text": plain("a" * 150)},
    {"type": "divider"},
    {"type": "context", "elements": [IMAGE, plain("a")]},
    actions(*(button(action_id=f"b{number}") for number in range(25))),
    actions(select(initial_option=option("a"))),
    {"type": "markdown", "text": "a" * 12_000},
    rich("hello"),
    plan(task(details=rich("waiting")), task(2, type="task_card", status="complete")),
    {"type": "task_card", **task()},
    {**TABLE, "column_settings": [None, {"align": "right"}]},
    CARD,
    {"type": "carousel", "elements": [CARD]},
    {"type": "container", "title": plain("a"), "child_blocks": [section("a")]},
    {
        "type": "context_actions",
        "elements": [
            {
                "type": "feedback_buttons",
                "action_id": "f",
                "positive_button": {"text": plain("Good"), "value": "good"},
                "negative_button": {"text": plain("Bad"), "value": "bad"},
            },
            {"type": "icon_button", "action_id": "i", "icon": "trash", "text": plain("Delete")},
        ],
    },
    {
        "type": "video",
        "alt_text": "a",
        "title": plain("A film"),
        "thumbnail_url": "https://example.com/a.png",
        "video_url": "https://example.com/a",
    },
    {"type": "file", "external_id": "a", "source": "remote"},
    {"type": "image", **{key: IMAGE[key] for key in ("image_url", "alt_text")}},
    text_field("a", multiline=True),
    *(
        {**text_field("a"), "element": {"type": kind, "action_id": "e", **more}}
        for kind, more in (
            ("number_input", {"is_decimal_allowed": False, "initial_value": "3"}),
            ("email_text_input", {}),
            ("url_text_input", {}),
            ("rich_text_input", {"initial_value": rich("a")}),
            ("file_input", {}),
            ("datetimepicker", {"initial_date_time": 1_700_000_000}),
            ("timepicker", {"initial_time": "12:30"}),
            ("radio_buttons", {"options": [option("a")], "initial_option": option("a")}),
            ("multi_static_select", {"options": [option("a")], "initial_options": [option("a")]}),
            ("multi_external_select", {"min_query_length": 0}),
            ("users_select", {"initial_user": "U0NOBODY"}),
            ("multi_users_select", {"initial_users": ["U0ADA"]}),
            ("conversations_select", {"initial_conversation": "C0GONE"}),
            ("multi_channels_select", {"initial_channels": ["C0GENERAL", "C0GONE"]}),
        )
    ),
]
