"""Users, members and tokens."""

from datetime import datetime
from typing import Any

from bot.sandbox.gitlab.access import is_over
from bot.sandbox.gitlab.entities.times import day, iso
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Level, Member, Token, User

_LIFE: dict[str, Any] = {
    "bio": "",
    "location": "",
    "public_email": None,
    "linkedin": "",
    "twitter": "",
    "discord": "",
    "website_url": "",
    "organization": "",
    "job_title": "",
    "pronouns": None,
    "work_information": None,
    "followers": 0,
    "following": 0,
    "local_time": None,
}


def basic(forge: Forge, user: User) -> dict[str, Any]:
    """A user in a list or beside what they did."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "state": "active",
        "locked": False,
        "avatar_url": None,
        "web_url": f"{forge.url}/{user.username}",
    }


def basic_by_id(forge: Forge, number: int | None) -> dict[str, Any] | None:
    """The same by id, null where nobody is meant."""
    user = forge.store.users.get(number)
    return basic(forge, user) if user else None


def full(forge: Forge, user: User) -> dict[str, Any]:
    """A user's own page."""
    return basic(forge, user) | {"created_at": iso(user.created_at), "bot": user.bot} | _LIFE


def with_email(forge: Forge, user: User) -> dict[str, Any]:
    """A user as they see themselves, or as an administrator does."""
    return full(forge, user) | {
        "email": user.email,
        "commit_email": user.email,
        "confirmed_at": iso(user.created_at),
        "last_sign_in_at": None,
        "current_sign_in_at": None,
        "theme_id": 1,
        "color_scheme_id": 1,
        "projects_limit": 100000,
        "identities": [],
        "can_create_group": True,
        "can_create_project": True,
        "two_factor_enabled": False,
        "external": False,
        "private_profile": False,
        "is_admin": user.admin,
    }


def member(forge: Forge, record: Member) -> dict[str, Any]:
    """Somebody's role."""
    return basic(forge, forge.store.users[record.user_id]) | {
        "access_level": int(record.access_level),
        "created_at": iso(record.created_at),
        "created_by": basic_by_id(forge, record.created_by_id),
        "expires_at": day(record.expires_at),
        "membership_state": "active",
    }


def personal_token(token: Token, now: datetime) -> dict[str, Any]:
    """A token without its secret."""
    return {
        "id": token.id,
        "name": token.name,
        "revoked": token.revoked,
        "created_at": iso(token.created_at),
        "description": token.description,
        "scopes": list(token.scopes),
        "user_id": token.user_id,
        "last_used_at": iso(token.last_used_at),
        "active": not token.revoked and not is_over(token, now.date()),
        "expires_at": day(token.expires_at),
    }


def project_token(token: Token, now: datetime) -> dict[str, Any]:
    """A project's access token."""
    return personal_token(token, now) | {
        "access_level": int(token.access_level or Level.NONE),
        "resource_type": "project",
        "resource_id": token.project_id,
    }


def deploy_token(token: Token, now: datetime) -> dict[str, Any]:
    """A deploy token."""
    return {
        "id": token.id,
        "name": token.name,
        "username": token.username,
        "expires_at": day(token.expires_at),
        "scopes": list(token.scopes),
        "revoked": token.revoked,
        "expired": is_over(token, now.date()),
    }
