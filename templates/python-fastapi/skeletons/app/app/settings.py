"""Everything that can be configured, read once from environment variables of the same names."""

from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The defaults suit a container; see `.env.example` for your own machine."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True)

    host: str = "0.0.0.0"  # noqa: S104 - a container is reached from outside
    port: int = 8080
    environment: str = "local"
    version: str = "dev"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
