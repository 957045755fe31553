"""Apps of plugins that are made when Airflow's API server asks for them, and nowhere else."""

from __future__ import annotations

from functools import cached_property
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI


class LazyApps:
    """One app as a plugin's ``fastapi_apps``: every Airflow component loads every plugin.

    The API server alone goes through that list. It gets a real FastAPI app, of which Airflow also
    runs the lifespan.

    Args:
        build: Where the function is that makes the app, as ``package.module:function``.
        url_prefix: Where the app is mounted.
        name: How Airflow lists it.
    """

    def __init__(self, build: str, *, url_prefix: str, name: str) -> None:
        self.build = build
        self.url_prefix = url_prefix
        self.name = name

    @cached_property
    def app(self) -> FastAPI:
        """The app, built once."""
        app: FastAPI = resolve_name(self.build)()
        return app

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The app as Airflow wants it described."""
        yield {"app": self.app, "url_prefix": self.url_prefix, "name": self.name}
