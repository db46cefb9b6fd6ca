"""The ids that tie what is drawn in Slack to what listens."""

import re

COMMAND = "/idp"

OPEN_NEW_APP = "open.new-app"
OPEN_NEW_SYSTEM = "open.new-system"
OPEN_FORM = re.compile(r"open\.(new-app|new-system)")

APPROVE = "decide.approve"
APPROVE_WITH_NOTE = "decide.approve-with-note"
DENY = "decide.deny"
BREAK_GLASS = "decide.break-glass"
REVIEWED = "glass.reviewed"
RETRY = "job.retry"
CANCEL = "job.cancel"
UNDO = "job.undo"
HELP = "job.help"
FIX = "job.fix"

FORM = "form"
DENIAL = "denial"
REASON = "reason"
APPROVAL = "approval"
GLASS = "glass"
REVIEW = "review"
UNDOING = "undoing"
HELPING = "helping"
HELP_WORDS = "words"
FIXING = "fixing"
FIX_CONFIRMED = "fix-confirmed"

TEMPLATE_BLOCK = "idp:template"
TEMPLATE_CHOICE = "form.template"
FIELD = "field"
FIELD_CHANGED = re.compile(r"(form\.template|(field|pick|choose)\b.*)")
PICK = re.compile(r"pick\.(.+)")
CHOOSE = "choose"

_SHARED_PREFIXES = ("C", "G")
_DIGEST_LENGTH = 16

NOTICE_EVENT = "idp_notice"


def is_shared(place: str) -> bool:
    """Whether several people see what is written there: a channel, no direct messages and nobody's Home."""
    return place.startswith(_SHARED_PREFIXES)


def pick(kinds: tuple[str, ...]) -> str:
    """The action id of a select whose options are the catalog's entities of these kinds."""
    return "pick." + ".".join(kinds)


def picked_kinds(action_id: str) -> tuple[str, ...]:
    """The kinds that an action id made by `pick` names."""
    return tuple(action_id.split(".")[1:])


def decision(job_id: str, plan: str) -> str:
    """The value of a button that decides: about which job, and about which plan (its digest's beginning)."""
    return f"{job_id} {plan[:_DIGEST_LENGTH]}".strip()


def decided(value: str) -> tuple[str, str]:
    """The job and the plan that a value made by `decision` names; no plan where the button is of an older release."""
    job_id, _, plan = value.partition(" ")
    return job_id, plan


def actions(job_id: str) -> str:
    """The block id of a job's buttons.

    It stays the same when the card is redrawn: Slack gives a block without one a new id at every
    update, and a press that meets an update would name a block that is gone.
    """
    return f"job:{job_id}"
