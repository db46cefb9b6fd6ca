"""How deep to dig: a little with every run of the tests, long with `make fuzz`."""

import hypothesis
from hypothesis import Phase

DEEP = "fuzz"
FOUND_ONLY = (Phase.explicit, Phase.generate)


def examples(short: int, *, deep: int, steps: int = 50) -> hypothesis.settings:
    """The settings of a test that is run with so many examples.

    The short form tries the same ones every time, and shows what it finds as it was found: to make an example smaller
    can take minutes, which `make fuzz` has.
    """
    is_deep = hypothesis.settings.get_current_profile_name() == DEEP
    return hypothesis.settings(
        max_examples=deep if is_deep else short,
        stateful_step_count=steps,
        derandomize=not is_deep,
        phases=tuple(Phase) if is_deep else FOUND_ONLY,
        print_blob=True,
    )
