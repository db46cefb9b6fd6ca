"""The rules for entities, as Backstage's own validators hold them."""

from typing import Any

import pytest

from bot.sandbox.catalog import addresses, refs, relations, validation


def an_entity(kind: str = "Component", **changes: Any) -> dict[str, Any]:
    spec = {"type": "service", "lifecycle": "experimental", "owner": "payments"}
    metadata = {"name": "hello"} | changes.pop("metadata", {})
    spec |= changes.pop("spec", {})
    base = {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
    return base | changes


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": "a"},
        {"name": "Hello_World.9"},
        {"name": "x" * 63},
        {"namespace": "team-a"},
        {"labels": {"idp.internal/team": "payments", "empty": ""}},
        {"annotations": {"a.b-c.d/e_f": "anything at all\n"}},
        {"tags": ["java", "c++", "c#", "java-17", "lang:de"]},
        {"links": [{"url": "mailto:a@b.c", "title": "Mail", "icon": "mail"}]},
        {"custom": {"any": ["thing"]}},
    ],
)
def test_these_are_fine(metadata: dict[str, Any]) -> None:
    validation.check(an_entity(metadata=metadata))


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        ({"name": "-a"}, '"metadata.name" is not valid'),
        ({"name": "a-"}, '"metadata.name" is not valid'),
        ({"name": "a b"}, '"metadata.name" is not valid'),
        ({"name": "x" * 64}, "at most 63 characters"),
        ({"name": "hello\n"}, '"metadata.name" is not valid'),
        ({"namespace": "Team"}, '"metadata.namespace" is not valid'),
        ({"namespace": "a--"}, '"metadata.namespace" is not valid'),
        ({"labels": {"a": "-"}}, '"labels.a" is not valid'),
        ({"labels": {"a/b/c": "x"}}, '"labels.a/b/c" is not valid'),
        ({"labels": {"Upper.Prefix/x": "x"}}, "a valid prefix and/or suffix"),
        ({"annotations": {"a": 5}}, "/metadata/annotations/a must be string - type: string"),
        ({"annotations": {"a": True}}, "must be string"),
        ({"annotations": {"": "x"}}, '"annotations." is not valid'),
        ({"tags": ["Java"]}, '"tags.0" is not valid'),
        ({"tags": ["a--b-"]}, '"tags.0" is not valid'),
        ({"links": [{"url": "nowhere"}]}, '"links.0.url" is not valid'),
        ({"links": [{"title": "x"}]}, "must have required property 'url'"),
        ({"title": ""}, "must NOT have fewer than 1 characters"),
        ({"uid": ""}, "must NOT have fewer than 1 characters"),
    ],
)
def test_these_are_refused(metadata: dict[str, Any], complaint: str) -> None:
    with pytest.raises(validation.InvalidError) as refused:
        validation.check(an_entity(metadata=metadata))

    assert str(refused.value).startswith("Policy check failed for component:")
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "spec", "missing"),
    [
        ("Component", {"owner": "x", "lifecycle": "x"}, "type"),
        ("Component", {"type": "x", "lifecycle": "x"}, "owner"),
        ("API", {"type": "openapi", "lifecycle": "x", "owner": "x"}, "definition"),
        ("API", {"type": "mcp-server", "lifecycle": "x", "owner": "x"}, "remotes"),
        ("Resource", {"owner": "x"}, "type"),
        ("System", {}, "owner"),
        ("Domain", {}, "owner"),
        ("Group", {"type": "team"}, "children"),
        ("User", {}, "memberOf"),
    ],
)
def test_a_kind_says_what_its_spec_lacks(kind: str, spec: dict[str, Any], missing: str) -> None:
    entity = an_entity(kind)
    entity["spec"] = spec

    with pytest.raises(validation.InvalidError) as refused:
        validation.check(entity)

    assert f"/spec must have required property '{missing}'" in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("API", {"type": "openapi", "lifecycle": "x", "owner": "x", "definition": "d"}),
        ("API", {"type": "mcp-server", "lifecycle": "x", "owner": "x", "remotes": [{"url": "u"}]}),
        ("Resource", {"type": "database", "owner": "x"}),
        ("System", {"owner": "x"}),
        ("Domain", {"owner": "x"}),
        ("Group", {"type": "team", "children": []}),
        ("User", {"memberOf": []}),
        ("Location", {"targets": ["./x.yaml"]}),
    ],
)
def test_a_kind_needs_no_more_than_this(kind: str, spec: dict[str, Any]) -> None:
    validation.check(an_entity(kind) | {"spec": spec})


@pytest.mark.parametrize("change", [{"kind": "Gadget"}, {"apiVersion": "example.com/v1"}])
def test_a_foreign_kind_or_version_is_recognised_by_nobody(change: dict[str, Any]) -> None:
    with pytest.raises(validation.InvalidError, match="No processor recognized the entity"):
        validation.check(an_entity(**change))


@pytest.mark.parametrize("field", ["extra", "relations", "status"])
def test_fields_at_the_root_that_are_not_for_files_are_refused(field: str) -> None:
    with pytest.raises(validation.InvalidError, match=f"Unknown field {field}"):
        validation.check(an_entity() | {field: []})


@pytest.mark.parametrize(
    "entity",
    [None, [], {}, {"kind": "Component"}, an_entity(metadata={"name": ""}), an_entity(kind="")],
)
def test_without_an_envelope_there_is_no_entity(entity: Any) -> None:
    with pytest.raises(validation.InvalidError):
        validation.check_envelope(entity)


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("team-a", "Group", "group:default/team-a"),
        ("Ns/Team", "Group", "group:ns/team"),
        ("user:ada", "Group", "user:default/ada"),
        ("Component:default/Hello", "", "component:default/hello"),
    ],
)
def test_references_may_leave_out_what_has_a_default(text: str, kind: str, expected: str) -> None:
    assert str(refs.parse(text, default_kind=kind)) == expected


@pytest.mark.parametrize("text", ["", "a:b:c", "a/b/c", "hello", None, 5])
def test_what_is_no_full_reference_is_refused_where_there_is_no_default(text: object) -> None:
    with pytest.raises(ValueError, match="Entity reference"):
        refs.parse(text)


def test_dependencies_have_no_default_kind() -> None:
    with pytest.raises(ValueError, match="missing or empty kind"):
        relations.relations_of(an_entity(spec={"dependsOn": ["db"]}))


def test_an_entitys_own_namespace_is_the_default_for_what_it_names() -> None:
    found = relations.relations_of(an_entity(metadata={"namespace": "team-a"}))

    assert {(each.source, each.type, each.target) for each in found} == {
        ("component:team-a/hello", "ownedBy", "group:team-a/payments"),
        ("group:team-a/payments", "ownerOf", "component:team-a/hello"),
    }


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("./x.yaml", "http://h/g/p/-/blob/main/dir/x.yaml"),
        ("../x.yaml", "http://h/g/p/-/blob/main/x.yaml"),
        ("./x/*.yaml", "http://h/g/p/-/blob/main/dir/x/*.yaml"),
        ("/x.yaml", "http://h/g/p/-/blob/main/x.yaml"),
        ("https://other/y", "https://other/y"),
    ],
)
def test_targets_are_relative_to_the_file_that_names_them(target: str, expected: str) -> None:
    assert addresses.resolved(target, "http://h/g/p/-/blob/main/dir/catalog-info.yaml") == expected


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("apps/*.yaml", "apps/a.yaml", True),
        ("apps/*.yaml", "apps/deep/a.yaml", False),
        ("apps/*.yaml", "apps/.hidden.yaml", False),
        ("apps/*/catalog-info.yaml", "apps/a/catalog-info.yaml", True),
        ("**/*.yaml", "a.yaml", True),
        ("**/*.yaml", "a/b/c.yaml", True),
        ("a?.yaml", "ab.yaml", True),
        ("a?.yaml", "a/.yaml", False),
        ("a.yaml", "aXyaml", False),
    ],
)
def test_patterns_fit_paths_as_minimatch_has_it(pattern: str, path: str, *, fits: bool) -> None:
    assert bool(addresses.glob_regex(pattern).match(path)) is fits
