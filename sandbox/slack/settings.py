"""Where the sandbox listens, what it keeps, and whom it tells."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HOST = "127.0.0.1"
DEFAULT_PORT = 8091
DEFAULT_RELAY = "http://127.0.0.1:8080/slack/events"
# Not secrets: both ends of the sandbox run on one machine and carry invented data.
DEFAULT_SIGNING_SECRET = "sandbox-signing-secret"
DEFAULT_BOT_TOKEN = "xoxb-sandbox"
DEFAULT_APP_TOKEN = "xapp-sandbox"


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one sandbox process."""

    port: int = DEFAULT_PORT
    state: Path = Path(".sandbox/slack")
    relay_url: str = DEFAULT_RELAY
    signing_secret: str = DEFAULT_SIGNING_SECRET
    bot_token: str = DEFAULT_BOT_TOKEN
    app_token: str = DEFAULT_APP_TOKEN
    manifest: Path | None = None
    unfurl_domains: tuple[str, ...] = ("127.0.0.1", "localhost")

    @property
    def base_url(self) -> str:
        """The address that permalinks and response URLs start with."""
        return f"http://{HOST}:{self.port}"


def read_settings(argv: Sequence[str], env: Mapping[str, str] | None = None) -> Settings:
    """Read flags, then ``SLACK_SANDBOX_*`` variables, then defaults; flags win.

    Raises:
        SystemExit: A flag is unknown, or the secret's file is missing or empty.
    """
    env = os.environ if env is None else env
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.slack", description="A Slack workspace for demo and tests."
    )
    parser.add_argument("--port", type=int, default=None)
    parser.add_argument("--state", type=Path, default=None, help="directory that keeps messages")
    parser.add_argument("--relay-url", default=None, help="where events and clicks are sent")
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument("--signing-secret", default=None)
    secret.add_argument("--signing-secret-file", type=Path, default=None)
    parser.add_argument("--bot-token", default=None)
    parser.add_argument("--app-token", default=None, help="token of Socket Mode")
    parser.add_argument("--manifest", type=Path, default=None, help="app manifest, JSON or YAML")
    parser.add_argument("--unfurl-domain", action="append", default=None, metavar="DOMAIN")
    flags = parser.parse_args(argv)

    if flags.signing_secret_file is not None:
        try:
            signing = flags.signing_secret_file.read_text(encoding="utf-8").strip()
        except OSError as exc:
            parser.error(f"--signing-secret-file cannot be read: {exc}")
        if not signing:
            parser.error(f"--signing-secret-file {flags.signing_secret_file} is empty")
    else:
        signing = flags.signing_secret or env.get(
            "SLACK_SANDBOX_SIGNING_SECRET", DEFAULT_SIGNING_SECRET
        )
    manifest = flags.manifest or (
        Path(env["SLACK_SANDBOX_MANIFEST"]) if env.get("SLACK_SANDBOX_MANIFEST") else None
    )
    domains = flags.unfurl_domain or [
        d for d in env.get("SLACK_SANDBOX_UNFURL_DOMAINS", "").split(",") if d
    ]
    return Settings(
        port=flags.port or int(env.get("SLACK_SANDBOX_PORT") or DEFAULT_PORT),
        state=flags.state or Path(env.get("SLACK_SANDBOX_STATE") or ".sandbox/slack"),
        relay_url=flags.relay_url or env.get("SLACK_SANDBOX_RELAY_URL") or DEFAULT_RELAY,
        signing_secret=signing,
        bot_token=flags.bot_token or env.get("SLACK_SANDBOX_BOT_TOKEN") or DEFAULT_BOT_TOKEN,
        app_token=flags.app_token or env.get("SLACK_SANDBOX_APP_TOKEN") or DEFAULT_APP_TOKEN,
        manifest=manifest,
        unfurl_domains=tuple(domains) if domains else ("127.0.0.1", "localhost"),
    )
