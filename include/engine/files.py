"""Files that people name in a run: on this machine, or in an object storage Airflow can read."""

from __future__ import annotations

from pathlib import Path
from typing import IO, cast

from include.base.errors import FatalError


def open_file(path: str) -> IO[bytes]:
    """The file's bytes; a path of this machine, or a URL of an object storage.

    Raises:
        FatalError: it is not there, or cannot be read.
    """
    try:
        if "://" in path:
            from airflow.sdk import ObjectStoragePath

            return cast("IO[bytes]", ObjectStoragePath(path).open("rb"))  # type: ignore[no-untyped-call]
        return Path(path).open("rb")
    except (OSError, ValueError, ImportError) as error:
        raise FatalError(f"path {path!r} cannot be read: {type(error).__name__}") from None
