"""Whether Slack can show a template's form."""

from pydantic import ValidationError
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import SectionBlock

from bot.ports.template_library import Template
from bot.slack import form_views


def problem(template: Template) -> str:
    """Why the form of a template cannot be shown; empty where it can."""
    try:
        view = form_views.form([template], template, values={}, note="")
        view.to_dict()
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors()[0]["loc"])
        return f"Its form has a property whose {where} cannot be read."
    except SlackObjectFormationError as error:
        return f"Slack would refuse its form: {error}."
    if view.submit:
        return ""
    refusal = view.blocks[-1] if view.blocks else None
    said = refusal.text.text if isinstance(refusal, SectionBlock) and refusal.text else None
    return said or "Its form asks for nothing."
