"""Files that people name in a run: on this machine, or in an object storage Airflow can read."""

from __future__ import annotations

import os
import stat
from typing import IO, cast

from include.base.errors import FatalError
from include.base.places import allowed_place
from include.base.settings import load_settings


def open_file(path: str) -> IO[bytes]:
    """The file's bytes; a path of this machine, or a URL of an object storage.

    Raises:
        FatalError: it is not below one of ``import_roots``, is not there, or is no file.
    """
    roots = load_settings().import_roots
    place = allowed_place(path, roots, name="path", setting="import_roots")
    try:
        if "://" in place:
            from airflow.sdk import ObjectStoragePath

            return cast("IO[bytes]", ObjectStoragePath(place).open("rb"))  # type: ignore[no-untyped-call]
        return _regular(place)
    except (OSError, ValueError, ImportError) as error:
        raise FatalError(f"path {path!r} cannot be read: {type(error).__name__}") from None


def _regular(place: str) -> IO[bytes]:
    """A file and nothing else: a pipe or a device would be waited for, or never end."""
    handle = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise FatalError(f"path {place!r} is no file")
    return os.fdopen(handle, "rb")
