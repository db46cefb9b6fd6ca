"""What a new GitLab starts with: its people, the administrator and the first tokens."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.sandbox.gitlab import tokens
from bot.sandbox.gitlab.forge import Forge
from bot.sandbox.gitlab.model import Namespace, Token, User, Visibility

ADMIN = "idp-bot"
_ALL_SCOPES = ("api", "read_api", "read_user", "read_repository", "write_repository", "sudo")
_READ_SCOPES = ("read_api", "read_repository", "read_registry")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    username: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """The tokens that the box hands out, kept so that a restart hands out the same."""

    token: str
    read_token: str


def seeded(forge: Forge, people: Sequence[Person]) -> Credentials:
    """Make the accounts that are missing, and the administrator's tokens on the first start."""
    with forge.store.transaction():
        for person in (Person(ADMIN, "idp-bot", "idp-bot@example.com"), *people):
            if forge.user_named(person.username) is None:
                _add_user(forge, person)
    file = forge.root / "credentials.json"
    if file.exists():
        return Credentials(**json.loads(file.read_text(encoding="utf-8")))
    made = Credentials(
        token=_add_token(forge, "idp-bot", _ALL_SCOPES),
        read_token=_add_token(forge, "read only", _READ_SCOPES),
    )
    _write(file, json.dumps(asdict(made)))
    return made


def _add_user(forge: Forge, person: Person) -> None:
    now = forge.now()
    user = forge.store.users.add(
        lambda number: User(
            id=number,
            username=person.username,
            name=person.name,
            email=person.email,
            created_at=now,
            admin=person.username == ADMIN,
        )
    )
    forge.store.namespaces.add(
        lambda number: Namespace(
            id=number,
            kind="user",
            name=person.name,
            path=person.username,
            full_path=person.username,
            full_name=person.name,
            created_at=now,
            owner_id=user.id,
            visibility=Visibility.PUBLIC,
        )
    )


def _add_token(forge: Forge, name: str, scopes: tuple[str, ...]) -> str:
    secret, kept = tokens.minted("personal")
    admin = forge.user_named(ADMIN)
    forge.store.tokens.add(
        lambda number: Token(
            id=number,
            kind="personal",
            name=name,
            digest=kept,
            scopes=scopes,
            created_at=forge.now(),
            user_id=admin.id if admin else None,
        )
    )
    return secret


def _write(file: Path, text: str) -> None:
    fresh = file.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        out.write(text)
    fresh.replace(file)
