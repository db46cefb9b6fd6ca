"""What a person is told who pressed a button or gave a command."""

from bot.domain.value import Value


class Reply(Value):
    """Whether it was done, and a sentence for that person alone."""

    accepted: bool
    text: str


NO_SUCH_JOB = Reply(accepted=False, text="That job is not known any more.")
