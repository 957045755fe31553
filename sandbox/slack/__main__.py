"""Start the sandbox: ``python -m sandbox.slack --help``."""

from __future__ import annotations

import sys

import uvicorn

from sandbox.slack.app import make_app
from sandbox.slack.settings import HOST, read_settings


def main() -> None:
    """Serve until told to stop."""
    settings = read_settings(sys.argv[1:])
    print(f"Slack sandbox: {settings.base_url}/  (tells {settings.relay_url})", flush=True)
    uvicorn.run(
        make_app(settings),
        host=HOST,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )


if __name__ == "__main__":
    main()
