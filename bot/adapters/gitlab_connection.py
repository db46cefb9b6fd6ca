"""The connections to GitLab, with each request counted."""

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override

from bot.adapters.outside_calls import outside_call


class GitLabConnection(HTTPAdapter):
    """What the client library sends its requests with, from any thread."""

    @override
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        what = f"{request.method} {urlsplit(request.path_url).path}"
        with outside_call("gitlab", what) as call:
            response = super().send(request, *args, **kwargs)
            call.answered(response.status_code)
            return response
