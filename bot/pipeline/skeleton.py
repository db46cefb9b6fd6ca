"""The values that a template's skeletons are filled with: the contract between templates and the bot."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import JsonValue

from bot.domain.platform import Platform
from bot.domain.request import AppRequest, SystemRequest
from bot.pipeline.facts import AppPlan


def app_values(request: AppRequest, plan: AppPlan, platform: Platform) -> Mapping[str, JsonValue]:
    """What an application's skeletons may ask for; the form's own parameters come first, derived names win."""
    return {
        **request.parameters,
        **_common(request, platform),
        "system": request.system.name,
        "hostname": request.hostname,
        "host": plan.host,
        "url": plan.url,
        "visibility": request.visibility,
        "componentId": plan.names.component,
        "fullName": plan.names.full_name,
        "appRepository": plan.names.app_repository,
        "deploymentRepository": plan.names.deployment_repository,
        "environment": plan.environment.name,
        "lifecycle": "experimental",
    }


def system_values(request: SystemRequest, platform: Platform) -> Mapping[str, JsonValue]:
    """What a system's skeleton may ask for."""
    return {**request.parameters, **_common(request, platform)}


def _common(request: AppRequest | SystemRequest, platform: Platform) -> dict[str, JsonValue]:
    return {
        "name": request.name,
        "slug": request.slug,
        "description": request.description,
        "owner": str(request.owner),
        "team": request.owner.name,
        "gitlabUrl": platform.gitlab_url,
        "gitlabHost": urlsplit(platform.gitlab_url).netloc,
    }
