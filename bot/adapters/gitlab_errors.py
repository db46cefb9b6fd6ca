"""What GitLab's refusals mean for whoever asked, and what to do about them."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

import gitlab
import requests

from bot.adapters.retry_after import retry_after
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.secrecy import masked

_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _CONFLICT, _TOO_MANY = 401, 403, 404, 409, 429
_SERVER_ERRORS = range(500, 600)
_BUSY = frozenset({_TOO_MANY, 503})

_OVERTAKEN = re.compile(
    r"a file with this name (already exists|doesn't exist)"
    r"|file (that )?has changed since you started editing"
    r"|only create or edit files when you are on a branch"
    r"|could not update refs?/|please refresh and try again|reference update",
    re.IGNORECASE,
)
_BEING_DELETED = "is still being deleted"
_TOKEN_FIX = "Put a valid token with the scope “api” in GITLAB_TOKEN and start the bot again."  # noqa: S105 advice, not a secret
_ADDRESS_FIX = "Set GITLAB_URL to the address at which GitLab answers people."


def is_taken(error: gitlab.GitlabError) -> bool:
    """Whether somebody was faster, or a deleted namespace still holds the name."""
    return "has already been taken" in words(error).lower()


def is_missing(error: gitlab.GitlabError) -> bool:
    """Whether there is no such thing, as far as the bot can see."""
    return error.response_code == _NOT_FOUND


def refuse_busy(response: requests.Response, *_: object, **__: object) -> None:
    """Hand "come back later" to us before the client library sleeps on it (a hook on its session).

    The library keeps no headers of an answer, and `Retry-After` is what counts here.
    """
    if response.status_code in _BUSY:
        body = response.text
        response.close()
        raise requests.HTTPError(body, response=response)


def translated(error: Exception, doing: str, *, now: datetime) -> TemporaryError | PermanentError:
    """Say what happened, once, in words for people.

    Args:
        error: GitLab's refusal, or the network's.
        doing: what was tried, as the end of "GitLab could not be asked to ...".
        now: to read a `Retry-After` that names a date.
    """
    match error:
        case gitlab.RedirectError():
            return PermanentError(
                f"GitLab sent the bot to another address when it tried to {doing}.", _ADDRESS_FIX
            )
        case gitlab.GitlabParsingError():
            return PermanentError(
                f"What answers at GITLAB_URL is not GitLab's API (when the bot tried to {doing}).",
                _ADDRESS_FIX,
            )
        case gitlab.GitlabError():
            return _refusal(error, doing)
        case requests.RequestException():
            return _network(error, doing, now=now)
        case _:
            return TemporaryError(f"GitLab could not be asked to {doing}: {error}")


def _network(
    error: requests.RequestException, doing: str, *, now: datetime
) -> TemporaryError | PermanentError:
    if error.response is not None and error.response.status_code in _BUSY:
        wait = retry_after(error.response.headers, now=now)
        if error.response.status_code == _TOO_MANY:
            return TemporaryError(
                f"GitLab asked the bot to slow down when it tried to {doing}.", wait
            )
        return TemporaryError(f"GitLab is not available (503) to {doing}.", wait)
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY" in str(error):
        return PermanentError(
            "GitLab's certificate is not trusted here.",
            "Add its authority to the bot's certificates (REQUESTS_CA_BUNDLE names the file).",
        )
    if isinstance(error, requests.exceptions.Timeout):
        return TemporaryError(f"GitLab did not answer in time when the bot tried to {doing}.")
    if isinstance(error, ValueError):
        return PermanentError("GITLAB_URL is no address that can be called.", _ADDRESS_FIX)
    return TemporaryError(f"GitLab could not be reached to {doing}.")


def _refusal(error: gitlab.GitlabError, doing: str) -> TemporaryError | PermanentError:
    said, code = words(error), error.response_code or 0
    if code in _SERVER_ERRORS:
        return TemporaryError(f"GitLab failed ({code}) when the bot tried to {doing}.")
    if code == _TOO_MANY or (code == _CONFLICT and "resource lock" in said.lower()):
        return TemporaryError(f"GitLab was busy ({code}) when the bot tried to {doing}.")
    if _BEING_DELETED in said.lower():
        return TemporaryError(f"GitLab could not {doing} yet: {said}")
    if _OVERTAKEN.search(said):
        return TemporaryError(f"The branch changed while the bot tried to {doing}: {said}")
    return _final(code, said, doing)


def _final(code: int, said: str, doing: str) -> PermanentError:
    if code == _UNAUTHORIZED:
        return PermanentError(f"GitLab refused the bot's token: {said}", _TOKEN_FIX)
    if code == _FORBIDDEN and "insufficient_scope" in said:
        return PermanentError(f"The bot's GitLab token has no right to {doing}: {said}", _TOKEN_FIX)
    if code == _FORBIDDEN:
        return PermanentError(
            f"GitLab does not let the bot {doing}: {said}",
            "Give the bot's GitLab user the role Owner in the platform's group, then retry.",
        )
    if code == _NOT_FOUND:
        return PermanentError(
            f"GitLab found nothing there when the bot tried to {doing}: {said}",
            "Check that it exists and that the bot's GitLab user is a member, then retry.",
        )
    if "has already been taken" in said.lower():
        return PermanentError(
            f"GitLab could not {doing}: {said}. Something deleted may still hold the name.",
            "Choose another name, or remove what holds this one for good, then retry.",
        )
    return PermanentError(
        f"GitLab refused to {doing}: {said}", "Mend what GitLab names, then retry."
    )


def words(error: gitlab.GitlabError) -> str:
    """GitLab's own words, whatever shape it gave them: a text, a list, or lists under field names.

    They are masked before they are cut: nobody would know half a secret for one.
    """
    said = "; ".join(_sentences(error.error_message)) or str(error)
    if said.lstrip().startswith("<"):
        said = f"an HTML page instead of an answer ({error.response_code})"
    return masked(": ".join(dict.fromkeys([*_oauth_words(error), said])))[:500]


def _oauth_words(error: gitlab.GitlabError) -> Iterator[str]:
    """What a refused token is told beside the message, of which the client library keeps one word at most."""
    try:
        body = json.loads(error.response_body or b"")
    except ValueError:
        return
    if isinstance(body, dict):
        yield from (str(body[name]) for name in ("error", "error_description") if name in body)


def _sentences(message: object, field: str = "") -> Iterator[str]:
    match message:
        case Mapping():
            for key, value in message.items():
                yield from _sentences(value, str(key))
        case [] | () if field:
            yield field
        case list() | tuple():
            for value in message:
                yield from _sentences(value, field)
        case bytes():
            yield from _sentences(message.decode(errors="replace"), field)
        case _ if message:
            yield f"{field} {message}".strip() if field else str(message)
