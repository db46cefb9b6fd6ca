"""Write the description of the API that the catalog shows: `python -m app.openapi`."""

import json
from pathlib import Path
from typing import Any

from app.main import create_app
from app.settings import Settings

FILE = Path(__file__).parent.parent / "openapi.json"


def describe() -> dict[str, Any]:
    """Describe the API as it is now."""
    return create_app(Settings(_env_file=None)).openapi()


if __name__ == "__main__":
    FILE.write_text(json.dumps(describe(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
