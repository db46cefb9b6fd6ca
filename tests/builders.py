"""People, requests and jobs to test with."""

from datetime import UTC, datetime
from typing import Any

from bot.domain.entities import EntityRef, Person, entity_ref
from bot.domain.environments import Environment
from bot.domain.job import Job, JobState
from bot.domain.platform import Platform
from bot.domain.request import AppRequest, SystemRequest, Visibility

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def group(name: str) -> EntityRef:
    return entity_ref(name, kind="group")


def a_person(name: str, *groups: str) -> Person:
    return Person(
        slack_id=f"U0{name.upper()}",
        user=entity_ref(name, kind="user"),
        name=name.capitalize(),
        groups=frozenset(group(g) for g in groups),
    )


ADA = a_person("ada", "payments")
BRUNO = a_person("bruno", "payments")
CHIARA = a_person("chiara", "storefront")
DENIZ = a_person("deniz", "platform")

PLATFORM = Platform(
    gitlab_group="idp",
    gitlab_url="https://gitlab.example.com",
    platform_group=group("platform"),
    environments=(Environment(name="development", domain="dev.example.com"),),
    argocd_url="https://argocd.example.com",
)


def an_app_request(**changes: Any) -> AppRequest:
    fields: dict[str, Any] = {
        "template": "python-fastapi",
        "name": "Hello World",
        "slug": "hello-world",
        "system": entity_ref("checkout", kind="system"),
        "description": "Says hello",
        "hostname": "hello",
        "owner": group("payments"),
        "visibility": Visibility.INTERNAL,
        "requester": ADA,
        "parameters": {"name": "Hello World"},
    }
    return AppRequest(**{**fields, **changes})


def a_system_request(**changes: Any) -> SystemRequest:
    fields: dict[str, Any] = {
        "template": "system",
        "name": "Loyalty",
        "slug": "loyalty",
        "description": "Points for customers",
        "owner": group("payments"),
        "requester": ADA,
    }
    return SystemRequest(**{**fields, **changes})


def a_job(**changes: Any) -> Job:
    fields: dict[str, Any] = {
        "id": "job00001",
        "request": an_app_request(),
        "channel": "C0GENERAL",
        "state": JobState.RUNNING,
        "created_at": NOON,
        "version": 1,
    }
    return Job(**{**fields, **changes})
