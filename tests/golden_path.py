"""The python-fastapi template's skeletons, rendered as the bot renders them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bot.adapters.template_rendering import rendered

TEMPLATE: Final = Path(__file__).parent.parent / "templates" / "python-fastapi"

VALUES: Final[Mapping[str, str]] = {
    "name": "Hello World",
    "slug": "hello-world",
    "componentId": "checkout-hello-world",
    "fullName": "payments-checkout-hello-world",
    "system": "checkout",
    "team": "payments",
    "owner": "group:default/payments",
    "description": "Says hello.",
    "hostname": "hello",
    "host": "hello.localhost",
    "visibility": "internal",
    "appRepository": "idp/payments/checkout-hello-world",
    "deploymentRepository": "idp/payments/checkout-hello-world-deployment",
    "gitlabUrl": "http://127.0.0.1:7401",
    "gitlabHost": "127.0.0.1:7401",
    "environment": "development",
    "lifecycle": "experimental",
}


def render(skeleton: str, target: Path, **values: str) -> Path:
    """Write a skeleton with its values filled in."""
    root = TEMPLATE / "skeletons" / skeleton
    files = [
        file
        for file in sorted(root.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    ]
    for path, file in rendered(root, files, {**VALUES, **values}).items():
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.content)
    return target
