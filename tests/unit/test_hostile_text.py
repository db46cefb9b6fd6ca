"""What people type is text to everything: the repositories, the manifests, the catalog's files and the card in Slack."""

from collections.abc import Iterator

import pytest
from ruamel.yaml import YAML

from bot.domain.approval import Verdict
from bot.domain.job import Job, JobState, StepState
from bot.domain.notices import Notice, NoticeKind
from bot.slack import messages, mrkdwn
from bot.usecases.cancel import cancel
from bot.usecases.decide import decide
from bot.usecases.undo import undo
from tests.builders import ADA, DENIZ, a_job, a_system_request, an_app_request
from tests.unit import slack_jobs
from tests.unit.slack_reading import (
    CANCELLED,
    CARD,
    DECIDED,
    HELP_WANTED,
    WANTED,
    assert_slack_takes,
    said,
)
from tests.world import World

NASTY = [
    "${{ values.secret }} ${{ cycler.__init__.__globals__ }}",
    "{{ .Values.secret }} {% include '/etc/passwd' %} {# gone #}",
    '"}, "kind": "Secret", {"a": "',
    "a: b\n--- \n- &x [*x, !!python/object/apply:os.system [id]]",
    "<!channel> <@U0ADA> <https://evil.example|click me> @everyone",
    "\u202egnp.exe\u202c \u2066hidden\u2069 \x07\x1b[31mred\x1b[0m",
    "'; $(id) `id` | id && id #",
    "../../../etc/passwd \\..\\..\\ .git/config",
    "&lt;!channel&gt; & < > *b* _i_ ~s~ `c`",
    "\N{GRINNING FACE}" * 100,
    "x" * 300,
]


@pytest.fixture(name="world")
async def _world() -> World:
    world = World()
    await world.found_platform()
    return world


async def worked_on(world: World, **told: str) -> Job:
    """A job with these words, taken as far as it goes while the world stands still."""
    request = an_app_request(**told)
    job = a_job(request=request.model_copy(update={"parameters": told}))
    await world.jobs.create(job)
    for _ in range(3):
        job = await world.advance(job)
    return job


def files(world: World) -> dict[str, bytes]:
    """Every file of every repository, by its place."""
    return {
        f"{project}/{path}": file.content
        for project, repository in world.git.repositories.items()
        for snapshots in repository.branches.values()
        for path, file in snapshots[-1].files.items()
    }


def texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from texts(inner)
        case list():
            for inner in value:
                yield from texts(inner)


def documents(content: bytes) -> list[object]:
    return list(YAML(typ="safe", pure=True).load_all(content.decode()))


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
async def test_nasty_words_change_no_place_and_no_structure_and_stand_in_the_files_as_typed(
    world: World, text: str
) -> None:
    plain = World()
    await plain.found_platform()
    await worked_on(plain, name="Hello World", description="Says hello")

    job = await worked_on(world, name=text[:80].strip(), description=text)

    made = files(world)
    assert job.step("declare_environment").state is StepState.DONE
    assert set(made) == set(files(plain))
    for place, content in files(plain).items():
        if place.endswith((".yaml", ".yml")) and "/templates/" not in place:
            assert shape(documents(made[place])) == shape(documents(content)), place
    [entry] = [place for place in made if place.endswith("/checkout-hello-world/catalog-info.yaml")]
    assert {text, text[:80].strip()} <= set(texts(documents(made[entry])))


async def test_no_word_that_people_typed_is_in_a_commit_message_where_gitlab_would_obey_it(
    world: World,
) -> None:
    obeyed = "[Skip-CI] Closes #1"
    await worked_on(world, name=obeyed, description=obeyed)
    system = a_system_request(name=obeyed, slug="skip", description=obeyed)
    job = a_job(id="job00002", request=system)
    await world.jobs.create(job)
    await world.advance(job)
    await decide(job.id, person=DENIZ, verdict=Verdict.APPROVED, reason="", ports=world.ports)
    await world.advance(job)
    await cancel(job.id, person=ADA, ports=world.ports)
    await world.advance(job)
    await undo(job.id, person=ADA, ports=world.ports)
    undone = await world.advance(job)

    told = [
        commit.message
        for repository in world.git.repositories.values()
        for commits in repository.branches.values()
        for commit in commits
    ]

    assert undone.state is JobState.UNDONE
    assert {"Add the system skip", "Take the system skip back"} <= set(told)
    assert not [message for message in told if "[" in message or "#" in message]


def shape(value: object) -> object:
    """What a document is apart from its texts."""
    match value:
        case dict():
            return {key: shape(inner) for key, inner in value.items()}
        case list():
            return [shape(inner) for inner in value]
        case _:
            return type(value)


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
async def test_nasty_words_neither_ping_nor_link_nor_hide_on_the_card(
    world: World, text: str
) -> None:
    job = await worked_on(world, name=text[:80].strip(), description=text)

    card = messages.card_message(job)

    assert_slack_takes(card)
    assert not [trick for trick in TRICKS if trick in "".join(marked(list(card.blocks)))]
    assert not [sign for sign in HIDING if sign in said(card)]


TRICKS = ("<!channel", "<!here", "<https://evil", "<@U0ADA> <")
HIDING = ("\u202e", "\u2066", "\x1b", "\x07")


def marked(value: object) -> Iterator[str]:
    """The texts in which Slack reads markup."""
    match value:
        case {"type": "mrkdwn", "text": str(text)}:
            yield text
        case dict():
            for inner in value.values():
                yield from marked(inner)
        case list():
            for inner in value:
                yield from marked(inner)


SPOOF = "*Approved* by _Deniz_, ~not~ `denied`, says GITLAB_TOKEN"


@pytest.mark.parametrize(
    ("job", "notice"),
    [
        (slack_jobs.a_denied_job(SPOOF), DECIDED),
        (slack_jobs.a_denied_job(SPOOF), CANCELLED),
        (slack_jobs.a_denied_job(SPOOF), CARD),
        (slack_jobs.a_job_with_broken_glass(SPOOF), Notice(kind=NoticeKind.GLASS_BROKEN)),
        (slack_jobs.a_job(request=slack_jobs.an_app_request(name=SPOOF)), WANTED),
        (slack_jobs.a_failed_job_with_help(words=SPOOF), HELP_WANTED),
    ],
    ids=lambda each: each.key if isinstance(each, Notice) else "",
)
def test_what_people_type_is_never_in_the_bots_own_bold(job: Job, notice: Notice) -> None:
    shown = "".join(marked(list(messages.message(job, notice).blocks)))

    assert not [sign for sign in ("*App", "_Den", "~not", "`den") if sign in shown]


def test_the_name_of_a_setting_is_shown_as_it_is() -> None:
    assert mrkdwn.escaped(SPOOF).endswith("says GITLAB_TOKEN")
    assert mrkdwn.told("It failed:\nE  assert *a == `b`").endswith("```\nE assert *a == 'b'\n```")
