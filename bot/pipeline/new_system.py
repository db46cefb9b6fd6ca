"""The table of contents of `/idp new-system`."""

from bot.domain.request import SystemRequest
from bot.pipeline.pipeline import Pipeline
from bot.pipeline.steps.add_system_to_catalog import (
    add_system_to_catalog,
    remove_system_from_catalog,
)
from bot.pipeline.steps.await_approval import await_approval
from bot.pipeline.steps.await_catalog_entry import await_catalog_entry, unregister_system
from bot.pipeline.steps.plan_system import plan_system

NEW_SYSTEM = Pipeline(
    kind="new-system",
    request=SystemRequest,
    steps=(plan_system, await_approval, add_system_to_catalog, await_catalog_entry),
    approval_step=await_approval.name,
    undos=(remove_system_from_catalog, unregister_system),
)
