"""What this service is called and what it is for: `about.json` holds the words."""

import json
from pathlib import Path

_words = json.loads(Path(__file__).with_name("about.json").read_text(encoding="utf-8"))

COMPONENT: str = _words["component"]
NAME: str = _words["name"]
DESCRIPTION: str = _words["description"]
API_VERSION = "1.0.0"
