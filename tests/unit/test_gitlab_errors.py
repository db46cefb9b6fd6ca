"""Every refusal of GitLab becomes a sentence that says what to do, or a reason to try again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import gitlab
import pytest
import requests

from bot.adapters.gitlab_errors import translated
from bot.adapters.retry_after import retry_after
from bot.domain import secrecy
from bot.domain.errors import PermanentError, TemporaryError

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
DOING = "create the project idp/payments/hello"


def refusal(status: int, message: Any = "", body: bytes = b"") -> gitlab.GitlabHttpError:
    return gitlab.GitlabHttpError(message, status, body)


def meant(error: Exception) -> TemporaryError | PermanentError:
    return translated(error, DOING, now=NOW)


@pytest.mark.parametrize(
    "error",
    [
        refusal(500, "500 Internal Server Error"),
        refusal(502, b"<html><body>Bad Gateway</body></html>"),
        refusal(504),
        refusal(520),
        refusal(429, "Retry later"),
        refusal(400, {"base": ["The project is still being deleted. Please try again later."]}),
        refusal(409, "409 Conflict: Resource lock"),
        refusal(400, "You can only create or edit files when you are on a branch"),
        refusal(400, "A file with this name already exists"),
        refusal(400, "A file with this name doesn't exist"),
        refusal(
            400, "You are attempting to update a file that has changed since you started editing it"
        ),
        refusal(400, "Could not update refs/heads/main. Please refresh and try again."),
        requests.ConnectionError("refused"),
        requests.exceptions.ReadTimeout("slow"),
        requests.exceptions.ConnectTimeout("slow"),
        requests.exceptions.ChunkedEncodingError("cut"),
        requests.exceptions.SSLError("EOF occurred in violation of protocol"),
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    found = meant(error)
    assert isinstance(found, TemporaryError)
    assert DOING in found.cause
    assert "<html>" not in found.cause


@pytest.mark.parametrize(
    ("error", "cause", "fix"),
    [
        (gitlab.GitlabAuthenticationError("401 Unauthorized", 401), "refused the bot's token", "GITLAB_TOKEN"),
        (refusal(403, "insufficient_scope"), "no right to create", "GITLAB_TOKEN"),
        (refusal(403, "", b'{"error":"insufficient_scope"}'), "no right to create", "scope “api”"),
        (
            refusal(401, "invalid_token", b'{"error":"invalid_token","error_description":"Token was revoked."}'),
            "refused the bot's token: invalid_token: Token was revoked.",
            "GITLAB_TOKEN",
        ),
        (refusal(400, {"limit_reached": [], "name": ["is too long"]}), "limit_reached; name is too long", "Mend"),
        (refusal(403, "403 Forbidden"), "403 Forbidden", "role Owner"),
        (refusal(404, "404 Group Not Found"), "404 Group Not Found", "is a member"),
        (refusal(400, {"path": ["has already been taken"]}), "path has already been taken", "another name"),
        (refusal(400, {"name": ["is too long"], "base": ["x"]}), "name is too long; base x", "Mend"),
        (refusal(400, {"visibility_level": {"a": ["b", "c"]}}), "a b; a c", "Mend"),
        (refusal(409, "Member already exists"), "Member already exists", "Mend"),
        (refusal(422, "Invalid url given"), "Invalid url given", "Mend"),
        (gitlab.RedirectError("moved"), "another address", "GITLAB_URL"),
        (gitlab.GitlabParsingError("no JSON"), "not GitLab's API", "GITLAB_URL"),
        (requests.exceptions.InvalidURL("no"), "no address", "GITLAB_URL"),
        (requests.exceptions.MissingSchema("no"), "no address", "GITLAB_URL"),
        (
            requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
            "not trusted",
            "REQUESTS_CA_BUNDLE",
        ),
    ],
    ids=str,
)  # fmt: skip
def test_what_needs_a_person_says_what_to_do(error: Exception, cause: str, fix: str) -> None:
    found = meant(error)
    assert isinstance(found, PermanentError)
    assert cause in found.cause
    assert fix in found.fix


def test_a_page_instead_of_an_answer_is_not_shown_to_people() -> None:
    found = meant(refusal(400, b"<!DOCTYPE html><html>...</html>"))
    assert isinstance(found, PermanentError)
    assert "an HTML page instead of an answer (400)" in found.cause


def test_gitlabs_words_are_cut_to_what_people_read() -> None:
    assert len(meant(refusal(400, "x" * 5000)).args[0]) < 800


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", 7),
        ("0", 0),
        ("999999", 3600),
        ("9" * 5000, 3600),
        ("0" * 5000 + "7", 7),
        ("Wed, 21 Oct 9999 23:59:59 -2359", 3600),
        ("Wed, 99999999999 Oct 2026 07:28:00 GMT", None),
        ("Mon, 05 Jan 2026 09:00:30 GMT", 30),
        ("Mon, 05 Jan 2026 08:00:00 GMT", 0),
        ("Mon, 05 Jan 2026 09:00:30 -0000", 30),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_never_more_than_an_hour(
    value: str, wait: int | None
) -> None:
    found = retry_after({"Retry-After": value}, now=NOW)
    assert found == (None if wait is None else timedelta(seconds=wait))


def test_a_date_means_nothing_where_none_is_expected() -> None:
    assert retry_after({"Retry-After": "Mon, 05 Jan 2026 09:00:30 GMT"}, now=None) is None


def test_no_retry_after_is_no_wish() -> None:
    assert retry_after({}, now=NOW) is None


def test_a_secret_at_the_edge_of_what_is_kept_of_long_words_is_masked_as_a_whole() -> None:
    token = "glpat-canary-at-the-edge-0123456789"
    secrecy.keep(token)

    told = meant(refusal(400, "x" * 475 + token + " and more"))

    assert "glpat-canary" not in str(told)
    assert secrecy.MASK in told.cause
