"""What keeps an entity out of the catalog."""

from bot.domain.causes.known_cause import Helper, KnownCause

_CATALOG = ("register_component", "await_catalog_entry")

CAUSES = (
    KnownCause(
        name="catalog-token-refused",
        signs=("Backstage refused the bot's token", "Backstage does not let the bot"),
        meaning="Backstage does not accept the bot's token, or does not let it use the catalog.",
        fix="Put a token of `backend.auth.externalAccess` that may use the catalog into BACKSTAGE_TOKEN and start the "
        "bot again, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="catalog-host-not-integrated",
        steps=_CATALOG,
        signs=("configure an integration", r"Reading from \S+ is not allowed"),
        meaning="Backstage reads no files of this GitLab, as its configuration does not name the host.",
        fix="Add the host, with its port, to `integrations.gitlab` in Backstage's configuration, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="catalog-kind-not-allowed",
        steps=_CATALOG,
        signs=("not of an allowed kind",),
        meaning="Backstage takes no entities of this kind from registered files.",
        fix="Allow the kind in `catalog.rules` of Backstage's configuration, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="catalog-cannot-read-file",
        steps=_CATALOG,
        signs=(r"\b40[134] (Not Found|Unauthorized|Forbidden)", "There is no file at"),
        meaning="The catalog does not get to see the entity's file: it is not there, or its GitLab token may not read it.",
        fix="Let Backstage's GitLab token read the project, or commit the file again, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="catalog-duplicate-entity",
        steps=_CATALOG,
        signs=(
            r"The catalog has \S+ already, from",
            "conflicting entityRef",
            r"emitted by .* but is already",
        ),
        meaning="Another file defines an entity of this name, and the catalog keeps the first one.",
        fix="Choose another name, or have the other definition removed, then press Retry.",
        helper=Helper.REQUESTER,
        fields=("name",),
    ),
    KnownCause(
        name="catalog-wrong-reference",
        steps=_CATALOG,
        signs=(
            "the catalog has no such entity",
            r"(owner|system)\b.*(is not (a )?valid|not a string|reference)",
            r"required property '(owner|system)'",
        ),
        meaning="The entity names an owner or a system that the catalog does not know.",
        fix="Choose an owner and a system that are in the catalog, or mend the reference in the entity's file.",
        helper=Helper.REQUESTER,
        fields=("owner", "system"),
    ),
    KnownCause(
        name="catalog-invalid-entity",
        steps=_CATALOG,
        signs=(
            "Policy check failed",
            "Backstage refused",
            "and complains",
            "does not define",
            "is no entity file",
        ),
        meaning="The entity's file is there, and the catalog cannot make an entity of it.",
        fix="Mend the file as the catalog says and commit it, then press Retry.",
        helper=Helper.REQUESTER,
    ),
    KnownCause(
        name="catalog-not-reading",
        steps=_CATALOG,
        signs=("still waiting for the catalog to read",),
        meaning="The catalog took the file and never came to read it.",
        fix="Look at Backstage's log for the location and at its processing queue, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
)
