"""When a request needs approval, and from whom: rules that the operator may replace."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from bot.domain.approval import TIME_TO_DECIDE, ApprovalTerms, BreakGlass, Stage
from bot.domain.entities import EntityRef, GroupRef, Person, entity_ref
from bot.domain.request import AppRequest, SystemRequest, Visibility
from bot.domain.value import Value

OWNER = "$owner"
PLATFORM = "$platform"

_SHORTEST = timedelta(minutes=1)
_LONGEST = timedelta(days=90)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _reasonable(time: timedelta) -> timedelta:
    if not _SHORTEST <= time <= _LONGEST:
        raise ValueError("write a time between PT1M (a minute) and P90D (90 days)")
    return time


def _group(word: str) -> str:
    if word in {OWNER, PLATFORM}:
        return word
    ref = entity_ref(word, kind="group")
    if ref.kind != "group":
        raise ValueError(f"“{word}” is no group, and only groups have members")
    return str(ref)


def _said(value: object) -> object:
    if value is None:
        raise ValueError("say true or false, or leave it out")
    return value


SOME = Field(min_length=1)
"""What was written down and then emptied would hold for everybody: it has to be left out instead."""

Word = Annotated[str, SOME]
Words = Annotated[tuple[Word, ...], BeforeValidator(_as_list), SOME]
GroupWord = Annotated[str, AfterValidator(_group)]
GroupWords = Annotated[tuple[GroupWord, ...], BeforeValidator(_as_list)]
"""Catalog groups by name or reference; `$owner` is the group that will own the thing, `$platform` the platform's."""

Time = Annotated[timedelta, AfterValidator(_reasonable)]
"""An ISO 8601 duration, such as `PT4H` or `P3D`."""


Kinds = tuple[Literal["new-app", "new-system"], ...]


class Conditions(Value):
    """What a rule is about; what is left out may be anything, and all that is given has to hold."""

    request: Annotated[Kinds, BeforeValidator(_as_list), SOME] = ()
    template: Words = ()
    visibility: Annotated[tuple[Visibility, ...], BeforeValidator(_as_list), SOME] = ()
    environment: Words = ()
    owner_member: Annotated[bool | None, BeforeValidator(_said)] = None
    requester_in: Annotated[GroupWords, SOME] = ()


class StageRule(Value):
    """One round of agreement."""

    groups: GroupWords = Field(min_length=1)
    needed: int = Field(default=1, ge=1, le=10)


class ReviewRule(Value):
    """Who looks at a broken glass afterwards, and how soon."""

    groups: GroupWords = Field(min_length=1)
    within: Time


class BreakGlassRule(Value):
    """Who may let a request go ahead without the approval that the rule asks for."""

    groups: GroupWords = Field(min_length=1)
    review: ReviewRule


class Rule(Value):
    """What happens when its conditions hold; without stages the request goes ahead at once.

    `reason` is told to everybody; `{requester}` and `{owner}` in it become names.
    """

    name: str = Field(min_length=1)
    when: Conditions = Conditions()
    reason: str = ""
    stages: Annotated[tuple[StageRule, ...], SOME] = ()
    expires_after: Time = TIME_TO_DECIDE
    remind_after: Time | None = None
    escalate_after: Time | None = None
    escalate_to: GroupWords = ()
    break_glass: BreakGlassRule | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> "Rule":
        if self.stages and not self.reason:
            raise ValueError("say in `reason` why somebody has to agree")
        if self.break_glass and not self.stages:
            raise ValueError("`break_glass` is a way around `stages`, and there are none")
        if bool(self.escalate_after) != bool(self.escalate_to):
            raise ValueError("`escalate_after` and `escalate_to` belong together")
        for name in ("remind_after", "escalate_after"):
            if (getattr(self, name) or timedelta()) >= self.expires_after:
                raise ValueError(f"`{name}` must come before `expires_after`")
        return self


class Policy(Value):
    """Rules in order. The first that fits decides; the reasons of others that fit are told, too."""

    rules: tuple[Rule, ...]

    @model_validator(mode="after")
    def _unmistakable(self) -> "Policy":
        names = [rule.name for rule in self.rules]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"two rules are called “{min(twice)}”")
        return self


DEFAULT = Policy(
    rules=(
        Rule(
            name="New systems",
            when=Conditions(request=("new-system",)),
            reason="A new system is an entry that every team sees.",
            stages=(StageRule(groups=(PLATFORM,)),),
        ),
        Rule(
            name="Public repositories",
            when=Conditions(visibility=(Visibility.PUBLIC,)),
            reason="The repositories will be public.",
            stages=(StageRule(groups=(PLATFORM,)),),
        ),
        Rule(
            name="On behalf of another team",
            when=Conditions(owner_member=False),
            reason="{requester} is not a member of {owner}.",
            stages=(StageRule(groups=(OWNER, PLATFORM)),),
        ),
    )
)
"""What concerns one team (an outsider asks on its behalf) the team may approve; what concerns everybody (public
repositories, a new system) only the platform group may."""


def misnamed(
    policy: Policy, *, templates: Collection[str] | None, environments: Collection[str] | None
) -> Iterator[str]:
    """Say which conditions never hold, as they name what is not there.

    Args:
        policy: the rules.
        templates: the names of all templates; None where they are not known.
        environments: the same of environments.
    """
    for number, rule in enumerate(policy.rules):
        for what, named, known in (
            ("template", rule.when.template, templates),
            ("environment", rule.when.environment, environments),
        ):
            strange = () if known is None else [name for name in named if name not in known]
            there = ", ".join(sorted(known or ()))
            for name in strange:
                yield f"rules.{number}.when.{what}: there is no {what} “{name}”, only {there}"


def approval_terms(
    policy: Policy,
    request: AppRequest | SystemRequest,
    *,
    platform_group: EntityRef,
    environment: str,
    now: datetime,
) -> ApprovalTerms | None:
    """Decide whether the request needs approval; None when it may go ahead at once.

    Args:
        policy: the rules.
        request: what is asked for.
        platform_group: what `$platform` means.
        environment: where an application would be deployed first.
        now: the time from which times are counted.
    """
    groups = _Groups(owner=request.owner, platform=platform_group)
    fitting = [
        rule
        for rule in policy.rules
        if _fits(rule.when, request, environment=environment, groups=groups)
    ]
    if not fitting or not fitting[0].stages:
        return None
    decisive = fitting[0]
    return ApprovalTerms(
        reasons=tuple(_worded(rule.reason, request) for rule in fitting if rule.stages),
        stages=tuple(
            Stage(groups=groups.meant(stage.groups), needed=stage.needed)
            for stage in decisive.stages
        ),
        expires_at=now + decisive.expires_after,
        remind_at=now + decisive.remind_after if decisive.remind_after else None,
        escalate_at=now + decisive.escalate_after if decisive.escalate_after else None,
        escalate_to=groups.meant(decisive.escalate_to),
        break_glass=_break_glass(decisive.break_glass, groups),
    )


def _break_glass(rule: BreakGlassRule | None, groups: "_Groups") -> BreakGlass | None:
    if not rule:
        return None
    return BreakGlass(
        groups=groups.meant(rule.groups),
        reviewers=groups.meant(rule.review.groups),
        review_within=rule.review.within,
    )


class _Groups(Value):
    """What the words for groups mean for one request."""

    owner: GroupRef
    platform: GroupRef

    def meant(self, words: tuple[str, ...]) -> tuple[EntityRef, ...]:
        special = {OWNER: self.owner, PLATFORM: self.platform}
        return tuple(
            dict.fromkeys(special.get(word) or EntityRef.model_validate(word) for word in words)
        )


def _fits(
    when: Conditions,
    request: AppRequest | SystemRequest,
    *,
    environment: str,
    groups: _Groups,
) -> bool:
    return all(_held(when, request, request.requester, environment=environment, groups=groups))


def _held(
    when: Conditions,
    request: AppRequest | SystemRequest,
    requester: Person,
    *,
    environment: str,
    groups: _Groups,
) -> Iterator[bool]:
    """Whether each condition that is given holds; what has no visibility or environment fits none."""
    app = request if isinstance(request, AppRequest) else None
    if when.request:
        yield request.kind in when.request
    if when.template:
        yield request.template in when.template
    if when.visibility:
        yield app is not None and app.visibility in when.visibility
    if when.environment:
        yield app is not None and environment in when.environment
    if when.owner_member is not None:
        yield requester.is_in(request.owner) is when.owner_member
    if when.requester_in:
        yield any(requester.is_in(group) for group in groups.meant(when.requester_in))


def _worded(reason: str, request: AppRequest | SystemRequest) -> str:
    told = {"{requester}": request.requester.name, "{owner}": request.owner.name}
    for word, meaning in told.items():
        reason = reason.replace(word, meaning)
    return reason
