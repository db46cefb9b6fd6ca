"""All ports together, for whoever composes or calls."""

from dataclasses import dataclass

from bot.domain import limits, policy
from bot.domain.limits import Limits
from bot.domain.platform import Platform
from bot.domain.policy import Policy
from bot.ports.audit import Audit
from bot.ports.clock import Clock
from bot.ports.cluster import Cluster
from bot.ports.directory import Directory
from bot.ports.gate import Gate
from bot.ports.git_host import GitHost
from bot.ports.job_store import JobStore
from bot.ports.prober import Prober
from bot.ports.scheduler import Scheduler
from bot.ports.service_catalog import ServiceCatalog
from bot.ports.template_library import TemplateLibrary


@dataclass(frozen=True, slots=True)
class Ports:
    """What use cases and steps may ask for; a step gets the ones that its parameters name by type."""

    platform: Platform
    git: GitHost
    catalog: ServiceCatalog
    cluster: Cluster
    prober: Prober
    templates: TemplateLibrary
    directory: Directory
    jobs: JobStore
    gate: Gate
    audit: Audit
    scheduler: Scheduler
    clock: Clock
    policy: Policy = policy.DEFAULT
    limits: Limits = limits.DEFAULT
