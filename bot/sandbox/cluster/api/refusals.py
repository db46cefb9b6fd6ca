"""What the API server refuses, each as the Status object that a real one answers with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from bot.sandbox.cluster.api.resources import Resource

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cause:
    """One field at fault; a Status lists them all."""

    field: str
    reason: str
    message: str

    def as_json(self) -> Object:
        return {"reason": self.reason, "message": self.message, "field": self.field}


class Refusal(Exception):
    """An answer that is not the one asked for."""

    def __init__(
        self, code: HTTPStatus, reason: str, message: str, *, details: Object | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> Object:
        answer: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": int(self.code),
        }
        if self.details:
            answer["details"] = self.details
        return answer


def not_found(resource: Resource, name: str) -> Refusal:
    """Tell that no object has this name."""
    return Refusal(
        HTTPStatus.NOT_FOUND,
        "NotFound",
        f'{resource.qualified} "{name}" not found',
        details=_details(resource, name),
    )


def no_such_path() -> Refusal:
    """Tell that no resource is served under this path, in a real server's words."""
    message = "the server could not find the requested resource"
    return Refusal(HTTPStatus.NOT_FOUND, "NotFound", message, details={})


def already_exists(resource: Resource, name: str) -> Refusal:
    """Tell that the name is taken."""
    return Refusal(
        HTTPStatus.CONFLICT,
        "AlreadyExists",
        f'{resource.qualified} "{name}" already exists',
        details=_details(resource, name),
    )


def conflict(resource: Resource, name: str, why: str) -> Refusal:
    """Tell that the object is no longer the one that the writer has seen."""
    return Refusal(
        HTTPStatus.CONFLICT,
        "Conflict",
        f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}',
        details=_details(resource, name),
    )


def stale(resource: Resource, name: str) -> Refusal:
    """Tell the loser of an optimistic lock to read again."""
    return conflict(
        resource,
        name,
        "the object has been modified; please apply your changes to the latest version and try again",
    )


def apply_conflict(owners: Sequence[tuple[str, str]]) -> Refusal:
    """Name every manager in the way, with the field it owns: what `--force-conflicts` would take."""
    causes = [
        Cause(field, "FieldManagerConflict", f"conflict with {manager}")
        for manager, field in owners
    ]
    listed = ", ".join(f"conflict with {manager}: {field}" for manager, field in owners)
    plural = "s" if len(owners) > 1 else ""
    return Refusal(
        HTTPStatus.CONFLICT,
        "Conflict",
        f"Apply failed with {len(owners)} conflict{plural}: {listed}",
        details={"causes": [cause.as_json() for cause in causes]},
    )


def invalid(resource: Resource, name: str, causes: Sequence[Cause]) -> Refusal:
    """Tell every field that breaks a rule at once."""
    lines = [f"{cause.field}: {cause.message}" for cause in causes]
    listed = lines[0] if len(lines) == 1 else f"[{', '.join(lines)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details: Object = {"name": name, "kind": resource.kind}
    if resource.group:
        details["group"] = resource.group
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid",
        f"{kind} {json.dumps(name)} is invalid: {listed}",
        details=details | {"causes": [cause.as_json() for cause in causes]},
    )


def invalid_options(causes: Sequence[Cause]) -> Refusal:
    """Tell what is wrong with the request's options, as opposed to its body."""
    listed = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Invalid",
        f'PatchOptions.meta.k8s.io "" is invalid: {listed}',
        details={
            "group": "meta.k8s.io",
            "kind": "PatchOptions",
            "causes": [cause.as_json() for cause in causes],
        },
    )


def unprocessable(message: str) -> Refusal:
    """Tell that the request can be read and makes no sense on this object."""
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Invalid", message)


def bad_request(message: str) -> Refusal:
    """Tell that the request itself cannot be read."""
    return Refusal(HTTPStatus.BAD_REQUEST, "BadRequest", message)


def forbidden(resource: Resource, name: str, why: str, causes: Sequence[Cause] = ()) -> Refusal:
    """Tell that a rule of the cluster, not of the schema, stands against it."""
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    details = _details(resource, name)
    if causes:
        details["causes"] = [cause.as_json() for cause in causes]
    return Refusal(
        HTTPStatus.FORBIDDEN, "Forbidden", f"{subject} is forbidden: {why}", details=details
    )


def unauthorized() -> Refusal:
    """Tell that the token is nobody's."""
    return Refusal(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized")


def method_not_allowed() -> Refusal:
    """Tell that the resource exists and the verb does not."""
    message = "the server does not allow this method on the requested resource"
    return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", message, details={})


def unsupported_media_type(accepted: Sequence[str]) -> Refusal:
    """Tell which bodies would have been understood."""
    return Refusal(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted),
    )


def expired(wanted: int, oldest: int) -> Refusal:
    """Tell a watcher or a pager that what it has seen is forgotten: list again."""
    return Refusal(HTTPStatus.GONE, "Expired", f"too old resource version: {wanted} ({oldest})")


def timeout(message: str) -> Refusal:
    """Tell a client that it is ahead of the server, to ask again in a moment."""
    return Refusal(
        HTTPStatus.GATEWAY_TIMEOUT,
        "Timeout",
        message,
        details={
            "causes": [
                {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
            ],
            "retryAfterSeconds": 1,
        },
    )


def _details(resource: Resource, name: str) -> Object:
    details: Object = {"kind": resource.plural}
    if name:
        details["name"] = name
    if resource.group:
        details["group"] = resource.group
    return details
