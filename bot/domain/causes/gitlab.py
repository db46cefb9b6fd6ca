"""What GitLab refuses, whichever step asks."""

from bot.domain.causes.known_cause import Helper, KnownCause

CAUSES = (
    KnownCause(
        name="gitlab-token-scope",
        signs=(
            "insufficient_scope",
            "GitLab.* requires higher privileges than provided by the access token",
        ),
        meaning="The bot's GitLab token is valid, but it lacks the scope “api”.",
        fix="Put a token with the scope “api” into GITLAB_TOKEN and start the bot again, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="gitlab-token-refused",
        signs=(
            "GitLab refused the bot's token",
            "GitLab.* Token (is expired|was revoked)",
            "GitLab.* 401 Unauthorized",
        ),
        meaning="The bot's GitLab token is wrong, has expired or was revoked, so the bot can do nothing in GitLab.",
        fix="Put a new token with the scope “api” into GITLAB_TOKEN and start the bot again, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="gitlab-visibility-not-allowed",
        signs=(
            "visibility_level",
            r"is not allowed in a (private|internal|public) group",
            "has been restricted by your GitLab administrator",
        ),
        meaning="A project can be no more open than its group, nor than what GitLab's administrator allows.",
        fix="Choose a visibility that is less open, or have the group's one opened up.",
        helper=Helper.REQUESTER,
        fields=("visibility",),
    ),
    KnownCause(
        name="gitlab-project-limit",
        signs=("limit_reached", r"your project limit is \d+", "project creation is not allowed"),
        meaning="The bot's GitLab user has as many projects as it may have.",
        fix="Raise the projects limit of the bot's user (Admin > Users), then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="gitlab-storage-full",
        signs=(
            "exceed(ed|s)? (its|the)? ?(size|storage) limit",
            "namespace storage limit",
            "GitLab.* no space left on device",
        ),
        meaning="The repository or its group has used up the storage that GitLab gives it.",
        fix="Free storage in the group, or raise its limit, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="gitlab-project-tokens-off",
        signs=("permission to create project access token",),
        meaning="GitLab makes no access tokens for projects here: they are switched off for the group, its plan has none, "
        "or the bot's user is no Maintainer.",
        fix="Allow them (Settings > General > Permissions and group features of the top-level group), then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="gitlab-webhook-address",
        signs=(r"Requests to the (local network|localhost) are not allowed", "Invalid url given"),
        meaning="GitLab may not call the bot's address, for it lies in GitLab's own network.",
        fix="Allow it (Admin > Settings > Network > Outbound requests), or empty IDP_PUBLIC_URL and start the bot again; "
        "then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="gitlab-read-only",
        signs=("temporarily read-only", "read-only instance", "in maintenance mode"),
        meaning="GitLab takes no changes at the moment: it is being maintained.",
        fix="Wait until that is over, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="gitlab-protected-branch",
        signs=(
            "not allowed to push (code )?(in)?to (this|protected) branch",
            "not allowed to (force push|create|push).* protected branch",
            "protected_branch_write_failure",
        ),
        meaning="The branch is protected, and the bot's user is none of those who may push to it.",
        fix="Let the bot's user push to the branch (Settings > Repository > Protected branches), then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="gitlab-name-still-held",
        signs=(
            "still holds its name",
            "is still being deleted",
            "(marked|scheduled) for deletion",
            "pending deletion",
        ),
        meaning="A project of that name was deleted, and GitLab keeps its name until it is gone for good.",
        fix="Choose another name, or have the deleted project removed for good or restored, then press Retry.",
        helper=Helper.REQUESTER,
        fields=("name",),
    ),
    KnownCause(
        name="gitlab-name-taken",
        signs=(
            r"(?<!\)) has already been taken",
            "exists already and was not made for this request",
        ),
        meaning="Something of that name is there already and belongs to somebody else; it may be a deleted project, too.",
        fix="Choose another name, or have the other project moved away, then press Retry.",
        helper=Helper.REQUESTER,
        fields=("name",),
    ),
    KnownCause(
        name="gitlab-name-not-allowed",
        signs=(
            "can (contain )?only (contain|include|letters)",
            "must (start|not start|not end) with",
            "is a reserved name",
        ),
        meaning="GitLab has no projects of such a name.",
        fix="Choose another name: lower-case letters, digits and single dashes.",
        helper=Helper.REQUESTER,
        fields=("name",),
    ),
    KnownCause(
        name="gitlab-group-missing",
        signs=(
            "There is no GitLab group",
            "404 (Group|Namespace) Not Found",
            "namespace is not valid",
        ),
        meaning="The team has no group in GitLab, or the bot's user is not a member of it.",
        fix="Create the group with `idp-bot bootstrap`, or make the bot's user a member of it, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
        fields=("owner",),
    ),
    KnownCause(
        name="gitlab-project-missing",
        signs=("There is no GitLab project", "404 Project Not Found"),
        meaning="The repository was deleted, moved or closed to the bot since the bot made it.",
        fix="Restore the repository, or give the bot's GitLab user access to it, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
    KnownCause(
        name="gitlab-role-too-low",
        signs=("GitLab does not let the bot", "GitLab.* 403 Forbidden"),
        meaning="The bot's GitLab user has too low a role for this.",
        fix="Give the bot's GitLab user the role Owner in the platform's group, then press Retry.",
        helper=Helper.PLATFORM_TEAM,
    ),
)
