"""What the controllers decide, without a cluster: numbers of replicas, health, routes, syncs, images, leftovers."""

import asyncio
import base64
import io
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from bot.sandbox.cluster.controllers.argocd import autosync, manifests, projects, webhook
from bot.sandbox.cluster.controllers.argocd.comparison import Comparison, Managed
from bot.sandbox.cluster.controllers.argocd.health import HealthStatus, assess, worst
from bot.sandbox.cluster.controllers.argocd.operations import backoff, duration
from bot.sandbox.cluster.controllers.argocd.repositories import (
    Repositories,
    RepositoryError,
    normalised,
)
from bot.sandbox.cluster.controllers.gateway import filters, routes
from bot.sandbox.cluster.controllers.gateway.matching import Asked
from bot.sandbox.cluster.controllers.kube import merge_patch
from bot.sandbox.cluster.controllers.kubelet import environment, images, processes, rollout
from bot.sandbox.cluster.controllers.kubelet.images import Image
from bot.sandbox.cluster.controllers.kubelet.rollout import Limits, Replicas
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object, with_conditions
from tests.contract.cluster_world import new_repository

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


# Rollouts


def test_a_rolling_update_starts_the_new_before_it_stops_the_old() -> None:
    limits = Limits(wanted=1, surge=1, unavailable=0)
    old = [Replicas("old", wanted=1, available=1)]

    first = rollout.plan(limits, Replicas("new", 0, 0), old, recreate=False)
    waiting = rollout.plan(limits, Replicas("new", 1, 0), old, recreate=False)
    ready = rollout.plan(limits, Replicas("new", 1, 1), old, recreate=False)

    assert first == {"new": 1, "old": 1}
    assert waiting == {"new": 1, "old": 1}
    assert ready == {"new": 1, "old": 0}


def test_old_replicas_that_serve_nobody_go_first() -> None:
    old = [Replicas("old", wanted=2, available=0)]

    assert rollout.plan(Limits(2, 1, 0), Replicas("new", 1, 0), old, recreate=False)["old"] == 0


def test_recreate_waits_until_the_old_ones_are_gone() -> None:
    limits = Limits(wanted=2, surge=0, unavailable=2)
    new = Replicas("new", 0, 0)

    assert rollout.plan(limits, new, [Replicas("old", 2, 2)], recreate=True)["new"] == 0
    assert rollout.plan(limits, new, [Replicas("old", 0, 0)], recreate=True)["new"] == 2


def test_shares_are_rounded_in_the_direction_that_keeps_the_rollout_going() -> None:
    def limits(**rolling: Any) -> Limits:
        strategy = {"type": "RollingUpdate", "rollingUpdate": rolling}
        return rollout.limits_of({"spec": {"replicas": 3, "strategy": strategy}})

    assert limits() == Limits(3, 1, 0)
    assert limits(maxSurge=0, maxUnavailable=0) == Limits(3, 0, 1)
    assert limits(maxSurge="50%", maxUnavailable="50%") == Limits(3, 2, 1)


# Health


def deployment(**status: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "app", "generation": 2},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 2} | status,
    }


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        (deployment(replicas=1, updatedReplicas=1, availableReplicas=1), HealthStatus.HEALTHY),
        (deployment(replicas=1, updatedReplicas=1), HealthStatus.PROGRESSING),
        (
            deployment(replicas=2, updatedReplicas=1, availableReplicas=2),
            HealthStatus.PROGRESSING,
        ),
        (
            deployment(replicas=1, updatedReplicas=1, availableReplicas=1, observedGeneration=1),
            HealthStatus.PROGRESSING,
        ),
        (
            deployment(
                conditions=[
                    {
                        "type": "Progressing",
                        "status": "False",
                        "reason": "ProgressDeadlineExceeded",
                    }
                ]
            ),
            HealthStatus.DEGRADED,
        ),
    ],
)
def test_a_deployment_is_as_well_as_its_rollout(obj: Object, expected: HealthStatus) -> None:
    health = assess(obj)

    assert health
    assert health.status is expected


@pytest.mark.parametrize(
    ("synced", "ready", "expected"),
    [
        ("True", "True", HealthStatus.HEALTHY),
        ("True", "False", HealthStatus.PROGRESSING),
        ("False", "True", HealthStatus.DEGRADED),
    ],
)
def test_a_composite_is_judged_by_ready_and_synced(
    synced: str, ready: str, expected: HealthStatus
) -> None:
    conditions = [{"type": "Synced", "status": synced}, {"type": "Ready", "status": ready}]
    obj = {
        "apiVersion": "idp.internal/v1alpha1",
        "kind": "ApplicationEnvironment",
        "metadata": {"name": "one"},
        "spec": {"crossplane": {}},
        "status": {"conditions": conditions},
    }

    health = assess(obj)

    assert health
    assert health.status is expected


def test_what_is_being_deleted_is_not_done() -> None:
    obj = deployment(replicas=1, updatedReplicas=1, availableReplicas=1)
    obj["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"

    health = assess(obj)

    assert health
    assert health.status is HealthStatus.PROGRESSING


def test_the_worst_part_speaks_for_the_whole_and_nothing_is_healthy() -> None:
    found = [HealthStatus.HEALTHY, HealthStatus.DEGRADED, HealthStatus.PROGRESSING]

    assert worst(found) is HealthStatus.DEGRADED
    assert worst([]) is HealthStatus.HEALTHY


# Syncing without being asked


def application(**status: Any) -> Object:
    automated = {"prune": True, "selfHeal": True}
    return {
        "metadata": {"name": "app", "namespace": "argocd"},
        "spec": {
            "project": "payments",
            "source": {"repoURL": "https://git.example.com/a.git", "targetRevision": "main"},
            "destination": {"server": projects.IN_CLUSTER, "namespace": "payments-a"},
            "syncPolicy": {"automated": automated},
        },
        "status": status,
    }


def differing(*, wanted: bool = True) -> Comparison:
    obj = {"metadata": {"name": "a"}}
    kind = Kind("v1", "ConfigMap")
    target, live = (obj, None) if wanted else (None, obj)
    return Comparison((Managed(kind, Key("", "a"), target, live, is_synced=False),))


def operated(app: Object, phase: str, revision: str = "one") -> Object:
    result = {"revision": revision, "source": app["spec"]["source"]}
    finished = "2026-03-01T12:00:00Z"
    app["status"]["operationState"] = {
        "phase": phase,
        "syncResult": result,
        "finishedAt": finished,
        "message": "why",
    }
    return app


def test_a_new_revision_is_synced_at_once() -> None:
    decision = autosync.decide(operated(application(), "Succeeded"), "two", differing(), NOW)

    assert decision.operation
    assert decision.operation["sync"] == {"revision": "two", "prune": True}


def test_a_revision_that_failed_is_not_tried_again_and_that_is_told() -> None:
    decision = autosync.decide(operated(application(), "Failed"), "one", differing(), NOW)

    assert decision.operation is None
    assert decision.problem == "Failed last sync attempt to one: why"


def test_drift_is_healed_but_not_at_once() -> None:
    app = operated(application(), "Succeeded")

    early = autosync.decide(app, "one", differing(), NOW + timedelta(seconds=1))
    later = autosync.decide(app, "one", differing(), NOW + timedelta(seconds=5))

    assert early.operation is None
    assert early.look_again_in == pytest.approx(1)
    assert later.operation


def test_it_never_goes_down_to_nothing_by_accident() -> None:
    app = application()

    refused = autosync.decide(app, "two", differing(wanted=False), NOW)
    app["spec"]["syncPolicy"]["automated"]["allowEmpty"] = True
    allowed = autosync.decide(app, "two", differing(wanted=False), NOW)

    assert "will wipe out all resources" in refused.problem
    assert allowed.operation


def test_retries_back_off_up_to_a_limit() -> None:
    settings = {"duration": "5s", "factor": 2, "maxDuration": "1m"}

    assert [backoff(settings, count) for count in range(5)] == [5, 10, 20, 40, 60]
    assert duration("1m30s") == 90
    assert duration("500ms") == 0.5


# Projects and webhooks


def project(**spec: Any) -> Object:
    return {
        "metadata": {"name": "payments"},
        "spec": {
            "sourceRepos": ["https://git.example.com/idp/payments/*"],
            "destinations": [{"server": projects.IN_CLUSTER, "namespace": "payments-*"}],
        }
        | spec,
    }


@pytest.mark.parametrize(
    ("url", "is_permitted"),
    [
        ("https://git.example.com/idp/payments/a-deployment.git", True),
        ("https://GIT.example.com/idp/payments/a-deployment", True),
        ("https://git.example.com/idp/storefront/a-deployment.git", False),
        ("https://git.example.com/idp/payments-x/a.git", False),
        ("https://evil.example.com/?https://git.example.com/idp/payments/a", False),
    ],
)
def test_a_project_takes_its_own_repositories_only(url: str, *, is_permitted: bool) -> None:
    assert projects.permits_source(project(), url) is is_permitted


def test_a_project_makes_cluster_kinds_only_where_it_says_so() -> None:
    role = Kind("rbac.authorization.k8s.io/v1", "ClusterRole")
    anything = project(clusterResourceWhitelist=[{"group": "*", "kind": "*"}])

    assert not projects.permits_kind(project(), role, is_namespaced=False)
    assert projects.permits_kind(anything, role, is_namespaced=False)
    assert projects.permits_kind(project(), Kind("apps/v1", "Deployment"), is_namespaced=True)


def test_an_unknown_project_is_named() -> None:
    assert projects.problems(application(), None) == [
        "Application referencing project payments which does not exist"
    ]


@pytest.mark.parametrize(
    ("ref", "url", "is_affected"),
    [
        ("refs/heads/main", "https://git.example.com/a.git", True),
        ("refs/heads/main", "https://git.example.com/a", True),
        ("refs/heads/feature", "https://git.example.com/a.git", False),
        ("refs/heads/main", "https://git.example.com/b.git", False),
    ],
)
def test_a_push_concerns_those_who_follow_its_branch(
    ref: str, url: str, *, is_affected: bool
) -> None:
    event = {"ref": ref, "project": {"git_http_url": url, "default_branch": "main"}}

    assert bool(webhook.affected([application()], event)) is is_affected


def test_a_webhook_without_the_secret_is_not_believed() -> None:
    secret = {"data": {webhook.SECRET_KEY: base64.b64encode(b"right").decode()}}

    assert webhook.is_authentic("right", secret)
    assert not webhook.is_authentic("wrong", secret)
    assert webhook.is_authentic("", None)


# Manifests


def test_a_date_in_a_manifest_stays_text_and_a_list_becomes_its_items() -> None:
    item = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {day: 2026-03-01}}"

    found = manifests.parse(f"kind: List\napiVersion: v1\nitems: [{item}]\n---\n")

    assert found[0]["data"]["day"] == "2026-03-01"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "Failed to unmarshal manifest"),
        ("just words", "no apiVersion"),
        ("{apiVersion: v1, kind: Pod}", "no metadata.name"),
        (
            "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {helm.sh/hook: test}}}",
            "the sandbox runs none",
        ),
    ],
)
def test_what_is_no_manifest_is_refused_in_words(text: str, why: str) -> None:
    with pytest.raises(manifests.MalformedManifestError, match=why):
        manifests.parse(text)


def test_earlier_waves_and_namespaces_come_first() -> None:
    def obj(kind: str, wave: str) -> Object:
        return {"kind": kind, "metadata": {"name": "a", "annotations": {manifests.WAVE: wave}}}

    found = [obj("Deployment", "0"), obj("Widget", "-1"), obj("Namespace", "0"), obj("Job", "x")]

    assert [o["kind"] for o in sorted(found, key=manifests.order_of)] == [
        "Widget",
        "Namespace",
        "Deployment",
        "Job",
    ]


def test_a_merge_patch_names_only_what_differs() -> None:
    old = {"a": 1, "b": {"c": 1, "d": 2}, "e": [1], "gone": True}
    new = {"a": 1, "b": {"c": 1, "d": 3}, "e": [1, 2]}

    assert merge_patch(old, new) == {"b": {"d": 3}, "e": [1, 2], "gone": None}
    assert merge_patch(old, old) == {}


def test_the_time_of_a_condition_moves_only_with_its_status() -> None:
    before = [{"type": "Ready", "status": "True", "lastTransitionTime": "then", "reason": "a"}]

    same = with_conditions(before, [{"type": "Ready", "status": "True", "reason": "b"}])
    other = with_conditions(before, [{"type": "Ready", "status": "False"}])

    assert same == [
        {"type": "Ready", "status": "True", "reason": "b", "lastTransitionTime": "then"}
    ]
    assert other[0]["lastTransitionTime"] != "then"


# Git


async def test_git_tells_what_is_wrong_with_a_repository(tmp_path: Path) -> None:
    repositories = Repositories(tmp_path / "clones", list)

    with pytest.raises(RepositoryError, match="does not appear to be a git repository"):
        await repositories.resolve(f"file://{tmp_path}/nowhere.git", "main", max_age=0)


class Overtaken(Repositories):
    """Somebody pushes, and says so, while Git is being asked."""

    pushes: list[Callable[[], str]]

    @override
    async def _git(self, url: str, *arguments: str) -> str:
        told = await super()._git(url, *arguments)
        while self.pushes:
            self.pushes.pop()()
            self.expire(url)
        return told


async def test_a_push_that_comes_while_git_is_asked_is_not_missed(tmp_path: Path) -> None:
    repository = new_repository(tmp_path, "app")
    repository.commit({"a.txt": "one"})
    repositories = Overtaken(tmp_path / "clones", list)
    repositories.pushes = [lambda: repository.commit({"a.txt": "two"})]

    before = await repositories.resolve(repository.url, "main", max_age=60)
    after = await repositories.resolve(repository.url, "main", max_age=60)

    assert before != after


async def test_a_checkout_shows_the_commit_and_nothing_that_was_left_lying_about(
    tmp_path: Path,
) -> None:
    repository = new_repository(tmp_path, "app")
    sha = repository.commit({"a.txt": "one"})
    repositories = Repositories(tmp_path / "clones", list)

    async with repositories.checkout(repository.url, "main", sha) as checkout:
        (checkout.folder / "left.txt").touch()
    later = repository.commit({"b.txt": "two"})
    assert await repositories.resolve(repository.url, "main", max_age=0) == later
    async with repositories.checkout(repository.url, "main", later) as checkout:
        names = {path.name for path in checkout.folder.iterdir()}

    assert names == {".git", "a.txt", "b.txt"}


def test_two_ways_to_write_one_repository_are_equal() -> None:
    assert normalised("https://ada:secret@Git.example.com/A/b.git/") == normalised(
        "https://git.example.com/a/b"
    )


# Routes


def route(name: str, host: str, path: str = "/", **match: Any) -> Object:
    matches = [{"path": {"type": "PathPrefix", "value": path}} | match]
    return {
        "metadata": {"name": name, "namespace": "apps", "creationTimestamp": name},
        "spec": {
            "parentRefs": [{"name": "external", "namespace": "gateway"}],
            "hostnames": [host],
            "rules": [{"matches": matches, "backendRefs": [{"name": name, "port": 80}]}],
        },
    }


@pytest.mark.parametrize(
    ("host", "path", "expected"),
    [
        ("shop.localhost", "/", "site"),
        ("shop.localhost", "/api", "api"),
        ("shop.localhost", "/api/v1", "api"),
        ("shop.localhost", "/apiary", "site"),
        ("other.localhost", "/", "wildcard"),
        ("other.example.com", "/", None),
    ],
)
def test_the_most_specific_route_wins(host: str, path: str, expected: str | None) -> None:
    found = [
        route("wildcard", "*.localhost"),
        route("site", "shop.localhost"),
        route("api", "shop.localhost", "/api"),
    ]

    chosen = routes.rule_for(found, Asked("https", host, path))

    assert (chosen.backends[0].service.name if chosen else None) == expected


def test_a_route_for_another_gateway_is_not_ours() -> None:
    other = route("site", "shop.localhost")
    other["spec"]["parentRefs"][0]["name"] = "internal"

    assert routes.rule_for([other], Asked("https", "shop.localhost", "/")) is None


def test_of_two_matches_the_one_that_says_more_wins() -> None:
    beta = {"name": "X-Version", "value": "beta"}
    matches = [
        {"path": {"type": "RegularExpression", "value": "/v[0-9]+"}},
        {"path": {"type": "Exact", "value": "/v1"}, "queryParams": [{"name": "q", "value": "1"}]},
        {"path": {"type": "PathPrefix", "value": "/"}, "headers": [beta]},
        {"path": {"type": "PathPrefix", "value": "/"}},
    ]
    found = []
    for number, match in enumerate(matches):
        found.append(route(str(number), "shop.localhost"))
        found[-1]["spec"]["rules"][0]["matches"] = [match]

    def winner(path: str, headers: dict[str, str], query: dict[str, str]) -> str | None:
        asked = Asked("https", "shop.localhost", path, "GET", headers, query)
        chosen = routes.rule_for(found, asked)
        return chosen.backends[0].service.name if chosen else None

    assert winner("/v1", {}, {"q": "1"}) == "1"
    assert winner("/v1", {}, {}) == "0"
    assert winner("/other", {"x-version": "beta"}, {}) == "2"
    assert winner("/other", {"x-version": "alpha"}, {}) == "3"


def test_a_route_may_be_for_one_listener_alone() -> None:
    plain = route("site", "shop.localhost")
    plain["spec"]["parentRefs"][0]["sectionName"] = "http"

    assert routes.rule_for([plain], Asked("https", "shop.localhost", "/")) is None
    assert routes.rule_for([plain], Asked("http", "shop.localhost", "/")) is not None


def test_what_the_gateway_cannot_do_is_named_and_not_served() -> None:
    mirrored = route("site", "shop.localhost")
    mirrored["spec"]["rules"][0]["filters"] = [{"type": "RequestMirror"}]

    assert filters.problems(mirrored) == ["filter RequestMirror is not supported by this gateway"]
    assert routes.rule_for([mirrored], Asked("https", "shop.localhost", "/")) is None


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"scheme": "https", "statusCode": 301}, (301, "https://shop.localhost:7406/a/b")),
        ({"hostname": "new.localhost"}, (302, "http://new.localhost:7405/a/b")),
        ({"port": 8080}, (302, "http://shop.localhost:8080/a/b")),
        (
            {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/c"}},
            (302, "http://shop.localhost:7405/c/b"),
        ),
        (
            {"path": {"type": "ReplaceFullPath", "replaceFullPath": "/"}},
            (302, "http://shop.localhost:7405/"),
        ),
    ],
)
def test_a_redirect_goes_where_the_filter_says(wish: Object, expected: tuple[int, str]) -> None:
    asked = Asked("http", "shop.localhost", "/a/b")
    filtering = [{"type": "RequestRedirect", "requestRedirect": wish}]
    ports = {"http": 7405, "https": 7406}

    assert filters.redirection(filtering, asked, "/a", ports) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("1m30s", 90), ("500ms", 0.5), ("0s", None), ("2h", 7200)]
)
def test_durations_of_routes_are_read(text: str, expected: float | None) -> None:
    assert filters.seconds(text) == expected


# Containers


def image(tmp_path: Path, **config: Any) -> Image:
    (tmp_path / "srv").mkdir(exist_ok=True)
    (tmp_path / "srv/run.sh").touch()
    return Image("sha256:0", tmp_path, config)


POD: Object = {
    "metadata": {"name": "pod", "namespace": "apps", "labels": {"a": "b"}},
    "spec": {"containers": []},
}


def test_declared_ports_become_real_ones_wherever_they_are_written(tmp_path: Path) -> None:
    container = {"command": ["serve", "--port", "8080", "--bind", "0.0.0.0:8080"]}

    line = environment.command_line(container, image(tmp_path), {8080: 41000}, {})

    assert line == ["serve", "--port", "41000", "--bind", "127.0.0.1:41000"]


def test_a_program_of_the_image_is_run_from_there_and_one_of_its_base_by_name(
    tmp_path: Path,
) -> None:
    own = image(tmp_path, Entrypoint=["/srv/run.sh"])
    base = image(tmp_path, Cmd=["/usr/local/bin/python", "-m", "app"])

    assert environment.command_line({}, own, {}, {}) == [str(tmp_path / "srv/run.sh")]
    assert environment.command_line({}, base, {}, {})[0] == "python"


def test_variables_come_from_everywhere_and_the_port_wins(tmp_path: Path) -> None:
    secret = {"data": {"TOKEN": base64.b64encode(b"s3cret").decode()}}
    container = {
        "envFrom": [{"secretRef": {"name": "secrets"}}],
        "env": [
            {"name": "PORT", "value": "8080"},
            {"name": "URL", "value": "http://$(TOKEN)@host/$(UNKNOWN)/$$"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}},
        ],
    }

    found = environment.variables(
        POD, container, image(tmp_path, Env=["PATH=/x", "A=b=c"]), {8080: 41000}, lambda *_: secret
    )

    assert found["PORT"] == "41000"
    assert found["URL"] == "http://s3cret@host/$(UNKNOWN)/$"
    assert (found["POD"], found["LABEL"], found["A"]) == ("pod", "b", "b=c")
    assert "PATH" not in found


def test_a_missing_secret_is_waited_for_unless_it_is_optional(tmp_path: Path) -> None:
    def variables(**reference: Any) -> dict[str, str]:
        container = {"envFrom": [{"secretRef": {"name": "absent"} | reference}]}
        return environment.variables(POD, container, image(tmp_path), {}, lambda *_: None)

    assert "TOKEN" not in variables(optional=True)
    with pytest.raises(environment.MissingReferenceError, match='secret "absent" not found'):
        variables()


def layer(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def test_a_later_layer_hides_files_of_an_earlier_one(tmp_path: Path) -> None:
    images.extract(layer(**{"app/a": "1", "app/b": "1"}), tmp_path)
    images.extract(layer(**{"app/.wh.a": "", "app/b": "2"}), tmp_path)

    assert not (tmp_path / "app/a").exists()
    assert (tmp_path / "app/b").read_text() == "2"


def test_a_layer_cannot_write_outside_of_its_image(tmp_path: Path) -> None:
    (tmp_path / "image").mkdir()

    with pytest.raises(tarfile.TarError):
        images.extract(layer(**{"../outside": "x"}), tmp_path / "image")

    assert not (tmp_path / "outside").exists()


async def test_what_a_killed_sandbox_left_running_is_ended_at_the_next_start(
    tmp_path: Path,
) -> None:
    launch = processes.Launch(
        command=["sleep", "60"],
        environment={"PATH": "/usr/bin:/bin"},
        folder=tmp_path,
        log=tmp_path / "log",
        note=tmp_path / "pods/uid/app.pid",
    )
    running = await processes.start(launch)

    await processes.kill_leftovers(tmp_path / "pods")

    async with asyncio.timeout(5):
        assert await running.wait() == 128 + 9


async def test_a_number_that_now_belongs_to_another_program_is_left_alone(tmp_path: Path) -> None:
    launch = processes.Launch(
        command=["sleep", "60"],
        environment={"PATH": "/usr/bin:/bin"},
        folder=tmp_path,
        log=tmp_path / "log",
        note=tmp_path / "app.pid",
    )
    running = await processes.start(launch)
    launch.note.write_text(f'{{"pid": {running.pid}, "born": "Thu Jan  1 00:00:00 1970"}}')

    await processes.kill_leftovers(tmp_path)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await running.wait()
    await running.stop(grace=1)
