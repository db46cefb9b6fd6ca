"""The golden path for FastAPI, as it comes out for friendly and for hostile input."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from bot.adapters import template_file
from bot.sandbox import binaries
from bot.sandbox.runner import config
from tests.golden_path import TEMPLATE, VALUES, render

ROOT = TEMPLATE.parent.parent
HOSTILE = {
    "quotes": "\"double\" and 'single' and `back`",
    "two lines": "first\nsecond: {yes: no}\n---\n- third",
    "helm": '{{ .Values.secret }} {{- fail "x" }}',
    "placeholder": "${{ values.name }} {% raw %} {# gone #}",
    "yaml": "# no comment: [a, *b, &c] !tag > | %",
    "shell": "$(touch /tmp/owned) `id` $HOME; rm -rf / && \\",
    "markup": "<script>alert(1)</script> & <b>",
    "unicode": "Größe 🚀 日本語 “quoted”\u2028\u0085\ufeff",
    "nothing but a number": "1.0",
    "a word that YAML knows": "yes",
    "long": "word " * 60,
}
HOSTILE_NAMES = ["Yes", "1 2", 'a"b', "x: y # z", "{{ 7 }}", "${{ 7 }}", "two\nlines", "Größe 🚀"]


def documents(path: Path) -> list[Any]:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)  # the stricter test: there, an unquoted yes is a boolean
    return list(yaml.load_all(path.read_text(encoding="utf-8")))


def every_text(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_text(encoding="utf-8")


def ruff(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "ruff", *arguments, "--no-cache", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(name="app")
def _app(tmp_path: Path) -> Path:
    return render("app", tmp_path / "app")


@pytest.mark.parametrize("description", HOSTILE.values(), ids=HOSTILE)
def test_any_description_arrives_unchanged_wherever_it_is_shown(
    tmp_path: Path, description: str
) -> None:
    app = render("app", tmp_path / "app", description=description)
    deployment = render("deployment", tmp_path / "deployment", description=description)

    component, api = documents(app / "catalog-info.yaml")
    (chart,) = documents(deployment / "Chart.yaml")
    assert component["metadata"]["description"] == description
    assert api["metadata"]["description"] == description
    assert chart["description"] == description
    for file, keys in (("app/about.json", ()), ("openapi.json", ("info",))):
        content = json.loads((app / file).read_text(encoding="utf-8"))
        for key in keys:
            content = content[key]
        assert content["description"] == description


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_any_name_stays_a_text_in_every_file(tmp_path: Path, name: str) -> None:
    app = render("app", tmp_path / "app", name=name)

    component, api = documents(app / "catalog-info.yaml")
    assert (component["metadata"]["title"], api["metadata"]["title"]) == (name, f"{name} API")
    assert documents(app / "mkdocs.yml")[0]["site_name"] == name
    assert json.loads((app / "openapi.json").read_text(encoding="utf-8"))["info"]["title"] == name


def test_what_people_typed_reaches_no_code_and_no_helm_template(tmp_path: Path) -> None:
    mark = "zzmarkzz"
    app = render("app", tmp_path / "app", name=mark, description=mark)
    deployment = render("deployment", tmp_path / "deployment", name=mark, description=mark)

    holding = {path.name for path, text in every_text(tmp_path) if mark in text}
    assert holding == {
        *("README.md", "index.md", "mkdocs.yml", "catalog-info.yaml", "about.json"),
        *("openapi.json", "Chart.yaml"),
    }
    assert not [path for path, text in every_text(deployment / "templates") if mark in text]
    assert (app / "app" / "about.py").is_file()


def test_no_placeholder_is_left_over(tmp_path: Path) -> None:
    for skeleton in ("app", "deployment", "environment"):
        render(skeleton, tmp_path / skeleton)
    left = [path for path, text in every_text(tmp_path) if "${{" in text or "${{" in path.name]
    assert left == []


def test_every_file_of_a_known_format_can_be_read(app: Path, tmp_path: Path) -> None:
    deployment = render("deployment", tmp_path / "deployment")
    for path in [*app.rglob("*"), *deployment.rglob("*")]:
        if path.suffix in {".yaml", ".yml"} and path.parent.name != "templates":
            documents(path)
        elif path.suffix == ".toml":
            tomllib.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".py":
            compile(path.read_text(encoding="utf-8"), path, "exec")


@pytest.mark.parametrize("description", [HOSTILE["quotes"], HOSTILE["unicode"]])
def test_the_generated_code_passes_its_own_lint(tmp_path: Path, description: str) -> None:
    app = render("app", tmp_path / "app", description=description)
    ruff(app, "check")
    ruff(app, "format", "--check")


def test_the_pins_are_those_that_the_sandbox_runs_on(app: Path) -> None:
    ours = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([\w.-]+==[\w.]+)", ours, re.MULTILINE))
    for file in ("requirements.txt", "requirements-dev.txt"):
        lines = (app / file).read_text(encoding="utf-8").splitlines()
        wanted = {line for line in lines if line and not line.startswith(("#", "-r"))}
        assert wanted <= pinned


def test_the_catalog_entry_leads_to_everything_that_belongs_to_the_component(app: Path) -> None:
    component, api = documents(app / "catalog-info.yaml")
    assert component["metadata"]["name"] == VALUES["componentId"]
    assert component["metadata"]["annotations"] == {
        "gitlab.com/instance": VALUES["gitlabHost"],
        "gitlab.com/project-slug": VALUES["appRepository"],
        "backstage.io/techdocs-ref": "dir:.",
        "backstage.io/kubernetes-id": VALUES["componentId"],
        "argocd/app-name": VALUES["fullName"],
    }
    assert "https://hello.localhost" in [link["url"] for link in component["metadata"]["links"]]
    assert component["spec"] == {
        "type": "service",
        "lifecycle": "experimental",
        "owner": "group:default/payments",
        "system": "system:default/checkout",
        "providesApis": ["api:default/checkout-hello-world"],
    }
    assert api["spec"]["definition"] == {"$text": "./openapi.json"}


def test_a_live_url_of_its_own_is_linked_instead_of_the_bare_host(tmp_path: Path) -> None:
    app = render("app", tmp_path, url="https://hello.localhost:7406")
    component, _ = documents(app / "catalog-info.yaml")
    urls = [link["url"] for link in component["metadata"]["links"]]
    assert urls[:2] == ["https://hello.localhost:7406", "https://hello.localhost:7406/docs"]


@pytest.mark.parametrize(
    ("variables", "jobs"),
    [
        ({"CI_COMMIT_BRANCH": "main"}, ["lint", "test", "build", "deploy"]),
        ({"CI_COMMIT_BRANCH": "feature"}, ["lint", "test"]),
        (
            {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_MERGE_REQUEST_IID": "1"},
            ["lint", "test"],
        ),
        ({"CI_COMMIT_BRANCH": "feature", "CI_OPEN_MERGE_REQUESTS": "a!1"}, []),
        ({"CI_COMMIT_TAG": "v1"}, []),
    ],
    ids=["main", "branch", "merge request", "branch with a merge request", "tag"],
)
def test_the_pipeline_has_the_jobs_that_the_occasion_wants(
    app: Path, variables: dict[str, str], jobs: list[str]
) -> None:
    text = (app / ".gitlab-ci.yml").read_text(encoding="utf-8")
    plan = config.parse(text, variables={"CI_DEFAULT_BRANCH": "main", **variables})
    assert [job.name for job in plan.jobs] == jobs


def test_only_one_deployment_runs_at_a_time_and_none_is_interrupted(app: Path) -> None:
    text = (app / ".gitlab-ci.yml").read_text(encoding="utf-8")
    variables = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    deploy = config.parse(text, variables=variables).job("deploy")
    assert deploy.resource_group == "development"
    assert not deploy.interruptible
    assert deploy.environment is not None
    assert (deploy.environment.name, deploy.environment.url) == (
        "development",
        "https://hello.localhost",
    )


def test_the_image_runs_as_a_number_and_starts_without_a_shell(app: Path) -> None:
    lines = (app / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert "USER 10001:10001" in lines
    assert 'CMD ["python", "-m", "app"]' in lines
    assert sum(line.startswith("FROM ") for line in lines) == 2


def test_the_environment_is_what_the_platform_composes_from(tmp_path: Path) -> None:
    folder = render("environment", tmp_path)
    (manifest,) = documents(folder / f"environments/development/{VALUES['fullName']}.yaml")
    assert manifest["kind"] == "ApplicationEnvironment"
    assert manifest["metadata"]["name"] == VALUES["fullName"]
    assert manifest["spec"] == {
        "team": "payments",
        "system": "checkout",
        "component": "checkout-hello-world",
        "environment": "development",
        "source": {
            "repoURL": "http://127.0.0.1:7401/idp/payments/checkout-hello-world-deployment.git",
            "targetRevision": "main",
        },
    }


@pytest.fixture(name="helm", scope="module")
def _helm() -> Path:
    try:
        return binaries.helm()
    except binaries.BinaryMissing as error:
        pytest.skip(str(error))


@pytest.fixture(name="chart")
def _chart(tmp_path: Path) -> Path:
    return render("deployment", tmp_path / "chart", description=HOSTILE["helm"], system="yes")


def with_an_image(chart: Path) -> None:
    image = {
        "repository": "127.0.0.1:7401/idp/x",
        "tag": "12e45678",
        "digest": "sha256:" + "a" * 64,
    }
    place = chart / "environments" / "development" / "image.yaml"
    place.write_text(json.dumps({"image": image}), encoding="utf-8")


def run_helm(helm: Path, chart: Path, command: str, *more: str) -> str:
    files = sorted((chart / "environments" / "development").iterdir(), reverse=True)
    values = [part for file in files for part in ("--values", str(file))]
    name = [] if command == "lint" else ["payments-yes-hello", "--namespace", "payments-yes-hello"]
    strict = ["--strict"] if command == "lint" else []
    done = subprocess.run(
        [helm, command, *name, str(chart), *strict, *values, *more],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def manifests(text: str) -> dict[str, Any]:
    return {one["kind"]: one for one in YAML(typ="safe", pure=True).load_all(text) if one}


class TestChart:
    def test_it_passes_lint_with_and_without_an_image(self, helm: Path, chart: Path) -> None:
        run_helm(helm, chart, "lint")
        with_an_image(chart)
        run_helm(helm, chart, "lint")
        run_helm(helm, chart, "lint", "--set", "autoscaling.enabled=true")

    def test_nothing_waits_for_an_image_that_is_not_there_yet(
        self, helm: Path, chart: Path
    ) -> None:
        assert set(manifests(run_helm(helm, chart, "template"))) == {"Service", "ServiceAccount"}

    def test_the_image_is_named_by_its_digest(self, helm: Path, chart: Path) -> None:
        with_an_image(chart)
        made = manifests(run_helm(helm, chart, "template"))
        assert set(made) == {"Service", "ServiceAccount", "Deployment", "HTTPRoute"}
        (container,) = made["Deployment"]["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "127.0.0.1:7401/idp/x@sha256:" + "a" * 64
        assert {"name": "VERSION", "value": "12e45678"} in container["env"]
        assert made["HTTPRoute"]["spec"]["hostnames"] == ["hello.localhost"]
        (parent,) = made["HTTPRoute"]["spec"]["parentRefs"]
        assert (parent["name"], parent["namespace"]) == ("external", "gateway")

    def test_the_command_in_the_readme_shows_what_argo_cd_applies(
        self, helm: Path, chart: Path
    ) -> None:
        with_an_image(chart)
        _, _, said = (chart / "README.md").read_text(encoding="utf-8").partition("```sh\nhelm ")
        words = said.partition("```")[0].replace("\\\n", " ").split()
        shown = subprocess.run(
            [helm, *words], cwd=chart, capture_output=True, text=True, check=True
        )
        assert set(manifests(shown.stdout)) == set(manifests(run_helm(helm, chart, "template")))

    def test_the_pod_is_as_restricted_as_kubernetes_can_ask_for(
        self, helm: Path, chart: Path
    ) -> None:
        with_an_image(chart)
        pod = manifests(run_helm(helm, chart, "template"))["Deployment"]["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}

    def test_everything_is_labelled_even_where_a_name_is_a_word_of_yaml(
        self, helm: Path, chart: Path
    ) -> None:
        with_an_image(chart)
        everything = manifests(run_helm(helm, chart, "template"))
        pod = everything["Deployment"]["spec"]["template"]
        for thing in [*everything.values(), pod]:
            labels = thing["metadata"]["labels"]
            assert labels["idp.internal/system"] == "yes"
            assert labels["idp.internal/team"] == "payments"
            assert labels["idp.internal/environment"] == "development"
            assert labels["backstage.io/kubernetes-id"] == "checkout-hello-world"

    def test_several_replicas_are_spread_and_not_evicted_together(
        self, helm: Path, chart: Path
    ) -> None:
        with_an_image(chart)
        made = manifests(run_helm(helm, chart, "template", "--set", "replicas=2"))
        assert "PodDisruptionBudget" in made
        assert made["Deployment"]["spec"]["template"]["spec"]["topologySpreadConstraints"]
        made = manifests(run_helm(helm, chart, "template", "--set", "autoscaling.enabled=true"))
        assert "replicas" not in made["Deployment"]["spec"]
        assert made["HorizontalPodAutoscaler"]["spec"]["maxReplicas"] == 6

    @pytest.mark.parametrize(
        "wrong", ["replica=2", "host=UPPER.example", "port=80", "image.digest=latest"]
    )
    def test_a_wrong_value_is_refused_by_the_schema(
        self, helm: Path, chart: Path, wrong: str
    ) -> None:
        with pytest.raises(AssertionError, match="schema"):
            run_helm(helm, chart, "template", "--set", wrong)


class TestTemplate:
    def test_the_bot_can_read_it(self) -> None:
        template = template_file.read(TEMPLATE, digest="1")
        assert template is not None
        assert (template.name, template.pipeline) == ("python-fastapi", "new-app")
        assert dict(template.skeletons) == {
            "app": "skeletons/app",
            "deployment": "skeletons/deployment",
        }

    def test_its_form_takes_sound_values_and_refuses_others(self) -> None:
        (page,) = self._spec()["parameters"]
        sound = {
            "name": "Price calculator",
            "system": "system:default/checkout",
            "description": "Knows prices",
            "hostname": "prices",
            "owner": "group:default/payments",
            "visibility": "internal",
        }
        schema = {"type": "object", **page}
        jsonschema.validate(sound, schema)
        for key, value in {
            "name": "1st try",
            "hostname": "-prices",
            "visibility": "secret",
            "description": "",
        }.items():
            with pytest.raises(jsonschema.ValidationError):
                jsonschema.validate({**sound, key: value}, schema)

    def test_each_step_of_backstage_uses_only_steps_before_it(self) -> None:
        seen: set[str] = set()
        for step in self._spec()["steps"]:
            used = set(re.findall(r"steps\.(\w+)\.", json.dumps(step)))
            assert used <= seen, step["id"]
            seen.add(step["id"])
        used = set(re.findall(r"steps\.(\w+)\.", json.dumps(self._spec()["output"])))
        assert used <= seen

    def test_backstage_hands_the_skeletons_every_value_that_they_use(self) -> None:
        for step in self._spec()["steps"]:
            if step["action"] == "fetch:template":
                assert set(step["input"]["values"]) == set(VALUES)
                assert (TEMPLATE / step["input"]["url"]).is_dir()

    @staticmethod
    def _spec() -> dict[str, Any]:
        (template,) = documents(TEMPLATE / "template.yaml")
        spec = template["spec"]
        assert isinstance(spec, dict)
        return spec
