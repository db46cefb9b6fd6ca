"""The table of contents of `/idp new-app`; the order in which steps run follows from their facts."""

from bot.domain.request import AppRequest
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.steps.await_approval import await_approval
from bot.pipeline.steps.await_deployment import await_deployment
from bot.pipeline.steps.await_live_url import await_live_url
from bot.pipeline.steps.await_pipeline import await_pipeline
from bot.pipeline.steps.create_app_repository import (
    create_app_repository,
    remove_app_repository,
)
from bot.pipeline.steps.create_deployment_repository import (
    create_deployment_repository,
    remove_deployment_repository,
)
from bot.pipeline.steps.declare_environment import declare_environment, take_environment_down
from bot.pipeline.steps.plan_app import plan_app
from bot.pipeline.steps.register_component import register_component, unregister_component

NEW_APP = Pipeline(
    kind="new-app",
    request=AppRequest,
    steps=(
        plan_app,
        await_approval,
        create_deployment_repository,
        create_app_repository,
        await_pipeline,
        declare_environment,
        register_component,
        await_deployment,
        await_live_url,
    ),
    approval_step=await_approval.name,
    undos=(
        remove_deployment_repository,
        remove_app_repository,
        take_environment_down,
        unregister_component,
    ),
)
