"""A template's form as a modal: its pages one below the other, everything Slack can show of it."""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue
from slack_sdk.models.blocks import (
    AlertBlock,
    Block,
    ContextBlock,
    HeaderBlock,
    InputBlock,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.ports.template_library import Template
from bot.slack import card, choices, ids, inputs, mrkdwn, questions
from bot.slack.properties import OPTIONS_LIMIT, Kind
from bot.slack.questions import Page, Question

_BLOCKS_LIMIT = 100
_REMARKED = "owner"
_FORESEEN = frozenset({_REMARKED, "visibility"})


def form(
    templates: Sequence[Template],
    template: Template,
    *,
    values: Mapping[str, JsonValue],
    note: str,
) -> View:
    """The modal for a template.

    Args:
        templates: those to choose from.
        template: the one that is shown.
        values: what has been filled in so far; it decides which questions are asked.
        note: a remark on the owner that was chosen; empty for none.
    """
    pages = questions.pages(template, values)
    blocks = [*_opening(templates, template), *_pages(pages, note)]
    foreign = [q for page in pages for q in page.questions if q.kind is Kind.FOREIGN]
    if foreign or len(blocks) > _BLOCKS_LIMIT:
        return _refusal(templates, template, foreign)
    return View(
        type="modal",
        callback_id=ids.FORM,
        title=card.TITLES.get(template.pipeline, "New request"),
        submit="Create" if any(isinstance(block, InputBlock) for block in blocks) else None,
        close="Cancel",
        blocks=blocks,
    )


def _opening(templates: Sequence[Template], template: Template) -> Iterator[Block]:
    if len(templates) > 1:
        options = [choices.option(t.name, t.title) for t in templates[:OPTIONS_LIMIT]]
        yield SectionBlock(
            block_id=ids.TEMPLATE_BLOCK,
            text=mrkdwn.mrkdwn("*Template*"),
            accessory=StaticSelectElement(
                action_id=ids.TEMPLATE_CHOICE,
                options=options,
                initial_option=choices.initial(options, template.name),
            ),
        )
    shown = f"*{mrkdwn.escaped(template.title)}* {mrkdwn.own(template.description)}"
    yield ContextBlock(elements=[mrkdwn.mrkdwn(shown)])


def _pages(pages: Sequence[Page], note: str) -> Iterator[Block]:
    focus = next((q for p in pages for q in p.questions if q.asked.autofocus), None)
    for page in pages:
        if len(pages) > 1 and page.questions and page.title:
            yield HeaderBlock(text=mrkdwn.plain(page.title, 150))
        for question in page.questions:
            if question.kind is not Kind.FOREIGN:
                yield from inputs.blocks(
                    question, has_focus=question is focus, is_watched=_is_watched(question)
                )
            if note and question.name == _REMARKED:
                yield AlertBlock(text=mrkdwn.plain(note, 200), level="info")


def _is_watched(question: Question) -> bool:
    return question.is_control or question.name in _FORESEEN


def _refusal(
    templates: Sequence[Template], template: Template, foreign: Sequence[Question]
) -> View:
    """A form with something that Slack cannot show, which nobody is asked to fill in by halves."""
    named = ", ".join(f"“{mrkdwn.escaped(q.label, mrkdwn.NAME_LENGTH)}”" for q in foreign[:5])
    what = f"the field {named}" if named else "so many fields"
    sentence = f"Slack cannot show {what}. Open this template in Backstage and fill it in there."
    return View(
        type="modal",
        callback_id=ids.FORM,
        title=card.TITLES.get(template.pipeline, "New request"),
        close="Close",
        blocks=[*_opening(templates, template), SectionBlock(text=mrkdwn.mrkdwn(sentence))],
    )
