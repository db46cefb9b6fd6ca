"""Know who asks, by bearer token: the administrator's, or a service account's signed one."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import Any

from bot.sandbox.cluster.api import refusals
from bot.sandbox.cluster.api.cluster import Cluster, User
from bot.sandbox.cluster.api.store import Key

ADMIN = User("kubernetes-admin", ("system:masters", "system:authenticated"))
ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))

_HEADER = {"alg": "HS256", "typ": "JWT"}
ISSUER = "https://kubernetes.default.svc"


def admin_token(cluster: Cluster) -> str:
    """Return the administrator's token, the same after each start."""
    return hmac.new(cluster.signing_key, b"kubernetes-admin", hashlib.sha256).hexdigest()


def issue(cluster: Cluster, namespace: str, name: str, *, seconds: int | None = None) -> str:
    """Sign a token for a service account; without a lifetime it is good while the account is there."""
    account = cluster.store.get(Key("", "serviceaccounts", namespace, name))
    if account is None:
        raise LookupError(f"no service account {namespace}/{name}")
    claims: dict[str, Any] = {
        "iss": ISSUER,
        "sub": f"system:serviceaccount:{namespace}:{name}",
        "kubernetes.io": {
            "namespace": namespace,
            "serviceaccount": {"name": name, "uid": account["metadata"]["uid"]},
        },
    }
    if seconds is not None:
        claims |= {"iat": int(time.time()), "exp": int(time.time()) + seconds}
    body = f"{_encoded(_HEADER)}.{_encoded(claims)}"
    return f"{body}.{_signature(cluster, body)}"


def authenticate(cluster: Cluster, authorization: str) -> User:
    """Return who the header speaks for.

    Raises:
        Refusal: the token is nobody's.
    """
    if not authorization:
        return ANONYMOUS
    scheme, _, token = authorization.partition(" ")
    user = of_token(cluster, token.strip()) if scheme.lower() == "bearer" else None
    if user is None:
        raise refusals.unauthorized()
    return user


def of_token(cluster: Cluster, token: str) -> User | None:
    """Return whose token it is, if it is anybody's."""
    if hmac.compare_digest(token.encode(), admin_token(cluster).encode()):
        return ADMIN
    body, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(cluster, body).encode()):
        return None
    try:
        claims = json.loads(_decoded(body.partition(".")[2]))
    except (ValueError, binascii.Error):
        return None
    return _account(cluster, claims)


def _account(cluster: Cluster, claims: dict[str, Any]) -> User | None:
    if claims.get("exp", time.time() + 1) < time.time():
        return None
    bound = claims["kubernetes.io"]
    namespace, name = bound["namespace"], bound["serviceaccount"]["name"]
    account = cluster.store.get(Key("", "serviceaccounts", namespace, name))
    if account is None or account["metadata"]["uid"] != bound["serviceaccount"]["uid"]:
        return None
    return service_account(namespace, name, account["metadata"]["uid"])


def service_account(namespace: str, name: str, uid: str = "") -> User:
    """Return a service account as a user."""
    groups = (
        "system:serviceaccounts",
        f"system:serviceaccounts:{namespace}",
        "system:authenticated",
    )
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid)


def _signature(cluster: Cluster, body: str) -> str:
    digest = hmac.new(cluster.signing_key, body.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _encoded(part: dict[str, Any]) -> str:
    text = json.dumps(part, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
