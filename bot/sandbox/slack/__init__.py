"""A Slack workspace on this machine: Web API, Socket Mode, signed HTTP, and a page to chat in."""

from bot.sandbox.slack.identity import IDP_BOT, Command, Hint, Person, SlackApp
from bot.sandbox.slack.server import SlackWorkspace, serve
from bot.sandbox.slack.workspace import PLATFORM

__all__ = [
    "IDP_BOT",
    "PLATFORM",
    "Command",
    "Hint",
    "Person",
    "SlackApp",
    "SlackWorkspace",
    "serve",
]
