"""The kinds of faults: what somebody may ask for, and what each one says of itself."""

import re
from typing import Annotated, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    TypeAdapter,
)

Part = Literal["gitlab", "cluster", "argocd", "catalog", "slack"]
Event = Literal[
    "push_events",
    "tag_push_events",
    "merge_requests_events",
    "pipeline_events",
    "job_events",
    "note_events",
]
LONGEST_WAIT = 600.0


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


Method = Annotated[
    Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], BeforeValidator(_upper)
]
Seconds = Annotated[float, Field(gt=0, le=LONGEST_WAIT)]


class Fault(BaseModel):
    """Something that goes wrong in one part."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: ClassVar[str]
    summary: ClassVar[str]

    part: Part = Field(description="Where it strikes.")
    for_seconds: PositiveFloat | None = Field(
        None, description="It ends by itself after this long; else it lasts until it is cleared."
    )


class Counted(Fault):
    """A fault that strikes at single things, so that one can say how often."""

    times: PositiveInt | None = Field(
        None, description="How often it strikes; else until it is cleared."
    )


class HttpFault(Counted):
    """Strikes at requests; without a method or a path, at all of them."""

    method: Method | None = Field(None, description="Only requests of this method.")
    path: re.Pattern[str] | None = Field(
        None, description="A regular expression that is found in the path, encoded or decoded."
    )


class Latency(HttpFault):
    """The answer takes long."""

    title = "Slow answers"
    summary = "Each request waits before it is served."
    kind: Literal["latency"] = "latency"
    seconds: Seconds = Field(description="How long a request waits.")


class RateLimit(HttpFault):
    """The caller is told to come back later."""

    title = "Too many requests"
    summary = "Requests are refused with 429, with or without a Retry-After header."
    kind: Literal["rate-limit"] = "rate-limit"
    retry_after: int | None = Field(
        None, ge=0, description="Seconds for the Retry-After header; empty leaves the header out."
    )


class ServerError(HttpFault):
    """The server fails."""

    title = "Server error"
    summary = "Requests fail with 5xx: before anything was done, or after it was done."
    kind: Literal["server-error"] = "server-error"
    status: int = Field(502, ge=500, le=599, description="The status of the answer.")
    when: Literal["before", "after"] = Field(
        "before", description="Before the effect, or after it: then only the answer is lost."
    )


class StoppedPart(Fault):
    """Nobody is there."""

    title = "Stopped part"
    summary = "The part is stopped; clearing the fault starts it again with its state."
    part: Literal["gitlab", "cluster", "catalog", "slack"] = Field(description="Who is stopped.")
    kind: Literal["stopped-part"] = "stopped-part"


class WebhookFault(Counted):
    """Strikes at GitLab's webhooks on their way."""

    part: Literal["gitlab"] = Field(description="Where it strikes.")
    event: Event | None = Field(None, description="Only webhooks of this event.")
    url: re.Pattern[str] | None = Field(
        None, description="A regular expression that is found in the receiver's address."
    )


class DroppedWebhooks(WebhookFault):
    """They never arrive."""

    title = "Dropped webhooks"
    summary = "Webhooks are lost on their way, and GitLab does not notice."
    kind: Literal["dropped-webhooks"] = "dropped-webhooks"


class DoubledWebhooks(WebhookFault):
    """They arrive twice."""

    title = "Doubled webhooks"
    summary = "Webhooks arrive twice, with the same Idempotency-Key."
    kind: Literal["doubled-webhooks"] = "doubled-webhooks"


class ReorderedWebhooks(WebhookFault):
    """A later one overtakes."""

    title = "Reordered webhooks"
    summary = "A webhook lets the next one of its receiver go first."
    kind: Literal["reordered-webhooks"] = "reordered-webhooks"
    seconds: Seconds = Field(5.0, description="How long it waits for the next one at most.")


class PipelineFault(Counted):
    """Strikes at jobs that begin."""

    part: Literal["gitlab"] = Field(description="Where it strikes.")
    project: re.Pattern[str] | None = Field(
        None, description="A regular expression that is found in the project's full path."
    )
    job: re.Pattern[str] | None = Field(
        None, description="A regular expression that is found in the job's name."
    )


class SlowPipeline(PipelineFault):
    """Jobs take long."""

    title = "Slow pipeline"
    summary = "Each job sleeps before its own commands."
    kind: Literal["slow-pipeline"] = "slow-pipeline"
    seconds: Seconds = Field(description="How long a job sleeps.")


class FailingPipeline(PipelineFault):
    """Jobs fail."""

    title = "Failing pipeline"
    summary = "Each job fails before its own commands."
    kind: Literal["failing-pipeline"] = "failing-pipeline"


class ApplicationFault(Fault):
    """Strikes at what runs in the namespace of one application."""

    part: Literal["cluster"] = Field(description="Where it strikes.")
    application: str = Field(
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        max_length=63,
        description="The application's name, which is its namespace: payments-checkout-hello.",
    )
    progress_deadline: Seconds = Field(
        5.0,
        description="Seconds until its rollout counts as failed; a cluster would wait ten minutes.",
    )


class DegradedApplication(ApplicationFault):
    """Its processes crash."""

    title = "Degraded application"
    summary = (
        "The application's processes crash as soon as they run, until Argo CD calls it Degraded."
    )
    kind: Literal["degraded-application"] = "degraded-application"


class FullQuota(ApplicationFault):
    """There is no room for more."""

    title = "Full quota"
    summary = "The namespace's quota is used up; what is there stays, and nothing more is let in."
    kind: Literal["full-quota"] = "full-quota"
    resource: Literal["pods", "services", "configmaps", "secrets"] = Field(
        "pods", description="What there must be no more of."
    )


ALL: tuple[type[Fault], ...] = (
    Latency,
    RateLimit,
    ServerError,
    StoppedPart,
    DroppedWebhooks,
    DoubledWebhooks,
    ReorderedWebhooks,
    SlowPipeline,
    FailingPipeline,
    DegradedApplication,
    FullQuota,
)
AnyFault = Annotated[
    Latency
    | RateLimit
    | ServerError
    | StoppedPart
    | DroppedWebhooks
    | DoubledWebhooks
    | ReorderedWebhooks
    | SlowPipeline
    | FailingPipeline
    | DegradedApplication
    | FullQuota,
    Field(discriminator="kind"),
]
WISH: TypeAdapter[AnyFault] = TypeAdapter(AnyFault)
