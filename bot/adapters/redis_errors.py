"""What an error of Redis means: most of them that it cannot be reached, some that it is there and takes nothing."""

from redis.exceptions import OutOfMemoryError, ReadOnlyError, RedisError

from bot.domain.errors import TemporaryError

_TAKES_NOTHING = "Redis, where the jobs are kept, answers and takes nothing: "


def translated(error: RedisError) -> TemporaryError:
    """Say what happened, in words for people.

    Each is temporary: the scripts and commands are fixed, so only the server or the way to it can be at fault. What a
    script meets is told by the words alone.
    """
    said = str(error)
    if isinstance(error, OutOfMemoryError) or "OOM " in said:
        return TemporaryError(f"{_TAKES_NOTHING}its memory is full (maxmemory).")
    if isinstance(error, ReadOnlyError) or "READONLY" in said:
        return TemporaryError(
            f"{_TAKES_NOTHING}it is a replica (REDIS_URL has to lead to the primary)."
        )
    if "MISCONF" in said:
        return TemporaryError(f"{_TAKES_NOTHING}it cannot save to its disk.")
    return TemporaryError("Redis, where the jobs are kept, cannot be reached.")
