"""Serve the application: `python -m app`."""

import uvicorn

from app.main import create_app
from app.settings import Settings


def main() -> None:
    """Start one process; the platform runs as many of them as are wanted."""
    settings = Settings()
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,  # app.logs has configured logging already
        access_log=False,  # app.requests writes one line per request
        proxy_headers=True,
        forwarded_allow_ips="*",  # only the platform's gateway can reach the container
        timeout_graceful_shutdown=20,
    )


if __name__ == "__main__":
    main()
