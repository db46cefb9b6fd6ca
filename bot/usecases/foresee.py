"""Say before submission whether approval will be needed."""

from bot.domain.approval import ApprovalTerms
from bot.domain.errors import PermanentError, RequestRejected
from bot.domain.policy import approval_terms
from bot.ports.bundle import Ports
from bot.usecases.draft import draft
from bot.usecases.submission import Submission

_STAND_INS = {
    "name": "a name",
    "description": "a description",
    "hostname": "a-host",
    "system": "system:default/any",
    "visibility": "internal",
}
_DECISIVE = ("owner", "visibility")


async def foresee(submission: Submission, *, ports: Ports) -> ApprovalTerms | None:
    """The approval that the form as it stands would need; None when it needs none, or when it cannot be told yet."""
    decisive = {name: submission.values[name] for name in _DECISIVE if submission.values.get(name)}
    values = {**submission.values, **_STAND_INS, **decisive}
    half_filled = submission.model_copy(update={"values": values})
    try:
        request = draft(half_filled, ports.templates.get(submission.template))
    except (RequestRejected, PermanentError):
        return None
    return approval_terms(
        ports.policy,
        request,
        platform_group=ports.platform.platform_group,
        environment=ports.platform.first_environment.name,
        now=ports.clock(),
    )
