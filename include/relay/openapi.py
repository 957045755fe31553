"""The relay's routes as an OpenAPI document, for those who test or put something before it.

``python -m include.relay.openapi`` writes ``slack/openapi.json``; a test compares the two.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from include.relay.asgi import build

FILE = Path(__file__).resolve().parents[2] / "slack" / "openapi.json"


def document() -> dict[str, Any]:
    """The document."""
    return build().openapi()


def text() -> str:
    """The document as the file holds it."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write(f"{FILE}\n")
