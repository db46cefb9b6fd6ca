"""Whether Slack lets the bot do what it does."""

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import PermanentError
from bot.ports.finding import Checkup, Finding, Findings, failed, ok
from bot.slack import web_api

SCOPES = frozenset(
    {
        "channels:history",
        "channels:join",
        "chat:write",
        "chat:write.public",
        "commands",
        "groups:history",
        "im:history",
        "im:write",
        "users:read",
        "users:read.email",
    }
)
"""What docs/slack-app-manifest.yaml asks for."""

_SYSTEM = "Slack"
_BOT_TOKEN_FIX = (
    "Set SLACK_BOT_TOKEN to the Bot User OAuth Token of the installed app (it starts with xoxb-)."  # noqa: S105 advice, not a secret
)
_APP_TOKEN_FIX = "Set SLACK_APP_TOKEN to an app-level token with the scope connections:write (it starts with xapp-)."  # noqa: S105 advice, not a secret

_CHANNEL_FIX = (
    "Set IDP_PLATFORM_CHANNEL to the channel's id and, if it is private, invite the bot to it."
)


def checkup(
    client: AsyncWebClient, *, app_token: SecretStr | None, platform_channel: str
) -> Checkup:
    """Look at the bot's token and its scopes, at the platform team's channel, and at how Slack reaches the bot.

    Args:
        client: with the bot's token.
        app_token: for Socket Mode; None where Slack calls the bot over HTTP.
        platform_channel: where the platform team is asked for help; empty where that is nowhere.
    """
    return Checkup(_SYSTEM, "SLACK_API_URL", _findings(client, app_token, platform_channel))


async def _findings(
    client: AsyncWebClient, app_token: SecretStr | None, platform_channel: str
) -> Findings:
    try:
        with web_api.translated("accept the bot's token"):
            answer = await client.auth_test()
    except PermanentError as error:
        yield ok(_SYSTEM, "reachable", f"It answers at {client.base_url}.")
        yield failed(_SYSTEM, "bot token", error.cause, _BOT_TOKEN_FIX)
    else:
        yield ok(_SYSTEM, "reachable", f"It answers at {client.base_url}.")
        yield _token(answer.get("team"), answer.get("user"), is_bot=bool(answer.get("bot_id")))
        yield _scopes({name.lower(): value for name, value in answer.headers.items()})
        if platform_channel:
            yield await _platform_channel(client, platform_channel)
    yield await _delivery(client, app_token)


def _token(team: object, user: object, *, is_bot: bool) -> Finding:
    if not is_bot:
        return failed(_SYSTEM, "bot token", "It is valid, but is not a bot's.", _BOT_TOKEN_FIX)
    return ok(_SYSTEM, "bot token", f"It belongs to the bot {user} in the workspace {team}.")


def _scopes(headers: dict[str, str]) -> Finding:
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")}
    missing = sorted(SCOPES - granted)
    if missing:
        return failed(
            _SYSTEM,
            "scopes",
            f"The app lacks {', '.join(missing)}.",
            "Paste docs/slack-app-manifest.yaml into the app's manifest and install the app again.",
        )
    return ok(_SYSTEM, "scopes", "All that the app's manifest asks for are granted.")


async def _platform_channel(client: AsyncWebClient, channel: str) -> Finding:
    """Whether the bot may post there: as a member, or because the channel is public."""
    name = "platform channel"
    with web_api.translated("show the platform team's channel"):
        try:
            await client.conversations_history(channel=channel, limit=1)
        except SlackApiError as error:
            match web_api.error_code(error):
                case "not_in_channel":
                    return ok(_SYSTEM, name, f"{channel} is public, so the bot can post there.")
                case "channel_not_found":
                    return failed(
                        _SYSTEM, name, f"Slack shows the bot no channel {channel}.", _CHANNEL_FIX
                    )
            raise
    return ok(_SYSTEM, name, f"The bot is a member of {channel}.")


async def _delivery(client: AsyncWebClient, app_token: SecretStr | None) -> Finding:
    if app_token is None:
        return ok(_SYSTEM, "signing secret", "It is set; Slack calls the bot over HTTP.")
    try:
        with web_api.translated("open a socket with the app's token"):
            await client.apps_connections_open(app_token=app_token.get_secret_value())
    except PermanentError as error:
        return failed(_SYSTEM, "app token", error.cause, _APP_TOKEN_FIX)
    return ok(_SYSTEM, "app token", "It opens a socket.")
