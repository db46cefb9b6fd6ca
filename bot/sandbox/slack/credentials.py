"""Tokens and the signing secret: made once, then kept."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an app shows to the workspace, and the workspace to an app."""

    bot_token: str
    app_token: str
    signing_secret: str


def kept_in(folder: Path) -> Credentials:
    """Read the folder's credentials; an empty folder gets new ones."""
    file = folder / "credentials.json"
    if file.exists():
        return Credentials(**json.loads(file.read_text()))
    made = Credentials(
        bot_token=f"xoxb-{secrets.token_hex(12)}",
        app_token=f"xapp-1-{secrets.token_hex(12)}",
        signing_secret=secrets.token_hex(16),
    )
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(made)))
    draft.chmod(0o600)
    draft.replace(file)
    return made
