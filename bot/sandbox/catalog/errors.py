"""How Backstage words a refusal."""

from dataclasses import dataclass
from typing import Any

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with an entity or its source."""

    name: str
    message: str

    @override
    def __str__(self) -> str:
        """As an error prints in Backstage's own language."""
        return f"{self.name}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "message": self.message}


class ApiError(Exception):
    """A call that is answered with an error."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(name, message)

    def body(self, *, method: str, url: str) -> dict[str, Any]:
        """The body that every error has."""
        return {
            "error": self.problem.as_json(),
            "request": {"method": method, "url": url},
            "response": {"statusCode": self.status},
        }


def input_error(message: str) -> ApiError:
    """What the caller sent makes no sense."""
    return ApiError(400, "InputError", message)


def not_found(message: str) -> ApiError:
    """There is no such thing."""
    return ApiError(404, "NotFoundError", message)
