"""Whether Slack can show a template's form."""

from pydantic import ValidationError
from slack_sdk.errors import SlackObjectFormationError

from bot.ports.template_library import Template
from bot.slack import form_views, questions
from bot.slack.properties import Kind


def problem(template: Template) -> str:
    """Why the form of a template cannot be filled in; empty where it can."""
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
    asked = [question for page in questions.pages(template, {}) for question in page.questions]
    foreign = [question.label for question in asked if question.kind is Kind.FOREIGN]
    if foreign:
        return f"Slack cannot show {', '.join(f'“{label}”' for label in foreign)} of its form."
    return "Its form has nothing to fill in, or more than Slack can show."
