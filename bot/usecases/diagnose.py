"""Look at every system that the bot needs, side by side, so that one that is down hides no other."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta

from bot.domain.errors import PermanentError, TemporaryError
from bot.domain.platform import Platform
from bot.ports.finding import Checkup, Finding, Findings, failed, ok

PATIENCE = timedelta(seconds=10)
_NO_ANSWER = "reachable"
_ENVIRONMENTS = "Environments"


async def diagnose(
    checkups: Sequence[Checkup], *, patience: timedelta = PATIENCE
) -> tuple[Finding, ...]:
    """What all of the checkups find, in their order.

    Args:
        checkups: one for each system.
        patience: how long each may take; what it has found by then is kept.
    """
    found = await asyncio.gather(*(_findings(checkup, patience) for checkup in checkups))
    return tuple(finding for findings in found for finding in findings)


async def _findings(checkup: Checkup, patience: timedelta) -> list[Finding]:
    system, address = checkup.system, checkup.address
    mend = f"Check {address} and the way there, then try again."
    found: list[Finding] = []
    try:
        async with (
            asyncio.timeout(patience.total_seconds()),
            contextlib.aclosing(checkup.findings) as findings,
        ):
            async for finding in findings:
                found.append(finding)  # noqa: PERF401 what was found before an error is kept
    except PermanentError as error:
        found.append(failed(system, _NO_ANSWER, error.cause, error.fix))
    except TemporaryError as error:
        found.append(failed(system, _NO_ANSWER, error.cause, mend))
    except TimeoutError:
        late = f"It did not answer within {patience.total_seconds():g} s."
        found.append(failed(system, _NO_ANSWER, late, mend))
    except Exception as error:  # noqa: BLE001 whatever a strange server answers must not hide the others
        strange = f"It answered in a way that the bot does not understand ({type(error).__name__})."
        found.append(failed(system, _NO_ANSWER, strange, mend))
    return found


def environments(platform: Platform) -> Checkup:
    """Whether no two environments would be taken for each other."""
    return Checkup(_ENVIRONMENTS, "IDP_ENVIRONMENTS", _environments(platform))


async def _environments(platform: Platform) -> Findings:
    known = platform.environments
    names = _repeated(environment.name for environment in known)
    domains = _repeated(f"{environment.domain}:{environment.https_port}" for environment in known)
    fix = "Give each one in IDP_ENVIRONMENTS its own."
    if names:
        yield failed(_ENVIRONMENTS, "names", f"Several are called {', '.join(names)}.", fix)
    else:
        listed = ", ".join(environment.name for environment in known)
        yield ok(_ENVIRONMENTS, "names", f"Each has a name of its own: {listed}.")
    if domains:
        yield failed(_ENVIRONMENTS, "domains", f"Several answer on {', '.join(domains)}.", fix)


def _repeated(words: Iterable[str]) -> list[str]:
    return [word for word, count in Counter(words).items() if count > 1]
