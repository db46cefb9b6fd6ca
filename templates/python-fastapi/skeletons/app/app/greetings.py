"""An example of an API: replace it with what the service is for."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

router = APIRouter(prefix="/api/v1/greetings", tags=["greetings"])


class Greeting(BaseModel):
    """A greeting."""

    message: str


@router.get("/{name}")
async def greet(name: Annotated[str, Path(min_length=1, max_length=64)]) -> Greeting:
    """Greet somebody."""
    return Greeting(message=f"Hello, {name}!")
