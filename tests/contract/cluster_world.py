"""A cluster with everything it needs around it: Git repositories in a folder, a registry, one small application."""

import asyncio
import contextlib
import hashlib
import io
import json
import shutil
import ssl
import subprocess
import tarfile
import textwrap
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.sandbox import cluster, serving
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.objects import Key, Kind, Object
from bot.sandbox.runner import toolchain

ROOT = Path(__file__).parents[2]
APPLICATION = Kind("argoproj.io/v1alpha1", "Application")
ENVIRONMENT = Kind("idp.internal/v1alpha1", "ApplicationEnvironment")
NAME = "payments-checkout-hello"
SECONDS = 20

PROGRAM = """
    import os, sys
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            body = (os.environ.get("GREETING", "hello") + " from VERSION").encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    print("listening", flush=True)
    HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""


@dataclass
class Registry:
    """A read-only registry whose images are made in place."""

    port: int = 0
    blobs: dict[str, bytes] = field(default_factory=dict)

    def push(self, version: str, program: str = PROGRAM) -> str:
        """Make an image of one Python program; gives its digest."""
        layer = _tar({"app/main.py": textwrap.dedent(program).replace("VERSION", version)})
        config = {"config": {"Cmd": ["python", "main.py"], "WorkingDir": "/app", "Env": ["A=b"]}}
        manifest = {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {"digest": self._keep(json.dumps(config).encode())},
            "layers": [{"digest": self._keep(layer)}],
        }
        return self._keep(json.dumps(manifest).encode())

    def application(self) -> Starlette:
        """Serve what was pushed under any name."""
        return Starlette(routes=[Route("/v2/{name:path}/{kind}/{digest}", self._serve)])

    async def _serve(self, request: Request) -> Response:
        body = self.blobs.get(request.path_params["digest"])
        return Response(body) if body else Response(status_code=404)

    def _keep(self, content: bytes) -> str:
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.blobs[digest] = content
        return digest


@dataclass(frozen=True)
class Repository:
    """A bare repository and a working copy of it."""

    bare: Path
    work: Path

    @property
    def url(self) -> str:
        """Where Argo CD finds it."""
        return f"file://{self.bare}"

    def commit(self, files: dict[str, str | None], message: str = "change") -> str:
        """Write or (with None) remove files, commit and push; gives the commit."""
        for name, text in files.items():
            path = self.work / name
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "-m", message)
        self._git("push", "--quiet", "origin", "main")
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        done = subprocess.run(
            ["git", "-C", str(self.work), *who, *arguments],
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout


@dataclass
class World:
    """Everything that a test touches."""

    folder: Path
    registry: Registry
    cluster: cluster.Cluster
    kube: Kube
    repositories: dict[str, Repository]

    def repository(self, path: str) -> Repository:
        """Make an empty repository, or find it."""
        if path not in self.repositories:
            self.repositories[path] = new_repository(self.folder / "git", path)
        return self.repositories[path]

    async def start_platform(self) -> None:
        """Put the shipped charts into Git and let the cluster follow them."""
        self.publish_charts()
        await self.follow_charts()

    def publish_charts(self) -> None:
        """Put the shipped charts into Git."""
        for name in ("compositions", "user-apps"):
            repository = self.repository(f"idp/platform/{name}")
            shutil.copytree(ROOT / "helm" / name, repository.work, dirs_exist_ok=True)
            repository.commit({}, "initial")

    async def follow_charts(self) -> None:
        """Let the cluster's content come from Git."""
        await self.cluster.install_root_applications(
            self.repository("idp/platform/compositions").url,
            self.repository("idp/platform/user-apps").url,
        )

    def declare(self, name: str = NAME, team: str = "payments") -> Repository:
        """Commit an environment for an application; gives its deployment repository."""
        deployment = self.repository(f"idp/{team}/{name.removeprefix(team + '-')}-deployment")
        spec = {
            "team": team,
            "system": "checkout",
            "component": name.removeprefix(f"{team}-"),
            "environment": "development",
            "source": {"repoURL": deployment.url, "targetRevision": "main"},
        }
        manifest = {
            "apiVersion": ENVIRONMENT.api_version,
            "kind": ENVIRONMENT.kind,
            "metadata": {"name": name, "labels": {"idp.internal/team": team}},
            "spec": spec,
        }
        path = f"environments/development/{name}.yaml"
        self.repository("idp/platform/user-apps").commit({path: json.dumps(manifest)})
        return deployment

    def image_values(self, digest: str) -> str:
        """Write the values file that a deploy job would."""
        image = {"repository": f"localhost:{self.registry.port}/hello", "digest": digest}
        return json.dumps({"image": image})

    async def pushed(self, repository: Repository) -> None:
        """Tell Argo CD of a push, as GitLab does."""
        project = {"git_http_url": repository.url, "default_branch": "main"}
        event = {"ref": "refs/heads/main", "project": project}
        async with httpx.AsyncClient(verify=False) as http:  # noqa: S501 - plain HTTP
            answer = await http.post(
                f"{self.cluster.argocd_url}/api/webhook",
                json=event,
                headers={"X-Gitlab-Event": "Push Hook"},
            )
            answer.raise_for_status()

    async def get(self, kind: Kind, name: str, namespace: str = "") -> Object | None:
        """Read an object as it is now."""
        return await self.kube.get(kind, Key(namespace, name))

    async def application(self, name: str = NAME) -> Object:
        """Read an Application; one that is not there yet has no status."""
        return {"status": {}} | (await self.get(APPLICATION, name, "argocd") or {})

    async def ask(self, host: str, path: str = "/") -> httpx.Response:
        """Send a request through the gateway over HTTPS, trusting its authority alone."""
        trust = ssl.create_default_context(cafile=str(self.cluster.ca))
        port = self.cluster.https.rpartition(":")[2]
        async with httpx.AsyncClient(verify=trust) as http:
            # Not every resolver knows that names below localhost are this machine.
            return await http.get(
                f"https://127.0.0.1:{port}{path}",
                headers={"Host": f"{host}:{port}"},
                extensions={"sni_hostname": host},
            )


def new_repository(folder: Path, path: str) -> Repository:
    """Make a bare repository with a working copy."""
    bare, work = folder / f"{path}.git", folder / "work" / path
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", bare], check=True)
    subprocess.run(["git", "clone", "--quiet", bare, work], check=True, capture_output=True)
    subprocess.run(["git", "-C", work, "checkout", "--quiet", "-B", "main"], check=True)
    return Repository(bare, work)


@contextlib.asynccontextmanager
async def world(folder: Path, registry: Registry | None = None) -> AsyncIterator[World]:
    """Start a cluster on a folder; on the same folder it goes on where it was."""
    registry = registry or Registry()
    tools = await toolchain.prepare(folder / "tools")
    async with (
        serving.served(registry.application(), registry.port) as registry.port,
        cluster.serve(
            port=0,
            argocd_port=0,
            http_port=0,
            https_port=0,
            state_dir=folder / "state",
            git_credentials=cluster.GitCredentials(f"file://{folder}/git", "idp-bot", "secret"),
            registry_credentials=cluster.RegistryCredentials("idp-bot", "secret"),
            toolchain_bin=tools.bin,
        ) as part,
    ):
        config = json.loads(part.admin_kubeconfig.read_text())
        authority = Path(config["clusters"][0]["cluster"]["certificate-authority"])
        kube = Kube(part.url, config["users"][0]["user"]["token"], authority)
        try:
            yield World(folder, registry, part, kube, _found(folder / "git"))
        finally:
            await kube.close()


async def eventually(look: Callable[[], Awaitable[Any]], seconds: float = SECONDS) -> Any:
    """Wait until a look finds something, or fail with what it found last."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, f"still {found!r}"
        await asyncio.sleep(0.05)


def _found(git: Path) -> dict[str, Repository]:
    paths = [
        path.relative_to(git)
        for path in git.rglob("*.git")
        if path.is_dir() and path.name != ".git"
    ]
    names = [str(path.with_suffix("")) for path in paths]
    return {name: Repository(git / f"{name}.git", git / "work" / name) for name in names}


def _tar(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def chart(host: str = "hello") -> dict[str, str | Any]:
    """Give a deployment repository's chart: nothing runs before the first image."""
    return {
        "Chart.yaml": "apiVersion: v2\nname: app\nversion: 0.1.0\n",
        "values.yaml": "image: {}\ngreeting: hello\nreplicas: 1\n",
        "environments/development/values.yaml": f"host: {host}.localhost\n",
        "templates/all.yaml": _TEMPLATE,
    }


_TEMPLATE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {GREETING: {{ .Values.greeting | quote }}}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec:
  selector: {app: {{ .Release.Name }}}
  ports: [{name: http, port: 80, targetPort: http}]
{{- if .Values.image.digest }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      terminationGracePeriodSeconds: 2
      containers:
        - name: app
          image: "{{ .Values.image.repository }}@{{ .Values.image.digest }}"
          ports: [{name: http, containerPort: 8080}]
          envFrom: [{configMapRef: {name: settings}}]
          readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: {{ .Release.Name }}}
spec:
  parentRefs: [{name: external, namespace: gateway}]
  hostnames: [{{ .Values.host | quote }}]
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      backendRefs: [{name: {{ .Release.Name }}, port: 80}]
{{- end }}
"""
