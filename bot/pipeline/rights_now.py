"""Whose approval a request needs by the groups its requester is in now, which may not be those of when they asked."""

from datetime import datetime

from bot.domain.approval import ApprovalTerms
from bot.domain.entities import Person
from bot.domain.errors import PermanentError
from bot.domain.platform import Platform
from bot.domain.policy import Policy, approval_terms
from bot.domain.request import AppRequest, SystemRequest
from bot.ports.directory import Directory


async def terms_now(
    request: AppRequest | SystemRequest,
    *,
    directory: Directory,
    platform: Platform,
    policy: Policy,
    now: datetime,
) -> ApprovalTerms | None:
    """Who has to agree; None when the request may go ahead at once.

    A requester whom the directory does not know any more is in no group. The request keeps who asked, as they were.

    Raises:
        PermanentError: nobody would have to agree, and the requester is nobody to the directory; or it refuses to say.
        TemporaryError: the directory cannot be asked.
    """
    requester = request.requester
    known = await _whois(requester, directory)
    is_known = known is not None and known.user == requester.user
    groups = known.groups if known and is_known else frozenset()
    as_of_now = requester.model_copy(update={"groups": groups})
    terms = approval_terms(
        policy,
        request.model_copy(update={"requester": as_of_now}),
        platform_group=platform.platform_group,
        environment=platform.first_environment.name,
        now=now,
    )
    if terms is None and not is_known:
        raise PermanentError(
            f"{requester.name}, who asked for this, is nobody in the catalog any more, and nobody else answers for it.",
            "Press Undo, which frees its names, too; then have somebody who needs it ask anew.",
        )
    return terms


async def _whois(requester: Person, directory: Directory) -> Person | None:
    """Who the requester is now; a refusal speaks of an account, and those who read the card are told whose."""
    try:
        return await directory.whois(requester.slack_id)
    except PermanentError as refused:
        raise PermanentError(
            f"It is not known who {requester.name} is by now, who asked for this. {refused.cause}",
            refused.fix,
        ) from refused
