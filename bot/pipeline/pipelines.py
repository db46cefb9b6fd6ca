"""All pipelines, by the kind of request that they answer."""

from collections.abc import Mapping

from bot.pipeline.new_app import NEW_APP
from bot.pipeline.new_system import NEW_SYSTEM
from bot.pipeline.pipeline import Pipeline

PIPELINES: Mapping[str, Pipeline] = {pipeline.kind: pipeline for pipeline in (NEW_APP, NEW_SYSTEM)}
