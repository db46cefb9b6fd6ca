"""Whether Argo CD is where the bot sends people and webhooks."""

from pathlib import Path

import httpx

from bot.adapters.trust import trusted
from bot.domain.errors import TemporaryError
from bot.ports.finding import Checkup, Findings, ok, warning

_SYSTEM = "Argo CD"
_SECONDS = 8


def checkup(url: str, *, ca_file: Path | None = None) -> Checkup:
    """Ask for its version, which it tells everybody.

    Args:
        url: the address of its pages; empty where people have none.
        ca_file: certificates to trust besides the usual ones.
    """
    return Checkup(_SYSTEM, "ARGOCD_URL", _findings(url, ca_file))


async def _findings(url: str, ca_file: Path | None) -> Findings:
    if not url:
        detail = "ARGOCD_URL is not set: cards show no link to it, and it learns of pushes late."
        yield warning(_SYSTEM, "address", detail, "Set ARGOCD_URL to the address of its pages.")
        return
    try:
        async with httpx.AsyncClient(
            timeout=_SECONDS, follow_redirects=True, verify=trusted(ca_file)
        ) as client:
            answer = await client.get(f"{url}/api/version")
    except httpx.HTTPError as error:
        raise TemporaryError("Argo CD could not be reached.") from error
    version = _version(answer)
    if version:
        yield ok(_SYSTEM, "reachable", f"Argo CD {version} answers at {url}.")
    else:
        detail = f"What answers at {url} does not tell Argo CD's version ({answer.status_code})."
        fix = "Set ARGOCD_URL to the address of Argo CD; a sign-on page before it may be the cause."
        yield warning(_SYSTEM, "reachable", detail, fix)


def _version(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["Version"]) if answer.is_success else ""
    except (ValueError, KeyError, TypeError):
        return ""
