"""Tell clients what is served, in the plain and in the aggregated form."""

from typing import Any

from bot.sandbox.cluster.api.resources import CREATE_ONLY, Registry, Resource

Object = dict[str, Any]

VERSION: Object = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.0",
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "go1.27",
    "compiler": "gc",
    "platform": "linux/amd64",
}

_KINDS_OF_SUBRESOURCES = {
    "scale": ("autoscaling", "v1", "Scale"),
    "eviction": ("policy", "v1", "Eviction"),
    "token": ("authentication.k8s.io", "v1", "TokenRequest"),
}
_VERBS_OF_SUBRESOURCES = {
    "log": ["get"],
    "eviction": ["create"],
    "token": ["create"],
    "finalize": ["update"],
}


def core_versions(address: str) -> Object:
    """Answer /api."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def groups(registry: Registry) -> Object:
    """Answer /apis."""
    found = [group(registry, name) for name in registry.groups() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(registry: Registry, name: str) -> Object:
    """Answer /apis/<group>."""
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for version in registry.groups()[name]
    ]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": versions,
        "preferredVersion": versions[0],
    }


def resources(registry: Registry, group_name: str, version: str) -> Object:
    """Answer /apis/<group>/<version>."""
    rows: list[Object] = []
    for resource in registry.all():
        if (resource.group, resource.version) == (group_name, version):
            rows.append(_row(resource))
            rows += [_sub_row(resource, name) for name in sorted(resource.subresources)]
    group_version = f"{group_name}/{version}" if group_name else version
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": rows,
    }


def _row(resource: Resource) -> Object:
    row: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        row["shortNames"] = list(resource.short_names)
    if resource.categories:
        row["categories"] = list(resource.categories)
    return row


def _sub_row(resource: Resource, name: str) -> Object:
    row: Object = {
        "name": f"{resource.plural}/{name}",
        "singularName": "",
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": _VERBS_OF_SUBRESOURCES.get(name, ["get", "patch", "update"]),
    }
    if name in _KINDS_OF_SUBRESOURCES:
        row["group"], row["version"], row["kind"] = _KINDS_OF_SUBRESOURCES[name]
    return row


def aggregated(registry: Registry, *, core: bool) -> Object:
    """Answer /api or /apis in one document, which spares clients a request a group."""
    found = [
        {
            "metadata": {"name": name, "creationTimestamp": None},
            "versions": [
                {
                    "version": version,
                    "freshness": "Current",
                    "resources": _aggregated_rows(registry, name, version),
                }
                for version in versions
            ],
        }
        for name, versions in registry.groups().items()
        if (name == "") is core
    ]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": found,
    }


def _aggregated_rows(registry: Registry, group_name: str, version: str) -> list[Object]:
    return [
        _aggregated_row(resource)
        for resource in registry.all()
        if (resource.group, resource.version) == (group_name, version)
    ]


def _aggregated_row(resource: Resource) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    row: Object = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
        "shortNames": list(resource.short_names),
        "categories": list(resource.categories),
    }
    if resource.subresources and resource.verbs != CREATE_ONLY:
        row["subresources"] = [
            _aggregated_sub_row(resource, name) for name in sorted(resource.subresources)
        ]
    return row


def _aggregated_sub_row(resource: Resource, name: str) -> Object:
    plain = _sub_row(resource, name)
    kind = {
        "group": plain.get("group", resource.group),
        "version": plain.get("version", resource.version),
        "kind": plain["kind"],
    }
    return {"subresource": name, "responseKind": kind, "verbs": plain["verbs"]}
