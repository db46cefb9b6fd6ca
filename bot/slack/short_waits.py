"""Waits out the short pauses that Slack asks for; longer ones are for whoever called to put off."""

from datetime import timedelta
from http import HTTPStatus

from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.http_retry.request import HttpRequest
from slack_sdk.http_retry.response import HttpResponse
from slack_sdk.http_retry.state import RetryState
from typing_extensions import override

from bot.slack import web_api

LONGEST = timedelta(seconds=3)
TRIES = 2


class ShortWaits(AsyncRateLimitErrorRetryHandler):
    """Slack's own handler, which sleeps for as long as a 429 says, kept from doing so for more than some seconds.

    Whoever tells people of a job holds the job meanwhile: nobody else can act on what reaches it.
    """

    def __init__(self) -> None:
        super().__init__(max_retry_count=TRIES)

    @override
    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if response is None or response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
            return False
        asked = web_api.wait_asked_for(response.headers)
        return asked is not None and asked <= LONGEST
