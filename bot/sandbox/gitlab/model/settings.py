"""What administrators set for the whole instance."""

from bot.sandbox.gitlab.model.record import Record


class Settings(Record):
    """There is one, and it has the id 1.

    With a `deletion_adjourned_period` of 0 projects are deleted at once, as GitLab did before it delayed deletion for
    everybody (18.0): in a box people want to see that something is gone.
    """

    id: int = 1
    deletion_adjourned_period: int = 0
