"""The platform in a box as another process, and the settings with which a bot finds it."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
Json = dict[str, Any]


@contextlib.contextmanager
def a_box(state: Path) -> Iterator[Json]:
    """Start all parts on free ports; yields what `python -m bot sandbox --json` prints."""
    command = [
        sys.executable,
        "-m",
        "bot",
        "sandbox",
        "--port",
        "0",
        "--state",
        str(state),
        "--json",
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
            process.wait(timeout=60)


def variables(box: Json, *, redis_url: str, state: Path, http_port: int) -> dict[str, str]:
    """The environment of a bot that uses the box."""
    https_port = int(box["gateway"]["https"].rsplit(":", maxsplit=1)[1])
    place = {"name": "development", "domain": "localhost", "https_port": https_port}
    return {
        "SLACK_BOT_TOKEN": box["slack"]["bot_token"],
        "SLACK_APP_TOKEN": box["slack"]["app_token"],
        "SLACK_API_URL": box["slack"]["api_url"],
        "GITLAB_URL": box["gitlab"]["url"],
        "GITLAB_TOKEN": box["gitlab"]["token"],
        "BACKSTAGE_URL": box["catalog"]["url"],
        "BACKSTAGE_TOKEN": box["catalog"]["token"],
        "KUBECONFIG": box["cluster"]["kubeconfig"],
        "ARGOCD_URL": box["argocd"]["url"],
        "SSL_CERT_FILE": box["gateway"]["ca"],
        "IDP_ENVIRONMENTS": json.dumps([place]),
        "IDP_STATE_DIR": str(state),
        "IDP_TEMPLATES_DIR": str(ROOT / "templates"),
        "IDP_HTTP_PORT": str(http_port),
        "REDIS_URL": redis_url,
    }
