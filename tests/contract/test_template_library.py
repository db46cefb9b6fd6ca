"""What the bot may expect of any template library, and what the folder makes of good, odd and hostile templates."""

import json
import os
import textwrap
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue
from ruamel.yaml import YAML

from bot.adapters.memory.template_library import MemoryTemplateLibrary
from bot.adapters.template_folder import TemplateFolder
from bot.adapters.template_rendering import rendered
from bot.domain.errors import PermanentError
from bot.ports.git_host import RenderedFile
from bot.ports.template_library import FormPage, Template, TemplateLibrary

SHIPPED = Path(__file__).parents[2] / "templates"
SERVICE = """
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: {name: service, title: A service, description: Answers.}
spec:
  owner: platform
  type: service
  idp: {pipeline: new-app, skeletons: {app: ./skeletons/app}}
  parameters:
    title: About it
    required: [name]
    properties: {name: {type: string}}
  steps: []
"""
FILES = {
    "README.md": "# ${{ values.name }}\n",
    "bin/${{ values.slug }}": "#!/bin/sh\necho {{ .Values.name }}\n",
}


@dataclass
class Subject:
    """A library, and the hand that puts a template there."""

    library: TemplateLibrary
    put: Callable[[str, str], None]


def _write(folder: Path, template: str, files: dict[str, str] | None = None) -> Path:
    (folder / "skeletons/app").mkdir(parents=True)
    (folder / "template.yaml").write_text(template)
    for path, content in (files or {}).items():
        file = folder / "skeletons/app" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(0o755 if path.startswith("bin/") else 0o644)
    return folder


@pytest.fixture(params=["memory", "folder"])
def subject(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    memory = MemoryTemplateLibrary()

    def put_in_memory(name: str, title: str) -> None:
        files = {
            path: RenderedFile(content=text.encode(), executable=path.startswith("bin/"))
            for path, text in FILES.items()
        }
        template = Template(
            name=name,
            title=title,
            description="Answers.",
            pipeline="new-app",
            pages=(FormPage(title="About it", schema_={"type": "object"}),),
            skeletons={"app": "skeletons/app"},
            digest="1",
        )
        memory.add(template, {"app": files})

    def put(name: str, title: str) -> None:
        text = SERVICE.replace("name: service", f"name: {name}").replace("A service", title)
        _write(tmp_path / name, text, FILES)

    if request.param == "memory":
        return Subject(memory, put_in_memory)
    return Subject(TemplateFolder(tmp_path), put)


def test_templates_of_a_pipeline_are_listed_by_title(subject: Subject) -> None:
    subject.put("worker", "b worker")
    subject.put("service", "A service")
    titles = [template.title for template in subject.library.list_templates("new-app")]
    assert titles == ["A service", "b worker"]
    assert subject.library.list_templates("new-system") == ()


def test_a_template_that_is_not_there_is_named(subject: Subject) -> None:
    with pytest.raises(PermanentError, match="no template “service”"):
        subject.library.get("service")


def test_contents_and_paths_are_filled_in_and_helms_braces_pass_through(subject: Subject) -> None:
    subject.put("service", "A service")
    files = subject.library.render("service", "app", {"name": "Hello", "slug": "hello"})
    assert files == {
        "README.md": RenderedFile(content=b"# Hello\n"),
        "bin/hello": RenderedFile(content=b"#!/bin/sh\necho {{ .Values.name }}\n", executable=True),
    }


def test_a_skeleton_that_is_not_there_is_named(subject: Subject) -> None:
    subject.put("service", "A service")
    with pytest.raises(PermanentError, match="no skeleton “docs”"):
        subject.library.render("service", "docs", {})


def test_a_value_that_is_missing_is_named(subject: Subject) -> None:
    subject.put("service", "A service")
    with pytest.raises(PermanentError, match="here is no value “slug”"):
        subject.library.render("service", "app", {"name": "Hello"})


def test_the_form_is_the_templates_own_schema(tmp_path: Path) -> None:
    _write(tmp_path / "service", SERVICE)
    page = TemplateFolder(tmp_path).get("service").pages[0]
    assert page.title == "About it"
    assert page.schema_["required"] == ["name"]
    assert page.schema_["properties"] == {"name": {"type": "string"}}


def test_the_digest_follows_every_file_and_its_mode_but_not_the_place(tmp_path: Path) -> None:
    first = _write(tmp_path / "one/service", SERVICE, FILES)
    _write(tmp_path / "two/service", SERVICE, FILES)
    library = TemplateFolder(tmp_path / "one")
    before = library.get("service").digest
    assert TemplateFolder(tmp_path / "two").get("service").digest == before
    readme = first / "skeletons/app/README.md"
    readme.chmod(0o755)
    with_mode = library.get("service").digest
    readme.write_text("other")
    with_content = library.get("service").digest
    assert len({before, with_mode, with_content}) == 3


def test_what_tools_leave_behind_is_no_part_of_a_template(tmp_path: Path) -> None:
    folder = _write(tmp_path / "service", SERVICE, FILES)
    library = TemplateFolder(tmp_path)
    before = library.get("service")
    (folder / "skeletons/app/__pycache__").mkdir()
    (folder / "skeletons/app/__pycache__/main.pyc").write_bytes(b"\0")
    assert library.get("service") == before
    assert set(library.render("service", "app", {"name": "x", "slug": "x"})) == {
        "README.md",
        "bin/x",
    }


def test_a_template_of_backstages_alone_is_not_offered(tmp_path: Path) -> None:
    _write(tmp_path / "service", SERVICE.replace("  idp:", "  other:"))
    library = TemplateFolder(tmp_path)
    assert library.list_templates("new-app") == ()
    with pytest.raises(PermanentError, match="for Backstage alone"):
        library.get("service")


def test_templates_that_only_backstages_own_reader_accepts_are_read(tmp_path: Path) -> None:
    odd = SERVICE.replace("steps: []", "steps: [{input: {url: {{ x }}, at: 2026-01-05}}]")
    _write(tmp_path / "service", odd + "  owner: twice\n")
    assert TemplateFolder(tmp_path).get("service").title == "A service"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("kind: Template", "kind: Component", "kind must be Template"),
        ("v1beta3", "v1beta2", "apiVersion must be"),
        ("name: service, ", "", "metadata.name"),
        ("pipeline: new-app, ", "", "spec.idp.pipeline"),
        ("./skeletons/app", "./skeletons/gone", "names no folder"),
        ("./skeletons/app", "../../other", "must lie in the template's folder"),
        ("{type: string}", "{type: text}", r"parameters\[0\]\.properties\.name\.type"),
        ("properties: {name: {type: string}}", "properties: [name]", "parameters"),
        ("spec:", "spec: }", "no valid YAML"),
    ],
)
def test_a_broken_template_is_named_with_what_to_mend(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    file = _write(tmp_path / "service", SERVICE.replace(old, new)) / "template.yaml"
    with pytest.raises(PermanentError, match=complaint) as raised:
        TemplateFolder(tmp_path).get("service")
    assert str(file) in raised.value.cause


@pytest.mark.parametrize("draft", ["kind: [", "kind: Other", ""])
def test_a_broken_template_stops_no_other(tmp_path: Path, draft: str) -> None:
    _write(tmp_path / "service", SERVICE, FILES)
    _write(tmp_path / "a-draft", draft)
    library = TemplateFolder(tmp_path)

    assert [template.name for template in library.list_templates("new-app")] == ["service"]
    assert library.get("service").title == "A service"
    assert library.render("service", "app", {"name": "Hello", "slug": "hello"})
    with pytest.raises(PermanentError, match="a-draft"):
        library.get("a-draft")


def test_a_file_that_cannot_be_opened_stops_no_other_template(tmp_path: Path) -> None:
    _write(tmp_path / "service", SERVICE, FILES)
    folder = _write(tmp_path / "a-draft", SERVICE)
    (folder / "template.yaml").unlink()
    (folder / "template.yaml").mkdir()
    library = TemplateFolder(tmp_path)

    assert library.get("service").title == "A service"
    with pytest.raises(PermanentError, match="a-draft cannot be read"):
        library.get("a-draft")


def test_a_template_that_breaks_is_named_to_whoever_asks_for_it_and_no_other(
    tmp_path: Path,
) -> None:
    file = _write(tmp_path / "folder", SERVICE) / "template.yaml"
    library = TemplateFolder(tmp_path)
    assert library.get("service").title == "A service"

    file.write_text("kind: [")

    with structlog.testing.capture_logs() as lines:
        with pytest.raises(PermanentError, match="no valid YAML"):
            library.get("service")
        with pytest.raises(PermanentError, match="no template “folder”"):
            library.get("folder")
    assert [line["event"] for line in lines] == ["template.skipped"]


def test_a_missing_folder_is_named_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="IDP_TEMPLATES_DIR"):
        TemplateFolder(tmp_path / "none").list_templates("new-app")


def test_binary_files_are_copied_as_they_are(tmp_path: Path) -> None:
    folder = _write(tmp_path / "service", SERVICE) / "skeletons/app"
    contents = {"logo.png": b"\x89PNG\0${{ values.x }}", "latin.txt": b"\xe4 ${{ values.x }}"}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    files = TemplateFolder(tmp_path).render("service", "app", {})
    assert {path: file.content for path, file in files.items()} == contents


@pytest.mark.parametrize("link_to_folder", [True, False])
def test_symbolic_links_are_refused(tmp_path: Path, *, link_to_folder: bool) -> None:
    folder = _write(tmp_path / "service", SERVICE) / "skeletons/app"
    (folder / "link").symlink_to("/etc" if link_to_folder else "/etc/passwd")
    with pytest.raises(PermanentError, match="symbolic link"):
        TemplateFolder(tmp_path).get("service")


@pytest.mark.parametrize(
    "slug", ["../evil", "..", "a/b", "a\\b", "a\0b", ".git", ".GIT", "/etc", "a\nb"]
)
def test_no_value_leads_a_path_out_of_its_folder(tmp_path: Path, slug: str) -> None:
    _write(tmp_path / "service", SERVICE, FILES)
    with pytest.raises(PermanentError, match="not allowed"):
        TemplateFolder(tmp_path).render("service", "app", {"name": "x", "slug": slug})


def test_a_file_whose_path_becomes_empty_is_left_out(tmp_path: Path) -> None:
    _write(tmp_path / "service", SERVICE, FILES)
    files = TemplateFolder(tmp_path).render("service", "app", {"name": "x", "slug": ""})
    assert set(files) == {"README.md"}


def test_two_files_may_not_fall_on_one_path(tmp_path: Path) -> None:
    _write(tmp_path / "service", SERVICE, {**FILES, "bin/same": ""})
    with pytest.raises(PermanentError, match="Two files"):
        TemplateFolder(tmp_path).render("service", "app", {"name": "x", "slug": "same"})


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("fine\n${{ values.name", "README.md, line 2"),
        ("${{ values.none }}", "none"),
        ("${{ values.name.__class__.__mro__ }}", "unsafe"),
        ("${{ values.name + 1 }}", "cannot be rendered"),
        ("{% include '/etc/passwd' %}", "cannot be rendered"),
    ],
)
def test_a_skeleton_that_cannot_be_rendered_is_named(
    tmp_path: Path, content: str, complaint: str
) -> None:
    _write(tmp_path / "service", SERVICE, {"README.md": content})
    with pytest.raises(PermanentError, match=complaint) as raised:
        TemplateFolder(tmp_path).render("service", "app", {"name": "x"})
    assert "README.md" in raised.value.cause


def test_text_in_a_value_is_never_a_template(tmp_path: Path) -> None:
    hostile = "${{ values.secret }} {% raw %} {# gone #} {{ .Values.secret }}"
    _write(tmp_path / "service", SERVICE, {"README.md": "${{ values.name }}"})
    files = TemplateFolder(tmp_path).render("service", "app", {"name": hostile, "secret": "s"})
    assert files["README.md"].content.decode() == hostile


_ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(deadline=None)
@given(text=_ANY_TEXT)
def test_any_text_enters_json_yaml_and_toml_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    value: dict[str, JsonValue] = {"text": text}
    root = tmp_path_factory.getbasetemp() / "quoted"
    root.mkdir(exist_ok=True)
    forms = {
        "a.json": '{"text": ${{ values.text | tojson }}}',
        "a.yaml": "text: ${{ values.text | tojson }}\n",
        "a.toml": "text = ${{ values.text | dump }}\n",
    }
    for name, content in forms.items():
        (root / name).write_text(content)
    files = rendered(root, sorted(root.iterdir()), value)
    texts = {path: file.content.decode() for path, file in files.items()}
    assert json.loads(texts["a.json"]) == value
    assert YAML(typ="safe", pure=True).load(texts["a.yaml"]) == value
    assert tomllib.loads(texts["a.toml"]) == value


def test_the_shipped_templates_are_good() -> None:
    library = TemplateFolder(SHIPPED)
    assert [t.name for t in library.list_templates("new-app")] == ["python-fastapi"]
    assert [t.name for t in library.list_templates("new-system")] == ["system"]


def test_a_template_is_read_again_once_it_changed(tmp_path: Path) -> None:
    folder = _write(tmp_path / "service", SERVICE)
    library = TemplateFolder(tmp_path)
    before = library.get("service")
    assert library.get("service") is before
    file = folder / "template.yaml"
    file.write_text(textwrap.dedent(SERVICE).replace("A service", "Another"))
    os.utime(file, (1, 1))
    assert library.get("service").title == "Another"
