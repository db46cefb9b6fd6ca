"""Answer the questions that are asked by creating an object: who am I, what may I, what may they."""

from collections.abc import Callable
from typing import Any

from bot.sandbox.cluster.api import conformance, identity, rbac, refusals
from bot.sandbox.cluster.api.cluster import Call, Cluster, User

Object = dict[str, Any]


def answered(cluster: Cluster, call: Call, body: Any) -> Object:
    """Return the question with its answer as status.

    Raises:
        Refusal: the question cannot be read.
    """
    question = conformance.known(call, conformance.addressed(call, body))
    answer = _ANSWERS.get(call.resource.kind)
    if answer is None:
        raise refusals.method_not_allowed()
    return question | {"status": answer(cluster, call, question.get("spec") or {})}


def _may_i(cluster: Cluster, call: Call, spec: Object) -> Object:
    return _verdict(cluster, call.user, spec)


def _may_they(cluster: Cluster, _: Call, spec: Object) -> Object:
    user = User(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""))
    return _verdict(cluster, user, spec)


def _verdict(cluster: Cluster, user: User, spec: Object) -> Object:
    asked = spec.get("resourceAttributes")
    if asked is None:
        path = spec.get("nonResourceAttributes") or {}
        attempt = rbac.Attempt(path.get("verb", ""), path=path.get("path", ""))
    else:
        attempt = rbac.Attempt(
            asked.get("verb", ""),
            asked.get("group", ""),
            asked.get("resource", ""),
            asked.get("subresource", ""),
            asked.get("namespace", ""),
            asked.get("name", ""),
        )
    if rbac.is_allowed(cluster, user, attempt):
        return {"allowed": True, "reason": "RBAC: allowed by a binding"}
    return {"allowed": False}


def _my_rules(cluster: Cluster, call: Call, spec: Object) -> Object:
    namespace = spec.get("namespace") or "default"
    if "system:masters" in call.user.groups:
        everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        paths = {"verbs": ["*"], "nonResourceURLs": ["*"]}
        return {"resourceRules": [everything], "nonResourceRules": [paths], "incomplete": False}
    rules = list(rbac.rules_for(cluster, call.user, namespace))
    return {
        "resourceRules": [rule for rule in rules if rule.get("resources")],
        "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
        "incomplete": False,
    }


def _user_info(user: User) -> Object:
    known = {"username": user.name, "groups": list(user.groups)}
    return known | ({"uid": user.uid} if user.uid else {})


def _who_am_i(_: Cluster, call: Call, __: Object) -> Object:
    return {"userInfo": _user_info(call.user)}


def _whose_token(cluster: Cluster, _: Call, spec: Object) -> Object:
    user = identity.of_token(cluster, spec.get("token", ""))
    if user is None:
        return {"user": {}, "error": "invalid bearer token"}
    return {"authenticated": True, "user": _user_info(user)}


_ANSWERS: dict[str, Callable[[Cluster, Call, Object], Object]] = {
    "SelfSubjectAccessReview": _may_i,
    "SubjectAccessReview": _may_they,
    "LocalSubjectAccessReview": _may_they,
    "SelfSubjectRulesReview": _my_rules,
    "SelfSubjectReview": _who_am_i,
    "TokenReview": _whose_token,
}
