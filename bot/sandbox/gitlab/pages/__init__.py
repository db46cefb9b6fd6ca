"""Pages to look at: what the API's `web_url`s open. They show everything, since the sandbox has no login."""
