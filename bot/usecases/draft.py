"""Read a submission into the request that its template's pipeline answers."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue, TypeAdapter, ValidationError

from bot.domain.entities import Person
from bot.domain.errors import RequestRejected
from bot.domain.naming import slug_of, slug_problem
from bot.domain.request import AppRequest, Request, SystemRequest
from bot.ports.template_library import Template
from bot.usecases.form_values import schema_problems
from bot.usecases.submission import Submission

_request: TypeAdapter[AppRequest | SystemRequest] = TypeAdapter(Request)
_COMMON = ("name", "description", "owner")
_APP = (*_COMMON, "system", "hostname", "visibility")


def draft(submission: Submission, template: Template) -> AppRequest | SystemRequest:
    """The request, if it is well formed; the world has not been asked yet.

    Raises:
        RequestRejected: with a sentence for every field at fault.
    """
    values = {name: _trimmed(value) for name, value in submission.values.items()}
    problems = _slug_problems(values) | schema_problems(template, values)
    if problems:
        raise RequestRejected(problems)
    return requested(values, template, submission.requester)


def requested(
    values: Mapping[str, JsonValue], template: Template, requester: Person
) -> AppRequest | SystemRequest:
    """The request that the values make, whatever the template's own schema says to them.

    Raises:
        RequestRejected: with a sentence for every field at fault.
    """
    fields = _APP if template.pipeline == "new-app" else _COMMON
    try:
        return _request.validate_python(
            {
                "kind": template.pipeline,
                "template": template.name,
                "slug": slug_of(str(values.get("name", ""))),
                "requester": requester,
                "parameters": values,
                **{name: values[name] for name in fields if name in values},
            }
        )
    except ValidationError as error:
        raise RequestRejected(_field_problems(error)) from error


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _slug_problems(values: Mapping[str, Any]) -> dict[str, str]:
    problems = {}
    if problem := slug_problem(slug_of(str(values.get("name", "")))):
        problems["name"] = problem
    if (hostname := values.get("hostname")) is not None and (
        problem := slug_problem(str(hostname))
    ):
        problems["hostname"] = problem
    return problems


def _field_problems(error: ValidationError) -> dict[str, str]:
    problems = {}
    for problem in error.errors():
        field = next((str(part) for part in problem["loc"] if part in _APP), "name")
        missing = problem["type"] == "missing"
        problems[field] = (
            "Fill this in." if missing else problem["msg"].removeprefix("Value error, ")
        )
    return problems
