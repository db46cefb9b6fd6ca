"""Put the service together."""

from fastapi import FastAPI
from pydantic import BaseModel

from app import about, greetings, health, logs, metrics
from app.requests import Observed
from app.settings import Settings


class Service(BaseModel):
    """What is running here, and where to read about it."""

    name: str
    component: str
    description: str
    version: str
    environment: str
    docs: str
    health: str


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; tests hand in settings of their own."""
    settings = settings or Settings()
    logs.configure(settings)
    app = FastAPI(title=about.NAME, description=about.DESCRIPTION, version=about.API_VERSION)
    app.add_middleware(Observed)
    for router in (health.router, metrics.router, greetings.router):
        app.include_router(router)

    @app.get("/", tags=["service"])
    async def service() -> Service:
        """Say what this is."""
        return Service(
            name=about.NAME,
            component=about.COMPONENT,
            description=about.DESCRIPTION,
            version=settings.version,
            environment=settings.environment,
            docs="/docs",
            health="/health/ready",
        )

    return app
