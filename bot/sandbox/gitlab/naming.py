"""What GitLab accepts as a name and a path."""

import json
import re

from bot.sandbox.gitlab import errors

_PROJECT_NAME = re.compile(r"[\w\U0001f300-\U0001faff][\w\U0001f300-\U0001faff .+\-\u2013\u2014]*")
_GROUP_NAME = re.compile(r"[\w\U0001f300-\U0001faff][\w\U0001f300-\U0001faff .()\-\u2013\u2014]*")
_PROJECT_PATH = re.compile(r"[a-zA-Z0-9]+(?:[._-][a-zA-Z0-9]+)*")
_GROUP_PATH = re.compile(r"[a-zA-Z0-9_.][a-zA-Z0-9_\-.]*[a-zA-Z0-9_\-]|[a-zA-Z0-9_]")
_LONGEST = 255
_PROJECT_NAME_RULE = (
    "can contain only letters, digits, emoji, '_', '.', '+', dashes, or spaces."
    " It must start with a letter, digit, emoji, or '_'."
)
_GROUP_NAME_RULE = (
    "can contain only letters, digits, emoji, '_', '.', dash, space, parenthesis."
    " It must start with letter, digit, emoji or '_'."
)
_PROJECT_PATH_RULE = "must not start or end with a special character and must not contain consecutive special characters."
_GROUP_PATH_RULE = "can contain only letters, digits, '_', '-' and '.'. Cannot start with '-' or end in '.', '.git' or '.atom'."
_RESERVED = frozenset(
    [
        "-",
        "badges",
        "blame",
        "blob",
        "builds",
        "commits",
        "create",
        "create_dir",
        "edit",
        "files",
        "find_file",
        "new",
        "preview",
        "raw",
        "refs",
        "tree",
        "update",
        "wikis",
    ]
)
_RESERVED_AT_TOP = frozenset(
    [
        "-",
        ".well-known",
        "404.html",
        "422.html",
        "500.html",
        "502.html",
        "503.html",
        "admin",
        "api",
        "apple-touch-icon.png",
        "assets",
        "dashboard",
        "deploy.html",
        "explore",
        "favicon.ico",
        "favicon.png",
        "groups",
        "health_check",
        "help",
        "import",
        "jwt",
        "login",
        "o",
        "oauth",
        "profile",
        "projects",
        "public",
        "robots.txt",
        "s",
        "sandbox",
        "search",
        "sitemap",
        "sitemap.xml",
        "sitemap.xml.gz",
        "slash-command-logo.png",
        "snippets",
        "unsubscribes",
        "uploads",
        "users",
        "v2",
    ]
)


def path_from(name: str) -> str:
    """The path that GitLab makes of a project's name."""
    return re.sub(r"[^a-z0-9_.]+", "-", name.lower()).strip("-._")


def check_project(name: str, path: str) -> None:
    """Refuse what no project may be called.

    Raises:
        ApiError: field by field what is wrong.
    """
    problems: dict[str, list[str]] = {}
    if len(name) > _LONGEST:
        problems["name"] = ["is too long (maximum is 255 characters)"]
    elif not _PROJECT_NAME.fullmatch(name):
        problems["name"] = [_PROJECT_NAME_RULE]
    _check_path(path, problems, _PROJECT_PATH, _PROJECT_PATH_RULE, _RESERVED)
    if problems:
        raise errors.bad_request(problems)


def check_group(name: str, path: str, *, is_top: bool) -> None:
    """Refuse what no group may be called.

    Raises:
        ApiError: field by field what is wrong.
    """
    problems: dict[str, list[str]] = {}
    if len(name) > _LONGEST:
        problems["name"] = ["is too long (maximum is 255 characters)"]
    elif not _GROUP_NAME.fullmatch(name):
        problems["name"] = [_GROUP_NAME_RULE]
    reserved = _RESERVED_AT_TOP if is_top else _RESERVED
    _check_path(path, problems, _GROUP_PATH, _GROUP_PATH_RULE, reserved)
    if problems:
        raise group_refused(problems)


def group_refused(problems: dict[str, list[str]]) -> errors.ApiError:
    """Groups tell their problems as Ruby prints a hash."""
    words = ", ".join(f":{field}=>{json.dumps(texts)}" for field, texts in problems.items())
    return errors.bad_request(f"Failed to save group {{{words}}}")


def _check_path(
    path: str,
    problems: dict[str, list[str]],
    pattern: re.Pattern[str],
    rule: str,
    reserved: frozenset[str],
) -> None:
    if len(path) > _LONGEST:
        problems["path"] = ["is too long (maximum is 255 characters)"]
    elif not pattern.fullmatch(path) or path.endswith((".git", ".atom")):
        problems["path"] = [rule]
    elif path.lower() in reserved:
        problems["path"] = [f"{path} is a reserved name"]
