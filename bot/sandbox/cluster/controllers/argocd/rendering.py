"""Render an Application's source into manifests: a Helm chart with the real Helm, or a folder of YAML files."""

import asyncio
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.cluster.controllers.argocd import commands, manifests
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.objects import Object

UNSUPPORTED = ("kustomization.yaml", "kustomization.yml", "Kustomization")


class RenderError(Exception):
    """The source does not give manifests; the words are for the Application's ComparisonError."""


@dataclass(frozen=True, slots=True)
class Release:
    """What a chart is rendered for."""

    name: str
    namespace: str


class Renderer:
    """Renders with one Helm binary, for one cluster."""

    def __init__(self, helm: Path, home: Path, kube: Kube) -> None:
        self._helm = helm
        self._home = home
        self._kube = kube
        self._capabilities: list[str] = []

    def forget_capabilities(self) -> None:
        """Ask the cluster anew what it serves."""
        self._capabilities = []

    async def render(self, checkout: Path, source: Object, release: Release) -> list[Object]:
        """Give the manifests as they are written, without the cluster's own additions.

        Raises:
            RenderError: with the cause in Helm's or the parser's words.
        """
        folder = _inside(checkout, source.get("path") or ".")
        if not folder.is_dir():
            raise RenderError(f"{source.get('path')}: app path does not exist")
        if (folder / "Chart.yaml").is_file():
            text = await self._template(checkout, folder, source.get("helm") or {}, release)
        elif any((folder / name).exists() for name in UNSUPPORTED):
            raise RenderError("the sandbox renders Helm charts and plain folders, not Kustomize")
        else:
            text = await asyncio.to_thread(_concatenated, folder, source.get("directory") or {})
        try:
            return await asyncio.to_thread(manifests.parse, text)
        except manifests.MalformedManifestError as error:
            raise RenderError(str(error)) from error

    async def _template(
        self, checkout: Path, chart: Path, options: Object, release: Release
    ) -> str:
        with tempfile.TemporaryDirectory() as scratch:
            arguments = _value_arguments(checkout, chart, options, Path(scratch))
            name = options.get("releaseName") or release.name
            namespace = options.get("namespace") or release.namespace
            return await self._run(
                *("template", name, str(chart), "--namespace", namespace),
                *await self._served(),
                *([] if options.get("skipCrds") else ["--include-crds"]),
                *arguments,
            )

    async def _served(self) -> list[str]:
        if not self._capabilities:
            versions = await self._kube.api_versions()
            served = (await self._kube.server_version()).removeprefix("v")
            capabilities = ["--kube-version", served, "--api-versions", ",".join(versions)]
            self._capabilities = capabilities
        return self._capabilities

    async def _run(self, *arguments: str) -> str:
        # Nothing of the person's own Helm: neither plugins nor repositories.
        environment = {"HOME": str(self._home), "PATH": "/usr/bin:/bin"}
        try:
            done = await commands.run(str(self._helm), *arguments, environment=environment)
        except TimeoutError as error:
            raise RenderError("helm took too long to render the chart") from error
        if done.code:
            cause = done.err.strip().removeprefix("Error: ")
            raise RenderError(f"`helm template` failed exit status {done.code}: {cause}")
        return done.out


def _value_arguments(checkout: Path, chart: Path, options: Object, scratch: Path) -> list[str]:
    arguments = []
    for file in options.get("valueFiles") or []:
        path = _inside(checkout, file, start=checkout if file.startswith("/") else chart)
        if path.is_file() or not options.get("ignoreMissingValueFiles"):
            arguments += ["--values", str(path)]
    if options.get("values"):
        inline = scratch / "values.yaml"
        inline.write_text(options["values"])
        arguments += ["--values", str(inline)]
    if options.get("valuesObject"):
        given = scratch / "values-object.json"
        given.write_text(json.dumps(options["valuesObject"]))
        arguments += ["--values", str(given)]
    for parameter in options.get("parameters") or []:
        flag = "--set-string" if parameter.get("forceString") else "--set"
        arguments += [flag, f"{parameter['name']}={parameter['value']}"]
    return arguments


def _inside(root: Path, path: str, *, start: Path | None = None) -> Path:
    found = ((start or root) / path.lstrip("/")).resolve()
    if not found.is_relative_to(root.resolve()):
        raise RenderError(f"{path}: path lies outside of the repository")
    return found


def _concatenated(folder: Path, options: Object) -> str:
    pattern = "**/*" if options.get("recurse") else "*"
    files = sorted(
        path
        for path in folder.glob(pattern)
        if path.suffix in {".yaml", ".yml", ".json"} and ".git" not in path.parts
    )
    return "\n---\n".join(path.read_text() for path in files)
