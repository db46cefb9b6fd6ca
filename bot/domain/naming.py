"""Names of everything a request makes, derived so that GitLab, Kubernetes and the catalog all accept them.

The rules are the narrowest of the systems involved: Helm's release names (53 characters), Kubernetes' DNS-1123 labels,
GitLab's project paths and Backstage's entity names.
"""

import re
import unicodedata
from collections.abc import Mapping

from bot.domain.entities import EntityRef
from bot.domain.value import Value

SLUG_LENGTH = 40
FULL_NAME_LENGTH = 53
_DEPLOYMENT = "-deployment"
_SLUG = re.compile(r"[a-z](?:[-a-z0-9]*[a-z0-9])?")


def slug_of(display_name: str) -> str:
    """Turn a name for people into a name for machines: `Héllo  World!` becomes `hello-world`.

    The result may still be no valid slug (empty, too long, starting with a digit): `slug_problem` tells.
    """
    ascii_text = unicodedata.normalize("NFKD", display_name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")


def slug_problem(slug: str) -> str | None:
    """Why this is no slug, as a sentence for the form; None when it is one."""
    if not slug:
        return "Use at least one letter from a to z."
    if len(slug) > SLUG_LENGTH:
        return f"“{slug}” has {len(slug)} characters; use {SLUG_LENGTH} at most."
    if slug[0].isdigit():
        return f"“{slug}” starts with a digit; start with a letter."
    if "--" in slug or not _SLUG.fullmatch(slug):
        return (
            f"“{slug}” does not fit; use lower-case letters, digits and single hyphens, start with a letter, "
            "and end with a letter or digit."
        )
    return None


class AppNames(Value):
    """What an application's things are called, everywhere."""

    team: str
    system: str
    slug: str
    component: str
    app_repository: str
    deployment_repository: str
    full_name: str

    @property
    def component_ref(self) -> EntityRef:
        """The component's place in the catalog."""
        return EntityRef(kind="component", namespace="default", name=self.component)


def app_names(*, gitlab_group: str, owner: EntityRef, system: EntityRef, slug: str) -> AppNames:
    """Derive all names of an application from the four that people choose."""
    component = f"{system.name}-{slug}"
    project = f"{gitlab_group}/{owner.name}/{component}"
    return AppNames(
        team=owner.name,
        system=system.name,
        slug=slug,
        component=component,
        app_repository=project,
        deployment_repository=project + _DEPLOYMENT,
        full_name=f"{owner.name}-{system.name}-{slug}",
    )


def held_names(names: AppNames, *, host: str) -> Mapping[str, str]:
    """The names that a job holds for an application, by their kinds: no two jobs may make the same at once.

    The repositories are held as one name, since the one of an application called `shop-deployment` is the other one of
    `shop`.
    """
    return {
        "component": names.component,
        "app": names.full_name,
        "repository": repository_stem(names.app_repository),
        "host": host,
    }


def repository_stem(path: str) -> str:
    """What the paths of an application's two repositories have in common."""
    while path.endswith(_DEPLOYMENT):
        path = path.removesuffix(_DEPLOYMENT)
    return path


def field_behind(kind: str) -> str:
    """The field of the form whose answer makes the name of this kind what it is."""
    return "hostname" if kind == "host" else "name"


def full_name_problem(names: AppNames) -> str | None:
    """Why Helm would refuse the full name, which is its release's, too, as a sentence for the form."""
    excess = len(names.full_name) - FULL_NAME_LENGTH
    if excess <= 0:
        return None
    left = len(names.slug) - excess
    too_long = (
        f"With its owner and system this would be “{names.full_name}”, {len(names.full_name)} characters, "
        f"and Helm takes {FULL_NAME_LENGTH}"
    )
    if left <= 0:
        return f"{too_long}; no name is short enough, so choose another system or owner."
    return f"{too_long}; shorten the name to {left} characters at most."
