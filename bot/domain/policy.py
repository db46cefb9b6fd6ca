"""When a request needs approval: the default policy."""

from datetime import datetime

from bot.domain.approval import TIME_TO_DECIDE, ApprovalTerms
from bot.domain.entities import EntityRef
from bot.domain.request import AppRequest, SystemRequest, Visibility


def approval_terms(
    request: AppRequest | SystemRequest, *, platform_group: EntityRef, now: datetime
) -> ApprovalTerms | None:
    """Decide whether the request needs approval; None when it may go ahead at once.

    What concerns one team (an outsider asks on its behalf) the team may approve; what concerns everybody (public
    repositories, a new system) only the platform group may.
    """
    reasons = _reasons(request)
    if not reasons:
        return None
    concerns_all = isinstance(request, SystemRequest) or request.visibility is Visibility.PUBLIC
    approvers = (platform_group,) if concerns_all else (request.owner, platform_group)
    return ApprovalTerms(
        reasons=reasons,
        approvers=tuple(dict.fromkeys(approvers)),
        expires_at=now + TIME_TO_DECIDE,
    )


def _reasons(request: AppRequest | SystemRequest) -> tuple[str, ...]:
    reasons = []
    if isinstance(request, SystemRequest):
        reasons.append("A new system is an entry that every team sees.")
    elif request.visibility is Visibility.PUBLIC:
        reasons.append("The repositories will be public.")
    if not request.requester.is_in(request.owner):
        reasons.append(f"{request.requester.name} is not a member of {request.owner.name}.")
    return tuple(reasons)
