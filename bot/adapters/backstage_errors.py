"""What Backstage's refusals mean for whoever asked, and what to do about them."""

import re
import ssl
from datetime import datetime

import httpx

from bot.adapters.retry_after import retry_after
from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.secrecy import masked

_TOKEN_FIX = (
    "Put a token of `backend.auth.externalAccess` into BACKSTAGE_TOKEN and start the bot again."  # noqa: S105 advice, not a secret
)
_ADDRESS_FIX = "Set BACKSTAGE_URL to the address of Backstage, without a path."
_SOURCE_FAILED = re.compile(
    r"\b(429|5\d\d) [A-Z]|fetch failed|ECONN|ETIMEDOUT|[Tt]imeout|socket hang up|other side closed|[Pp]remature close"
)


def translated(
    answer: httpx.Response, doing: str, *, now: datetime
) -> TemporaryError | PermanentError:
    """Say what an error answer means, in words for people.

    Args:
        answer: with a status of 400 or more.
        doing: what was tried, as the end of "Backstage could not ...".
        now: to read a `Retry-After` that names a date.
    """
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
        wait = retry_after(answer.headers, now=now)
        return TemporaryError(f"Backstage was busy ({status}) and could not {doing}.", wait)
    if status == httpx.codes.UNAUTHORIZED:
        return PermanentError("Backstage refused the bot's token.", _TOKEN_FIX)
    if status == httpx.codes.FORBIDDEN:
        return PermanentError(
            f"Backstage does not let the bot {doing}: {words(answer)}",
            "Let the bot's token use the catalog (`accessRestrictions` of `backend.auth.externalAccess`).",
        )
    if status == httpx.codes.NOT_FOUND:
        return PermanentError(
            f"Backstage has no catalog API at this address ({doing}).", _ADDRESS_FIX
        )
    return PermanentError(
        f"Backstage could not {doing}: {words(answer)}", "Mend what Backstage names, then retry."
    )


def unreachable(error: httpx.HTTPError, doing: str) -> TemporaryError | PermanentError:
    """Say why there was no answer at all."""
    if isinstance(error.__cause__ and error.__cause__.__cause__, ssl.SSLCertVerificationError) or (
        "CERTIFICATE_VERIFY_FAILED" in str(error)
    ):
        return PermanentError(
            "Backstage's certificate is not trusted here.",
            "Add its authority to the bot's certificates (SSL_CERT_FILE names the file).",
        )
    if isinstance(error, httpx.TimeoutException):
        return TemporaryError(f"Backstage did not answer in time and could not {doing}.")
    if isinstance(error, httpx.UnsupportedProtocol):
        return PermanentError("BACKSTAGE_URL is no address that can be called.", _ADDRESS_FIX)
    return TemporaryError(f"Backstage could not be reached to {doing}.")


def no_catalog(doing: str) -> PermanentError:
    """Something answers there, but not in the catalog's words."""
    return PermanentError(
        f"What answers at BACKSTAGE_URL is not Backstage's catalog ({doing}).", _ADDRESS_FIX
    )


def refused_file(location: str, said: str) -> TemporaryError | PermanentError:
    """Say why a file is not taken: most reasons are in the file, some in Backstage's configuration."""
    if _SOURCE_FAILED.search(said):
        return TemporaryError(f"Backstage could not read {location} just now: {said}")
    cause = f"Backstage refused {location}: {said}"
    if "404 Not Found" in said:
        fix = "Commit the file, and let Backstage's GitLab token read the project."
    elif re.search(r"\b40[13] [A-Z]", said):
        fix = "Put a GitLab token that may read the project into Backstage's `integrations.gitlab`."
    elif "configure an integration" in said:
        fix = "Add the host, with its port, to `integrations.gitlab` in Backstage's configuration."
    elif "not of an allowed kind" in said:
        fix = "Allow the kind in `catalog.rules` of Backstage's configuration."
    else:
        fix = "Mend the file, commit it, then press Retry."
    return PermanentError(cause, fix)


def words(answer: httpx.Response) -> str:
    """Backstage's own words, or the start of whatever else has answered, masked before they are cut."""
    try:
        said = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        said = f"{answer.status_code} {answer.reason_phrase}"
    return masked(str(said))[:500]
