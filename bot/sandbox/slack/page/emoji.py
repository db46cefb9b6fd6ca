"""The emoji that apps write by name."""

import json
from pathlib import Path

EMOJI: dict[str, str] = json.loads(Path(__file__).with_name("emoji.json").read_text("utf-8"))
