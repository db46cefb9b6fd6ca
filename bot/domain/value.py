"""The base of everything that is stored or crosses a border: a frozen model that knows no unknown fields."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Equal by content, never changed, stored as JSON as it stands.

    A field of a newer version is refused, not passed over: whoever wrote the value back would lose it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
