"""The people of the demo company, read from the catalog's own User entities, so that every part knows the same ones."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

TIME_ZONE = "idp.internal/time-zone"
USUAL_TIME_ZONE = "Europe/Berlin"


@dataclass(frozen=True, slots=True)
class Member:
    """One person, under the name that they have in the catalog and in GitLab."""

    username: str
    name: str
    email: str
    slack_id: str
    time_zone: str
    teams: tuple[str, ...]


def members(catalog: Path) -> tuple[Member, ...]:
    """Everybody in the catalog who is also in Slack, ordered by user name.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: somebody lives in a time zone that there is not.
    """
    yaml = YAML(typ="safe")
    users = [
        entity
        for path in sorted(catalog.rglob("*.yaml"))
        for entity in yaml.load_all(path)
        if entity and entity["kind"] == "User"
    ]
    return tuple(
        Member(
            username=user["metadata"]["name"],
            name=user["spec"]["profile"]["displayName"],
            email=user["spec"]["profile"]["email"],
            slack_id=user["metadata"]["annotations"]["slack.com/user-id"],
            time_zone=ZoneInfo(user["metadata"]["annotations"].get(TIME_ZONE, USUAL_TIME_ZONE)).key,
            teams=tuple(ref.rpartition("/")[2] for ref in user["spec"].get("memberOf", ())),
        )
        for user in users
        if "slack.com/user-id" in user["metadata"].get("annotations", {})
    )
