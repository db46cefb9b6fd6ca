"""The official Python client and the API server: typed, custom objects, dynamic, watches and an informer."""

import asyncio
import importlib
import logging
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.contract.cluster_clients import World, a_widget, seeded, widgets, world

__all__ = ["seeded", "widgets", "world"]

aio: Any = importlib.import_module("kubernetes.aio")
kubernetes: Any = importlib.import_module("kubernetes")
dynamic: Any = importlib.import_module("kubernetes.dynamic")
informer: Any = importlib.import_module("kubernetes.informer")
"""Much of the client is not annotated: taken as it is, and held to what it does."""

WHERE = ("example.com", "v1", "default", "widgets")


@pytest.fixture
async def client(world: World) -> AsyncIterator[Any]:
    configuration = aio.client.Configuration()
    await aio.config.load_kube_config(
        config_file=str(world.api.kubeconfig), client_configuration=configuration
    )
    async with aio.client.ApiClient(configuration) as made:
        yield made


@pytest.fixture
def sync_client(world: World) -> Iterator[Any]:
    configuration = kubernetes.client.Configuration()
    kubernetes.config.load_kube_config(
        config_file=str(world.api.kubeconfig), client_configuration=configuration
    )
    with kubernetes.client.ApiClient(configuration) as made:
        yield made


async def test_typed_calls_give_typed_objects(client: Any) -> None:
    core, apps = aio.client.CoreV1Api(client), aio.client.AppsV1Api(client)
    labels = {"app": "web"}
    await core.create_namespace(aio.client.V1Namespace(metadata=aio.client.V1ObjectMeta(name="n")))
    container = aio.client.V1Container(name="web", image="example/web")
    template = aio.client.V1PodTemplateSpec(
        metadata=aio.client.V1ObjectMeta(labels=labels),
        spec=aio.client.V1PodSpec(containers=[container]),
    )
    spec = aio.client.V1DeploymentSpec(
        selector=aio.client.V1LabelSelector(match_labels=labels), template=template
    )
    metadata = aio.client.V1ObjectMeta(name="web")

    made = await apps.create_namespaced_deployment(
        "n", aio.client.V1Deployment(metadata=metadata, spec=spec)
    )
    await apps.patch_namespaced_deployment("web", "n", {"spec": {"replicas": 3}})
    scale = await apps.read_namespaced_deployment_scale("web", "n")
    listed = await apps.list_deployment_for_all_namespaces(label_selector="")

    assert made.spec.replicas == 1
    assert scale.spec.replicas == 3
    assert [item.metadata.name for item in listed.items] == ["web"]


async def test_refusals_arrive_as_exceptions_with_a_status(client: Any) -> None:
    with pytest.raises(aio.client.ApiException) as refused:
        await aio.client.CoreV1Api(client).read_namespaced_pod("nope", "default")

    assert refused.value.status == 404
    assert '"reason":"NotFound"' in refused.value.body


async def test_custom_objects_are_made_patched_applied_and_deleted(
    widgets: World, client: Any
) -> None:
    custom = aio.client.CustomObjectsApi(client)

    await custom.create_namespaced_custom_object(*WHERE, a_widget())
    patched = await custom.patch_namespaced_custom_object(*WHERE, "w", {"spec": {"size": "M"}})
    applied = await custom.patch_namespaced_custom_object(
        *WHERE,
        "w",
        a_widget(size="L"),
        field_manager="bot",
        force=True,
        field_validation="Strict",
        _content_type="application/apply-patch+yaml",
    )
    status = {"status": {"phase": "Ready"}}
    reported = await custom.patch_namespaced_custom_object_status(*WHERE, "w", status)
    await custom.delete_namespaced_custom_object(*WHERE, "w")

    assert (patched["spec"]["size"], applied["spec"]["size"]) == ("M", "L")
    assert reported["status"] == {"phase": "Ready"}
    assert (await custom.list_namespaced_custom_object(*WHERE))["items"] == []


async def test_a_watch_streams_what_happens(widgets: World, client: Any) -> None:
    custom = aio.client.CustomObjectsApi(client)
    version = (await custom.list_namespaced_custom_object(*WHERE))["metadata"]["resourceVersion"]
    seen: list[tuple[str, str]] = []

    async def change() -> None:
        await custom.create_namespaced_custom_object(*WHERE, a_widget())
        await custom.patch_namespaced_custom_object(*WHERE, "w", {"spec": {"size": "M"}})
        await custom.delete_namespaced_custom_object(*WHERE, "w")

    changing = asyncio.create_task(change())
    async with aio.watch.Watch() as watch:
        stream = watch.stream(
            custom.list_namespaced_custom_object,
            *WHERE,
            resource_version=version,
            timeout_seconds=5,
        )
        async for event in stream:
            seen.append((event["type"], event["object"]["spec"]["size"]))
            if event["type"] == "DELETED":
                break
    await changing

    assert seen == [("ADDED", "S"), ("MODIFIED", "M"), ("DELETED", "M")]


async def test_the_bot_s_own_account_reads_and_cannot_write(world: World) -> None:
    configuration = aio.client.Configuration()
    await aio.config.load_kube_config(
        config_file=str(world.api.kubeconfig), context="idp-bot", client_configuration=configuration
    )
    async with aio.client.ApiClient(configuration) as bot:
        core = aio.client.CoreV1Api(bot)
        namespaces = await core.list_namespace()
        with pytest.raises(aio.client.ApiException) as refused:
            await core.delete_namespace("default")

    assert "default" in {item.metadata.name for item in namespaces.items}
    assert refused.value.status == 403


async def test_the_synchronous_client_watches_too(world: World, sync_client: Any) -> None:
    core = kubernetes.client.CoreV1Api(sync_client)

    def names() -> set[str]:
        watch = kubernetes.watch.Watch()
        stream = watch.stream(core.list_namespace, timeout_seconds=1)
        return {event["object"].metadata.name for event in stream}

    assert "default" in await asyncio.to_thread(names)


async def test_the_dynamic_client_discovers_and_applies(widgets: World, sync_client: Any) -> None:
    def apply() -> Any:
        found = dynamic.DynamicClient(sync_client)
        resource = found.resources.get(api_version="example.com/v1", kind="Widget")
        return found.server_side_apply(
            resource, a_widget(), namespace="default", field_manager="me"
        )

    assert (await asyncio.to_thread(apply)).spec.replicas == 1


async def test_an_informer_keeps_a_copy(
    world: World, sync_client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, "kubernetes.informer")  # it logs its own stop as an error
    core = kubernetes.client.CoreV1Api(sync_client)
    seen: list[str] = []
    is_known, is_over = threading.Event(), threading.Event()

    def added(item: Any) -> None:
        seen.append(item.metadata.name)
        is_known.set()

    def run() -> None:
        shared = informer.SharedInformer(core.list_namespaced_config_map, namespace="default")
        shared.add_event_handler(informer.ADDED, added)
        shared.add_event_handler(informer.DELETED, lambda _: is_over.set())
        shared.start()
        core.create_namespaced_config_map("default", {"metadata": {"name": "c"}})
        is_known.wait(10)
        core.delete_namespaced_config_map("c", "default")
        is_over.wait(10)
        shared.stop()

    await asyncio.to_thread(run)

    assert seen == ["c"]
    assert is_over.is_set()
