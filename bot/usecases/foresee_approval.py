"""Say before submission whether approval will be needed."""

from bot.domain.approval import ApprovalTerms
from bot.domain.errors import RequestRejected
from bot.domain.policy import approval_terms
from bot.ports.bundle import Ports
from bot.usecases.draft import requested
from bot.usecases.submission import Submission

_STAND_INS = {
    "name": "a name",
    "description": "a description",
    "hostname": "a-host",
    "system": "system:default/any",
    "visibility": "internal",
}
_DECISIVE = ("owner", "visibility")


def foresee_approval(submission: Submission, *, ports: Ports) -> ApprovalTerms | None:
    """The approval that the form as it stands would need; None when it needs none, or when it cannot be told yet.

    The rules look at who owns it and who may see it; what else the template asks for is not held against its schema.

    Raises:
        PermanentError: the template is not there, or not in order.
    """
    template = ports.templates.get(submission.template)
    decisive = {name: submission.values[name] for name in _DECISIVE if submission.values.get(name)}
    try:
        request = requested({**_STAND_INS, **decisive}, template, submission.requester)
    except RequestRejected:
        return None
    return approval_terms(
        ports.policy,
        request,
        platform_group=ports.platform.platform_group,
        environment=ports.platform.first_environment.name,
        now=ports.clock(),
    )
