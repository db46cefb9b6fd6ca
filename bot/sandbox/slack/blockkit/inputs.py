"""Block Kit's interactive elements."""

from typing import Any

from bot.sandbox.slack.blockkit.grammar import (
    Check,
    Found,
    Problem,
    anything,
    array,
    boolean,
    exactly_one,
    integer,
    one_of,
    shape,
    string,
    typed,
)
from bot.sandbox.slack.blockkit.texts import (
    CONFIRM,
    DISPATCH,
    ID,
    IMAGE,
    LINK_OPTION,
    MARKED_OPTION,
    MAX_TEXT,
    OPTION,
    OPTION_GROUP,
    RICH_TEXT,
    URL,
    distinct_options,
    known_choice,
    plain,
)

FOCUS = {"action_id": ID, "focus_on_load": boolean}
ASKED = {**FOCUS, "confirm": CONFIRM}
HELD = {**ASKED, "placeholder": plain(150)}
TYPED = {**FOCUS, "placeholder": plain(150), "dispatch_action_config": DISPATCH}
MANY = {"max_selected_items": integer(1, 100)}
NUMBER = string(1, 50, pattern=r"-?\d+(\.\d+)?", shown="a number, written as a string")
DATE = string(1, pattern=r"\d{4}-\d{2}-\d{2}", shown="a date in the form YYYY-MM-DD")
TIME = string(1, pattern=r"([01]\d|2[0-3]):[0-5]\d", shown="a time in the form HH:mm")
OPTIONS = {"options": array(OPTION, 1, 100), "option_groups": array(OPTION_GROUP, 1, 100)}
CHOOSE = (exactly_one("options", "option_groups"), known_choice, distinct_options)
FILTER = shape(
    may={
        "include": array(one_of("im", "mpim", "private", "public"), 1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    }
)
CONVERSATIONS = {"default_to_current_conversation": boolean, "filter": FILTER}
ANSWERED = {"response_url_enabled": boolean}


def _within_lengths(value: Any, at: str) -> Found:
    low, high = value.get("min_length", 0), value.get("max_length", MAX_TEXT)
    if low > high:
        yield Problem(at, "mismatch", "min_length must not exceed max_length")
    if len(value.get("initial_value") or "") > high:
        yield Problem(f"{at}/initial_value", "too_long", f"must be less than {high + 1} characters")


def _of_links(value: Any, at: str) -> Found:
    for number, option in enumerate(value["options"]):
        if "value" not in option and "url" not in option:
            place = f"{at}/options/{number}"
            yield Problem(place, "missing_field", "missing required field: value")


def _select(kind: str, **more: Check) -> Check:
    return typed(kind, may={**HELD, **more})


OPINION = shape(
    {"text": plain(75), "value": string(1, 2000)}, {"accessibility_label": string(1, 75)}
)
EXTERNAL = {"min_query_length": integer(0, 3000)}
ELEMENTS: dict[str, Check] = {
    "button": typed(
        "button",
        {"text": plain(75)},
        {
            "action_id": ID,
            "value": string(1, 2000),
            "url": URL,
            "style": one_of("primary", "danger"),
            "confirm": CONFIRM,
            "accessibility_label": string(1, 75),
        },
    ),
    "checkboxes": typed(
        "checkboxes",
        {"options": array(MARKED_OPTION, 1, 10)},
        {**ASKED, "initial_options": array(MARKED_OPTION, 1, 10)},
        rules=(known_choice, distinct_options),
    ),
    "radio_buttons": typed(
        "radio_buttons",
        {"options": array(MARKED_OPTION, 1, 10)},
        {**ASKED, "initial_option": MARKED_OPTION},
        rules=(known_choice, distinct_options),
    ),
    "overflow": typed(
        "overflow",
        {"options": array(LINK_OPTION, 1, 5)},
        {"action_id": ID, "confirm": CONFIRM},
        rules=(_of_links,),
    ),
    "static_select": typed(
        "static_select", may={**HELD, **OPTIONS, "initial_option": OPTION}, rules=CHOOSE
    ),
    "multi_static_select": typed(
        "multi_static_select",
        may={**HELD, **OPTIONS, **MANY, "initial_options": array(OPTION, 1, 100)},
        rules=CHOOSE,
    ),
    "external_select": _select("external_select", **EXTERNAL, initial_option=OPTION),
    "multi_external_select": _select(
        "multi_external_select", **EXTERNAL, **MANY, initial_options=array(OPTION, 1, 100)
    ),
    "users_select": _select("users_select", initial_user=string(1)),
    "multi_users_select": _select(
        "multi_users_select", **MANY, initial_users=array(string(1), 1, 100)
    ),
    "conversations_select": _select(
        "conversations_select", **CONVERSATIONS, **ANSWERED, initial_conversation=string(1)
    ),
    "multi_conversations_select": _select(
        "multi_conversations_select",
        **CONVERSATIONS,
        **MANY,
        initial_conversations=array(string(1), 1, 100),
    ),
    "channels_select": _select("channels_select", **ANSWERED, initial_channel=string(1)),
    "multi_channels_select": _select(
        "multi_channels_select", **MANY, initial_channels=array(string(1), 1, 100)
    ),
    "datepicker": _select("datepicker", initial_date=DATE),
    "timepicker": _select("timepicker", initial_time=TIME, timezone=string(1)),
    "datetimepicker": typed(
        "datetimepicker", may={**ASKED, "initial_date_time": integer(10**9, 10**10 - 1)}
    ),
    "plain_text_input": typed(
        "plain_text_input",
        may={
            **TYPED,
            "initial_value": string(0, 3000),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        rules=(_within_lengths,),
    ),
    "number_input": typed(
        "number_input",
        {"is_decimal_allowed": boolean},
        {**TYPED, "initial_value": NUMBER, "min_value": NUMBER, "max_value": NUMBER},
    ),
    "email_text_input": typed("email_text_input", may={**TYPED, "initial_value": string(1, 3000)}),
    "url_text_input": typed("url_text_input", may={**TYPED, "initial_value": string(1, 3000)}),
    "file_input": typed(
        "file_input",
        may={"action_id": ID, "filetypes": array(string(1), 1), "max_files": integer(1, 10)},
    ),
    "rich_text_input": typed("rich_text_input", may={**TYPED, "initial_value": RICH_TEXT}),
    "image": IMAGE,
    "workflow_button": typed(
        "workflow_button",
        {"text": plain(75), "workflow": anything},
        {
            "action_id": ID,
            "style": one_of("primary", "danger"),
            "accessibility_label": string(1, 75),
        },
    ),
    "feedback_buttons": typed(
        "feedback_buttons",
        {"positive_button": OPINION, "negative_button": OPINION},
        {"action_id": ID},
    ),
    "icon_button": typed(
        "icon_button",
        {"icon": one_of("trash"), "text": plain(75)},
        {
            "action_id": ID,
            "value": string(1, 2000),
            "confirm": CONFIRM,
            "accessibility_label": string(1, 75),
            "visible_to_user_ids": array(string(1)),
        },
    ),
}
PICKERS = ("datepicker", "timepicker")
SELECTS = tuple(kind for kind in ELEMENTS if kind.endswith("_select"))
CHOICES = (*SELECTS, *PICKERS, "checkboxes", "radio_buttons")
WRITTEN = ("plain_text_input", "number_input", "email_text_input", "url_text_input")


def some(*kinds: str) -> dict[str, Check]:
    """Choose the elements that one place takes."""
    return {kind: ELEMENTS[kind] for kind in kinds}
