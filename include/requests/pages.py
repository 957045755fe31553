"""Pages of the product and their addresses: ``<web_base_url>/requests/<slug>`` and the like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from include.base.addresses import FRAME

KINDS = {"requests": "request", "areas": "area", "accounts": "account"}
_KEY = re.compile(r"[^\s/?#]{1,200}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,199}")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Page:
    """A page: ``kind`` is ``request``, ``area`` or ``account``; ``key`` its slug or id."""

    kind: str
    key: str


def page_of(url: str, base_url: str) -> Page | None:
    """The page a URL leads to; ``None`` for anybody else's URL, or one that is no page."""
    try:
        wanted, base = urlsplit(url.strip()), urlsplit(base_url.strip())
        same = _place(wanted) == _place(base)
    except ValueError:
        return None
    if not base_url or not same:
        return None
    # A page inside Airflow's frame is the same page outside of it.
    framed = base.path.rstrip("/")
    roots = (framed, framed.partition(f"/plugin/{FRAME}")[2])
    root = next((one for one in roots if one and wanted.path.startswith(f"{one}/")), None)
    if root is None and (framed or not wanted.path.startswith("/")):
        return None
    parts = wanted.path[len(root or "") + 1 :].rstrip("/").split("/")
    if len(parts) != 2 or parts[0] not in KINDS:
        return None
    key = unquote(parts[1])
    kind = KINDS[parts[0]]
    fits = (_KEY if kind == "account" else _SLUG).fullmatch(key)
    return Page(kind, key) if fits else None


def slug_in(text: str, base_url: str) -> str | None:
    """The request meant by a slug or by its page's URL; ``None`` for anything else."""
    said = text.strip().strip("<>").split("|")[0].strip()
    if "://" in said:
        page = page_of(said, base_url)
        return page.key if page is not None and page.kind == "request" else None
    return said if _SLUG.fullmatch(said) else None


def _place(parts: object) -> tuple[str, str, int | None]:
    scheme = str(getattr(parts, "scheme", "")).lower()
    host = str(getattr(parts, "hostname", None) or "").lower()
    return scheme, host, getattr(parts, "port", None) or _PORTS.get(scheme)
