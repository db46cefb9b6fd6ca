"""Who takes part in the workspace: its people, and the app that is installed in it."""

from dataclasses import dataclass

TEAM_ID = "T0DEMO"
TEAM_NAME = "Demo"
TEAM_DOMAIN = "demo"


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the workspace whom somebody at the page can be."""

    id: str
    name: str
    real_name: str
    email: str
    tz: str = "Europe/Berlin"
    title: str = ""  # what they do, as their profile says it


@dataclass(frozen=True, slots=True)
class Hint:
    """A line of the list that opens while a slash command is typed."""

    usage: str
    description: str


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command, as the app's manifest declares it."""

    name: str
    description: str
    hints: tuple[Hint, ...] = ()


@dataclass(frozen=True, slots=True)
class SlackApp:
    """The installed app: what Slack would read from its manifest."""

    id: str
    name: str
    bot_id: str
    user_id: str
    commands: tuple[Command, ...]
    events: tuple[str, ...]
    scopes: tuple[str, ...]
    request_url: str = (
        ""  # where all signed requests go while no socket is open, options among them
    )
    takes_messages: bool = True  # whether people may write to it directly


IDP_BOT = SlackApp(
    id="A0IDPBOT",
    name="idp",
    bot_id="B0IDPBOT",
    user_id="U0IDPBOT",
    commands=(
        Command(
            "/idp",
            "Your developer platform",
            (
                Hint(
                    "new-app", "A new application from a golden-path template, up to its live URL"
                ),
                Hint("new-system", "A new system in the catalog, for applications to belong to"),
                Hint("status", "How something stands"),
                Hint("jobs", "The newest requests"),
                Hint("retry", "Go on from the step that failed"),
                Hint("fix", "Answer anew what the form asked, where that is at fault"),
                Hint("cancel", "Stop after what is being done now"),
                Hint("undo", "Take back what a failed or cancelled request has made"),
                Hint("help", "Everything it can do"),
            ),
        ),
    ),
    events=("app_home_opened",),
    scopes=(
        "commands",
        "chat:write",
        "chat:write.public",
        "channels:join",
        "channels:history",
        "groups:history",
        "im:history",
        "im:write",
        "users:read",
        "users:read.email",
    ),
    takes_messages=False,
)
