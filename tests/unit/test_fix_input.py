"""Going on with other answers after a failure: what is right stays, what is not is changed or taken back."""

import dataclasses
from collections.abc import Mapping
from datetime import timedelta

import pytest

from bot.domain import policy
from bot.domain.approval import Verdict
from bot.domain.entities import Person
from bot.domain.errors import PermanentError, RequestRejected, TemporaryError
from bot.domain.job import Job, JobState, StepRecord, StepState
from bot.domain.limits import Limits
from bot.domain.policy import BreakGlassRule, Policy, ReviewRule
from bot.domain.request import Visibility
from bot.ports.git_host import RenderedFile
from bot.slack import replies
from bot.usecases.ask import ask
from bot.usecases.break_glass import break_glass
from bot.usecases.decide import decide
from bot.usecases.fix_input import fix_input, foresee
from bot.usecases.reply import Reply
from bot.usecases.retry import retry
from bot.usecases.review import review
from bot.usecases.submission import Submission
from bot.usecases.undo import undo
from tests.builders import ADA, BRUNO, CHIARA, DENIZ, PLATFORM, a_person, group
from tests.world import World

APP = "idp/payments/checkout-hello"
DEPLOYMENT = f"{APP}-deployment"
OTHER_APP = "idp/payments/checkout-hello-again"
MINUTE = timedelta(minutes=1)
ANSWERS = {
    "name": "Hello",
    "system": "system:default/checkout",
    "description": "Says hello.",
    "hostname": "hello",
    "owner": "group:default/payments",
    "visibility": "internal",
}


@pytest.fixture
async def world() -> World:
    return await _with(policy.DEFAULT)


async def _with(rules: Policy) -> World:
    world = World(rules=rules)
    await world.found_platform()
    world.catalog.is_reading = False
    world.catalog.files = {}
    return world


async def asked(world: World, requester: Person = ADA) -> Job:
    submission = Submission(
        id="V1",
        template="python-fastapi",
        values=ANSWERS,
        requester=requester,
        channel="C0GENERAL",
    )
    return await ask(submission, ports=world.ports)


async def failed(world: World, call: str, *fields: str) -> Job:
    """A request of Ada's that a system refuses for its answers to some fields."""
    job = await asked(world)
    world.git.fail_next(PermanentError("It is refused.", "Choose.", fields=fields), call=call)
    job = await world.advance(job)
    assert job.state is JobState.FAILED
    assert job.fields_at_fault == fields
    return job


async def fix(world: World, job: Job, person: Person = ADA, **answers: str) -> Reply:
    reply = await fix_input(job.id, answers, person=person, ports=world.ports)
    if reply.accepted:
        await world.advance(job)
    return reply


def files(world: World, project: str) -> Mapping[str, RenderedFile]:
    return world.git.repositories[project].branches["main"][-1].files


def manifests(world: World) -> set[str]:
    found = files(world, PLATFORM.user_apps_project)
    return {path for path in found if path.startswith("environments/")}


async def test_with_another_name_it_goes_on_and_what_had_the_old_one_is_taken_back(
    world: World,
) -> None:
    job = await asked_although_taken(world)

    reply = await fix(world, job, name="Hello again")

    assert reply.text == "“Hello again” goes on with what you changed."
    made = {path for path in world.git.repositories if path.startswith("idp/payments/")}
    assert made == {APP, OTHER_APP, f"{OTHER_APP}-deployment"}
    assert world.git.repositories[APP].branches == {}, "it is not ours"
    fixed = world.jobs.jobs[job.id]
    assert fixed.request.slug == "hello-again"
    assert fixed.fix is None
    assert fixed.step("undo:create_deployment_repository").state is StepState.PENDING
    assert fixed.step("create_app_repository").state is StepState.DONE


async def asked_although_taken(world: World) -> Job:
    """Somebody makes a project of that name after it was checked: the deployment repository is made by then."""
    refusal = PermanentError(f"{APP} exists.", "Choose another name.", fields=("name",))
    world.git.fail_next(refusal, call="ensure_project", skips=1)
    job = await world.advance(await asked(world))
    assert job.state is JobState.FAILED
    world.git.add_project(APP, mark=None)
    return job


async def test_before_anything_is_touched_it_is_said_what_would_be(world: World) -> None:
    job = await asked_although_taken(world)

    told = await foresee(job, {"name": "Hello again"}, person=ADA, ports=world.ports)

    assert (
        told.taken_back
        == (
            "Remove the application repository",
            "Remove the deployment repository",
        )
        or told.taken_back[-1] == "Remove the deployment repository"
    )
    assert told.stays == ()
    assert not told.is_harmless
    assert world.jobs.jobs[job.id].state is JobState.FAILED


async def test_what_stands_in_place_is_changed_there_and_only_in_what_the_answer_concerns(
    world: World,
) -> None:
    job = await failed(world, "ensure_push_access", "hostname")
    deployment = world.git.repositories[DEPLOYMENT]
    theirs = {"environments/development/image.yaml": RenderedFile(content=b"image: {tag: a1}\n")}
    deployment.commit(theirs, message="Deploy", branch="main")
    before = files(world, DEPLOYMENT)

    told = await foresee(job, {"hostname": "greetings"}, person=ADA, ports=world.ports)
    await fix(world, job, hostname="greetings")

    after = files(world, DEPLOYMENT)
    changed = {path for path, file in after.items() if before.get(path) != file}
    assert told.changed == ("Create the deployment repository",)
    assert "environments/development/values.yaml" in changed
    assert "environments/development/image.yaml" not in changed
    assert b"greetings.dev.example.com" in after["environments/development/values.yaml"].content
    assert len(deployment.branches["main"]) == 3
    assert world.git.repositories[APP].branches["main"], "the failed step went on"


async def first_pipeline(world: World, job: Job) -> StepRecord:
    """What comes of the step when a pipeline passes after another host name was given."""
    world.catalog.fail_next(TemporaryError("The catalog is asleep."), call="register")
    await fix(world, job, hostname="greetings")
    world.git.finish_pipeline(APP, world.git.repositories[APP].branches["main"][-1].sha)
    await world.jobs.signal(job.id)
    return (await world.advance(job)).step("await_pipeline")


async def test_what_a_fix_commits_is_not_taken_for_what_the_pipeline_deploys(world: World) -> None:
    job = await failed(world, "ensure_push_access", "hostname")

    record = await first_pipeline(world, job)

    assert len(world.git.repositories[DEPLOYMENT].branches["main"]) == 2
    assert record.state is StepState.FAILED
    assert "deployed nothing" in record.reason


async def test_what_a_pipeline_had_deployed_before_a_fix_still_counts(world: World) -> None:
    job = await failed(world, "ensure_push_access", "hostname")
    image = {"environments/development/image.yaml": RenderedFile(content=b"image: {tag: a1}\n")}
    world.git.repositories[DEPLOYMENT].commit(image, message="Deploy", branch="main")

    record = await first_pipeline(world, job)

    assert record.state is StepState.DONE


async def test_a_visibility_that_is_refused_is_changed_in_the_project_that_stands(
    world: World,
) -> None:
    job = await failed(world, "ensure_push_access", "visibility")

    await fix(world, job, visibility="private")

    looks = [world.git.repositories[path].shown_as for path in (APP, DEPLOYMENT)]
    assert [each and each.visibility for each in looks] == [Visibility.PRIVATE] * 2


async def test_a_crash_between_makes_no_change_twice(world: World) -> None:
    job = await failed(world, "ensure_push_access", "hostname")
    lost = TemporaryError("The connection broke.")
    world.git.fail_next(lost, call="ensure_files", after_effect=True)

    await fix(world, job, hostname="greetings")
    await world.advance(job, by=5 * MINUTE)

    assert len(world.git.repositories[DEPLOYMENT].branches["main"]) == 2
    assert world.jobs.jobs[job.id].step("create_deployment_repository").state is StepState.DONE


async def test_steps_that_the_answer_does_not_concern_stay_as_they_are(world: World) -> None:
    job = await failed(world, "ensure_push_access", "hostname")
    declared = job.step("declare_environment")

    await fix(world, job, hostname="greetings")

    assert declared.state is StepState.DONE
    assert manifests(world) == {"environments/development/payments-checkout-hello.yaml"}
    history = await world.jobs.history(job.id)
    made = [e.step for e in history if e.what == "done" and e.step == "create_app_repository"]
    assert len(made) == 1


async def test_an_undo_that_follows_takes_back_all_that_stands_by_then(world: World) -> None:
    job = await asked_although_taken(world)
    world.git.fail_next(PermanentError("No.", "Stop.", fields=("name",)), call="ensure_push_access")
    await fix(world, job, name="Hello again")
    assert f"{OTHER_APP}-deployment" in world.git.repositories

    await undo(job.id, person=ADA, ports=world.ports)
    undone = await world.advance(job)

    assert undone.state is JobState.UNDONE
    assert {p for p in world.git.repositories if p.startswith("idp/payments/")} == {APP}


async def test_a_way_back_that_fails_is_retried_before_anything_new_is_made(world: World) -> None:
    job = await asked_although_taken(world)
    world.git.fail_next(PermanentError("No right.", "Get it."), call="remove_project")

    await fix(world, job, name="Hello again")
    stuck = world.jobs.jobs[job.id]
    await retry(job.id, person=ADA, ports=world.ports)
    fixed = await world.advance(job)

    assert stuck.state is JobState.FAILED
    assert stuck.request.slug == "hello"
    assert fixed.request.slug == "hello-again"
    assert OTHER_APP in world.git.repositories


async def test_an_undo_begins_anew_what_the_way_back_of_a_fix_failed_at(world: World) -> None:
    job = await asked_although_taken(world)
    world.git.fail_next(PermanentError("No right.", "Get it."), call="remove_project")
    await fix(world, job, name="Hello again")

    await undo(job.id, person=ADA, ports=world.ports)
    undone = await world.advance(job)

    assert undone.state is JobState.UNDONE
    assert {p for p in world.git.repositories if p.startswith("idp/payments/")} == {APP}


async def test_the_history_says_who_changed_which_answer_from_what_to_what(world: World) -> None:
    job = await failed(world, "ensure_push_access", "hostname")

    await fix(world, job, BRUNO, hostname="greetings")

    [told] = [event for event in await world.jobs.history(job.id) if event.what == "fix"]
    assert (told.by, told.detail) == (BRUNO, "hostname: greetings instead of hello")


async def test_only_answers_at_fault_can_be_changed(world: World) -> None:
    job = await failed(world, "ensure_push_access", "hostname")

    await fix(world, job, hostname="greetings", visibility="public", owner="group:default/platform")

    request = world.jobs.jobs[job.id].request
    assert request.kind == "new-app"
    assert (request.hostname, request.visibility) == ("greetings", Visibility.INTERNAL)
    assert request.owner.name == "payments"


async def test_new_answers_are_checked_like_the_first_ones(world: World) -> None:
    world.git.add_project(f"{OTHER_APP}-deployment", mark=None)
    job = await failed(world, "ensure_push_access", "name")

    with pytest.raises(RequestRejected) as malformed:
        await fix(world, job, name="7")
    with pytest.raises(RequestRejected) as taken:
        await fix(world, job, name="Hello again")
    with pytest.raises(RequestRejected) as same:
        await fix(world, job, name="Hello")

    assert set(malformed.value.problems) == {"name"}
    assert "already has" in taken.value.problems["name"]
    assert "what the form said before" in same.value.problems[""]
    assert world.jobs.jobs[job.id].state is JobState.FAILED


async def test_a_name_that_another_request_holds_is_refused(world: World) -> None:
    job = await failed(world, "ensure_push_access", "hostname")
    await world.jobs.create(job.model_copy(update={"id": "job00009", "state": JobState.RUNNING}))
    await world.jobs.reserve({"host": "mine.dev.example.com"}, job_id="job00009", now=world.now())

    with pytest.raises(RequestRejected) as refused:
        await fix(world, job, hostname="mine")

    assert "job00009" in refused.value.problems["hostname"]


async def test_a_team_with_as_much_under_way_as_it_may_have_takes_no_request_of_another(
    world: World,
) -> None:
    job = await failed(world, "ensure_push_access", "owner")
    theirs = job.request.model_copy(update={"owner": group("storefront"), "requester": CHIARA})
    other = {"id": "job00009", "state": JobState.RUNNING, "request": theirs}
    await world.jobs.create(job.model_copy(update=other))
    ports = dataclasses.replace(world.ports, limits=Limits(open_of_a_team=1))
    answers = {"owner": "group:default/storefront", "name": "Hello again"}

    with pytest.raises(RequestRejected, match="storefront has 1 requests under way"):
        await fix_input(job.id, answers, person=ADA, ports=ports)

    assert world.jobs.jobs[job.id].state is JobState.FAILED
    assert await world.jobs.holder("app", "idp/storefront/checkout-hello") is None


async def test_a_second_fix_of_the_same_failure_comes_too_late(world: World) -> None:
    job = await failed(world, "ensure_push_access", "hostname")

    first = await fix_input(job.id, {"hostname": "one"}, person=ADA, ports=world.ports)
    second = await fix_input(job.id, {"hostname": "two"}, person=BRUNO, ports=world.ports)

    assert (first.accepted, second.accepted) == (True, False)
    fixed = await world.advance(job)
    assert fixed.request.kind == "new-app"
    assert fixed.request.hostname == "one"


async def test_only_those_whom_it_concerns_may_fix_it(world: World) -> None:
    job = await failed(world, "ensure_push_access", "hostname")

    refused = await fix(world, job, CHIARA, hostname="mine")
    allowed = await fix(world, job, DENIZ, hostname="mine")

    assert "Only Ada" in refused.text
    assert allowed.accepted


async def test_a_failure_that_no_answer_mends_offers_no_fix(world: World) -> None:
    job = await failed(world, "ensure_push_access")

    reply = await fix(world, job, hostname="mine")

    assert not reply.accepted
    assert "no answer to change" in reply.text


async def approved(world: World, call: str, *fields: str) -> Job:
    """A request of Chiara's for the payments team, approved by Ada, that failed then."""
    job = await asked(world, requester=CHIARA)
    job = await world.advance(job)
    assert job.state is JobState.WAITING_APPROVAL
    await decide(job.id, person=ADA, verdict=Verdict.APPROVED, reason="", ports=world.ports)
    world.git.fail_next(PermanentError("It is refused.", "Choose.", fields=fields), call=call)
    job = await world.advance(job)
    assert job.state is JobState.FAILED
    return job


async def test_an_approval_does_not_hold_for_something_else(world: World) -> None:
    job = await approved(world, "ensure_push_access", "hostname")

    told = await foresee(job, {"hostname": "greetings"}, person=CHIARA, ports=world.ports)
    await fix(world, job, CHIARA, hostname="greetings")
    waiting = world.jobs.jobs[job.id]

    assert any("values.yaml" in sentence for sentence in told.voided)
    assert waiting.state is JobState.WAITING_APPROVAL
    assert (waiting.decision, waiting.decisions) == (None, ())
    [void] = waiting.voided
    assert [decision.by for decision in void.decisions] == [ADA]
    assert void.changed == told.voided
    assert world.told()[-2:] == ["voided:1", "approval-wanted#1"]
    before = files(world, DEPLOYMENT)["environments/development/values.yaml"]
    assert b"greetings" not in before.content, "nothing is changed before it is agreed to"

    await decide(job.id, person=BRUNO, verdict=Verdict.APPROVED, reason="", ports=world.ports)
    after = await world.advance(job)

    assert b"greetings" in files(world, DEPLOYMENT)["environments/development/values.yaml"].content
    assert after.step("create_app_repository").state is StepState.DONE
    assert "decided#1" in world.told()


async def test_who_decides_about_a_plan_that_has_changed_meanwhile_is_told_so(world: World) -> None:
    job = await approved(world, "ensure_push_access", "hostname")
    seen = job.decisions[0].plan
    await fix(world, job, CHIARA, hostname="greetings")

    late = await decide(
        job.id, person=ADA, verdict=Verdict.APPROVED, reason="", plan=seen, ports=world.ports
    )

    assert seen
    assert not late.accepted
    assert "changed meanwhile" in late.text


async def test_who_changed_the_request_neither_decides_on_it_nor_is_asked_to(world: World) -> None:
    elif_ = a_person("elif", "platform")
    world.directory.people[elif_.slack_id] = elif_
    job = await failed(world, "ensure_push_access", "visibility")

    await fix(world, job, DENIZ, visibility="public")
    own, other = [
        await decide(job.id, person=person, verdict=Verdict.APPROVED, reason="", ports=world.ports)
        for person in (DENIZ, elif_)
    ]

    assert own == Reply(
        accepted=False, text="You changed what is asked for here, so somebody else has to decide."
    )
    assert other.accepted
    assert [message.notice.about for message in world.directly().values()] == [elif_.slack_id]


async def test_who_changed_the_request_does_not_review_the_glass_broken_for_it() -> None:
    glass = BreakGlassRule(
        groups=("payments",), review=ReviewRule(groups=("platform",), within=timedelta(days=1))
    )
    public = policy.DEFAULT.rules[1].model_copy(update={"break_glass": glass})
    world = await _with(Policy(rules=(public,)))
    job = await failed(world, "ensure_push_access", "visibility")
    await fix(world, job, DENIZ, visibility="public")

    await break_glass(job.id, person=BRUNO, reason="Now.", ports=world.ports)
    await world.advance(job)
    own = await review(job.id, person=DENIZ, remark="", ports=world.ports)

    assert own.text == "You changed what is asked for here, so somebody else has to review it."
    assert not [key for key in world.directly() if key.startswith("review-wanted")]
    told = str(replies.glass_broken(world.jobs.jobs[job.id])[0].to_dict())
    assert "Another member of platform, nobody who asked for this or changed it" in told
