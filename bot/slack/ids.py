"""The ids that tie what is drawn in Slack to what listens."""

import re

COMMAND = "/idp"

OPEN_NEW_APP = "open.new-app"
OPEN_NEW_SYSTEM = "open.new-system"
OPEN_FORM = re.compile(r"open\.(new-app|new-system)")

APPROVE = "decide.approve"
DENY = "decide.deny"
RETRY = "job.retry"
CANCEL = "job.cancel"
UNDO = "job.undo"

FORM = "form"
DENIAL = "denial"
DENIAL_REASON = "reason"
UNDOING = "undoing"

TEMPLATE_BLOCK = "idp:template"
TEMPLATE_CHOICE = "form.template"
FIELD = "field"
FIELD_CHANGED = re.compile(r"(form\.template|(field|pick|choose)\b.*)")
PICK = re.compile(r"pick\.(.+)")
CHOOSE = "choose"

NOTICE_EVENT = "idp_notice"


def pick(kinds: tuple[str, ...]) -> str:
    """The action id of a select whose options are the catalog's entities of these kinds."""
    return "pick." + ".".join(kinds)


def picked_kinds(action_id: str) -> tuple[str, ...]:
    """The kinds that an action id made by `pick` names."""
    return tuple(action_id.split(".")[1:])


def actions(job_id: str) -> str:
    """The block id of a job's buttons.

    It stays the same when the card is redrawn: Slack gives a block without one a new id at every
    update, and a press that meets an update would name a block that is gone.
    """
    return f"job:{job_id}"
