"""An app is made when the list it stands in is gone through, and once."""

from __future__ import annotations

from fastapi import FastAPI

from include.web.lazy import LazyApps

built: list[FastAPI] = []


def build() -> FastAPI:
    built.append(FastAPI())
    return built[-1]


def test_it_is_built_when_it_is_listed_and_once() -> None:
    apps = LazyApps(f"{__name__}:build", url_prefix="/x", name="An app")
    assert built == []
    collected: list[object] = []
    for _ in range(2):
        collected.extend(apps)
    assert len(built) == 1
    assert collected == [{"app": built[0], "url_prefix": "/x", "name": "An app"}] * 2
