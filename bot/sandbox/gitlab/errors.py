"""How GitLab says no: a status with one of its two JSON shapes."""

from typing import Any


class ApiError(Exception):
    """The answer is this error and nothing has been changed."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}


def bad_parameter(problem: str) -> ApiError:
    """A parameter is missing or is not what it should be, as Grape words it."""
    return ApiError(400, {"error": problem})


def bad_request(message: object) -> ApiError:
    """The parameters make no sense together, or a model refused them."""
    return ApiError(400, {"message": message})


def invalid(**problems: list[str]) -> ApiError:
    """A model refused its attributes, field by field."""
    return ApiError(400, {"message": problems})


def unauthorized() -> ApiError:
    """No token, or one that nobody knows."""
    return ApiError(401, {"message": "401 Unauthorized"})


def invalid_token(description: str) -> ApiError:
    """A token that was good once."""
    return ApiError(401, {"error": "invalid_token", "error_description": description})


def insufficient_scope(scope: str) -> ApiError:
    """A good token that was made for less."""
    return ApiError(
        403,
        {
            "error": "insufficient_scope",
            "error_description": "The request requires higher privileges than provided by the access token.",
            "scope": scope,
        },
    )


def forbidden(reason: str = "") -> ApiError:
    """One may see it but not do this."""
    return ApiError(403, {"message": f"403 Forbidden - {reason}" if reason else "403 Forbidden"})


def not_found(what: str = "") -> ApiError:
    """It is not there, or one may not know that it is."""
    return ApiError(404, {"message": f"404 {what} Not Found" if what else "404 Not found"})


def conflict(message: object) -> ApiError:
    """Something is in the way."""
    return ApiError(409, {"message": message})


def unprocessable(message: object) -> ApiError:
    """A model refused its attributes, on the routes that answer 422."""
    return ApiError(422, {"message": message})
