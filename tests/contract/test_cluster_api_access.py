"""Who may do what: tokens, roles, and truthful answers to those who ask first."""

import pytest

from tests.contract.cluster_clients import CONFIG_MAPS, Object, World, a_config_map, seeded, world

__all__ = ["seeded", "world"]

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ACCESS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


async def a_token(world: World, name: str) -> str:
    """Make an account and ask for its token."""
    await world.create(ACCOUNTS, {"metadata": {"name": name}})
    answer = await world.create(f"{ACCOUNTS}/{name}/token", {"spec": {"expirationSeconds": 600}})
    return str(answer["status"]["token"])


async def grant(world: World, name: str, *rules: Object, namespace: str = "") -> None:
    """Give an account of the default namespace a role of its own."""
    scope, kind = (f"/namespaces/{namespace}", "Role") if namespace else ("", "ClusterRole")
    plural = kind.lower()
    await world.create(
        f"{RBAC}{scope}/{plural}s", {"metadata": {"name": name}, "rules": list(rules)}
    )
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
        "subjects": [subject],
    }
    await world.create(f"{RBAC}{scope}/{plural}bindings", binding)


def a_rule(verbs: str, resources: str, **more: list[str]) -> Object:
    return {"apiGroups": [""], "verbs": verbs.split(), "resources": resources.split(), **more}


async def test_nobody_and_strangers_are_turned_away(world: World) -> None:
    async with world.as_user("") as nobody, world.as_user("made.up.token") as stranger:
        anonymous = await nobody.get(CONFIG_MAPS)
        health = await nobody.get("/readyz")
        wrong = await stranger.get(CONFIG_MAPS)

    assert anonymous.status_code == 403
    assert (
        'User "system:anonymous" cannot list resource "configmaps"' in anonymous.json()["message"]
    )
    assert health.text == "ok"
    assert (wrong.status_code, wrong.json()["reason"]) == (401, "Unauthorized")


async def test_an_account_may_do_what_its_role_says_and_no_more(world: World) -> None:
    token = await a_token(world, "reader")
    await grant(world, "reader", a_rule("get list", "configmaps"), namespace="default")

    async with world.as_user(token) as reader:
        here = await reader.get(CONFIG_MAPS)
        elsewhere = await reader.get(CONFIG_MAPS.replace("default", "kube-system"))
        writing = await reader.post(CONFIG_MAPS, json=a_config_map())
        subresource = await reader.get("/api/v1/namespaces/default/pods/p/log")

    assert here.status_code == 200
    assert [each.status_code for each in (elsewhere, writing, subresource)] == [403, 403, 403]
    assert writing.json()["message"] == (
        'configmaps is forbidden: User "system:serviceaccount:default:reader" cannot create resource '
        '"configmaps" in API group "" in the namespace "default"'
    )


async def test_a_rule_may_name_the_objects(world: World) -> None:
    token = await a_token(world, "one")
    await grant(world, "one", a_rule("get", "configmaps", resourceNames=["mine"]))
    for name in ("mine", "yours"):
        await world.create(CONFIG_MAPS, a_config_map(name))

    async with world.as_user(token) as one:
        codes = [(await one.get(f"{CONFIG_MAPS}/{name}")).status_code for name in ("mine", "yours")]

    assert codes == [200, 403]


async def test_a_cluster_role_may_gather_others_by_label(world: World) -> None:
    token = await a_token(world, "gatherer")
    gathering = {"clusterRoleSelectors": [{"matchLabels": {"gather": "yes"}}]}
    await world.create(
        f"{RBAC}/clusterroles",
        {
            "metadata": {"name": "part", "labels": {"gather": "yes"}},
            "rules": [a_rule("list", "configmaps")],
        },
    )
    await grant(world, "gatherer")
    await world.patch(f"{RBAC}/clusterroles/gatherer", {"aggregationRule": gathering})

    async with world.as_user(token) as gatherer:
        assert (await gatherer.get(CONFIG_MAPS)).status_code == 200


@pytest.mark.parametrize(
    ("verb", "group", "resource", "allowed"),
    [
        ("watch", "idp.internal", "applicationenvironments", True),
        ("list", "argoproj.io", "applications", True),
        ("get", "", "pods", True),
        ("create", "argoproj.io", "applications", False),
        ("get", "", "secrets", False),
        ("delete", "", "namespaces", False),
    ],
)
async def test_the_bot_reads_what_it_needs_and_is_told_so(
    world: World, verb: str, group: str, resource: str, *, allowed: bool
) -> None:
    asked = {"verb": verb, "group": group, "resource": resource}

    async with world.as_user(world.api.bot_token) as bot:
        answer = await bot.post(ACCESS, json={"spec": {"resourceAttributes": asked}})

    assert answer.status_code == 201
    assert answer.json()["status"]["allowed"] is allowed


async def test_the_answer_is_what_the_server_then_does(world: World) -> None:
    async with world.as_user(world.api.bot_token) as bot:
        assert (await bot.get("/apis/argoproj.io/v1alpha1/applications")).status_code == 200
        assert (await bot.get("/api/v1/secrets")).status_code == 403
        assert (await bot.delete("/api/v1/namespaces/default")).status_code == 403


async def test_a_token_ends_with_its_account(world: World) -> None:
    token = await a_token(world, "short")
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

    async with world.as_user(token) as short:
        me = (await short.post(path, json={})).json()["status"]["userInfo"]
        await world.http.delete(f"{ACCOUNTS}/short")
        after = await short.post(path, json={})

    assert me["username"] == "system:serviceaccount:default:short"
    assert "system:serviceaccounts:default" in me["groups"]
    assert after.status_code == 401


async def test_tokens_are_reviewed(world: World) -> None:
    path = "/apis/authentication.k8s.io/v1/tokenreviews"

    good = await world.create(path, {"spec": {"token": world.api.bot_token}})
    bad = await world.create(path, {"spec": {"token": "made up"}})

    assert good["status"]["user"]["username"] == "system:serviceaccount:idp:idp-bot"
    assert "authenticated" not in bad["status"]


async def test_someone_else_s_rights_can_be_asked_for(world: World) -> None:
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    asked = {"verb": "list", "resource": "pods"}

    answers = [
        await world.create(path, {"spec": {"user": user, "resourceAttributes": asked}})
        for user in ("system:serviceaccount:idp:idp-bot", "somebody")
    ]

    assert [answer["status"]["allowed"] for answer in answers] == [True, False]
