"""What a platform team installs in a new cluster before anything else can come from Git."""

from dataclasses import dataclass

from bot.sandbox.cluster.controllers.gateway.controller import CLASS_NAME, CONTROLLER
from bot.sandbox.cluster.controllers.kube import Kube
from bot.sandbox.cluster.controllers.objects import Object

MANAGER = "platform"
ARGOCD, CROSSPLANE = "argocd", "crossplane-system"
NAMESPACES = (ARGOCD, CROSSPLANE, "gateway", "idp")
PROJECT = "platform"
ROOT_WAVES = {"compositions": "0", "user-apps": "1"}


@dataclass(frozen=True, slots=True)
class GitCredentials:
    """How Argo CD reads the repositories below an address."""

    url_prefix: str
    username: str
    token: str


async def install(kube: Kube, credentials: GitCredentials | None) -> None:
    """Make the namespaces, the gateway, and Argo CD's project and repository credentials."""
    objects = [
        *(_object("v1", "Namespace", name) for name in NAMESPACES),
        *_gateway(),
        *([_repository_credentials(credentials)] if credentials else []),
        _project(),
    ]
    for obj in objects:
        await kube.apply(obj, manager=MANAGER)


async def install_root_applications(
    kube: Kube, *, compositions: str, user_apps: str, gitlab_url: str
) -> None:
    """Make the two Applications that everything else comes from; `compositions` is served first."""
    await kube.apply(
        _root("compositions", compositions, CROSSPLANE, {"argocd": {"namespace": ARGOCD}}),
        manager=MANAGER,
    )
    await kube.apply(
        _root("user-apps", user_apps, ARGOCD, {"gitlabUrl": gitlab_url}), manager=MANAGER
    )


def _gateway() -> list[Object]:
    gateway_api = "gateway.networking.k8s.io/v1"
    everywhere = {"namespaces": {"from": "All"}}
    listeners = [
        {"name": "http", "port": 80, "protocol": "HTTP", "allowedRoutes": everywhere},
        {
            "name": "https",
            "port": 443,
            "protocol": "HTTPS",
            "allowedRoutes": everywhere,
            "tls": {"mode": "Terminate", "certificateRefs": [{"name": "external-tls"}]},
        },
    ]
    spec = {"gatewayClassName": CLASS_NAME, "listeners": listeners}
    return [
        _object(gateway_api, "GatewayClass", CLASS_NAME) | {"spec": {"controllerName": CONTROLLER}},
        _object(gateway_api, "Gateway", "external", namespace="gateway") | {"spec": spec},
    ]


def _repository_credentials(credentials: GitCredentials) -> Object:
    secret = _object("v1", "Secret", "repo-creds-gitlab", namespace=ARGOCD)
    secret["metadata"]["labels"] = {"argocd.argoproj.io/secret-type": "repo-creds"}
    values = {
        "type": "git",
        "url": credentials.url_prefix,
        "username": credentials.username,
        "password": credentials.token,
    }
    return secret | {"stringData": values}


def _project() -> Object:
    anything = [{"group": "*", "kind": "*"}]
    spec = {
        "description": "What the platform team runs for everybody",
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": anything,
    }
    return _object("argoproj.io/v1alpha1", "AppProject", PROJECT, namespace=ARGOCD) | {"spec": spec}


def _root(name: str, url: str, namespace: str, values: Object) -> Object:
    application = _object("argoproj.io/v1alpha1", "Application", name, namespace=ARGOCD)
    application["metadata"]["annotations"] = {"argocd.argoproj.io/sync-wave": ROOT_WAVES[name]}
    backoff = {"duration": "2s", "factor": 2, "maxDuration": "1m"}
    return application | {
        "spec": {
            "project": PROJECT,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": namespace},
            "source": {
                "repoURL": url,
                "targetRevision": "HEAD",
                "path": ".",
                "helm": {"releaseName": name, "valuesObject": values},
            },
            "syncPolicy": {
                # The last application of an environment may go, too.
                "automated": {"prune": True, "selfHeal": True, "allowEmpty": True},
                "syncOptions": ["ServerSideApply=true"],
                "retry": {"limit": 10, "refresh": True, "backoff": backoff},
            },
        }
    }


def _object(api_version: str, kind: str, name: str, *, namespace: str = "") -> Object:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}
