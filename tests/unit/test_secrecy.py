"""That what was once known as a secret is masked, in whichever order secrets come in."""

import itertools
import secrets

import pytest

from bot.domain import secrecy
from bot.domain.secrecy import MASK, masked


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_secret_that_holds_another_one_is_masked_as_a_whole(order: tuple[int, ...]) -> None:
    short = secrets.token_hex(8)
    known = [short, f"{short}/more", f"before {short}/more"]

    secrecy.keep(*(known[each] for each in order))

    for secret in known:
        assert masked(f"<{secret}>") == f"<{MASK}>"
    assert masked(f"<{short}%2Fmore>") == f"<{MASK}>"


def test_one_that_comes_in_again_and_again_is_remembered_once() -> None:
    secret = f"of a pod {secrets.token_hex(8)}"
    secrecy.keep(secret)
    before = len(secrecy._longest_first)

    for _ in range(100):
        secrecy.keep(secret)

    assert len(secrecy._longest_first) == before
    assert masked(secret) == MASK
