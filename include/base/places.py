"""Files and folders that people may name in a run: below the roots that the settings open.

Nothing is open by default. A path is judged by where it leads, links and ``..`` resolved; a URL by
its scheme and its folders.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from include.base.errors import FatalError

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss", "wasb", "wasbs")
"""Object storages. Not ``http`` and the like: a worker reaches more of a network than a caller."""


def allowed_place(place: str, roots: Iterable[str], *, name: str, setting: str) -> str:
    """The place, as it is to be opened: an absolute path without links, or a URL.

    Args:
        place: A path of this machine, ``file://`` and a path, or a URL of an object storage.
        roots: Folders and URLs below which it has to be.
        name: Of the parameter, for the message.
        setting: Of the roots, for the message.

    Raises:
        FatalError: it is not below a root, is relative, goes up, or has another scheme.
    """
    wanted = place.strip()
    shown = f"{name!r} {wanted[:200]!r}"
    if not wanted or "\x00" in wanted:
        raise FatalError(f"{name!r} is empty or holds a NUL; give a path or s3://bucket/folder")
    if wanted.lower().startswith("file:///"):
        wanted = wanted[len("file://") :]
    is_url = "://" in wanted
    found = _url(wanted, shown) if is_url else _path(wanted, shown)
    opened = [root.strip() for root in roots if root.strip()]
    if not any(_below(found, root, is_url=is_url) for root in opened):
        told = f"not below one of {opened}" if opened else "closed to all files until it names some"
        raise FatalError(f"{shown} is refused: the setting {setting!r} is {told}")
    return found


def _url(wanted: str, shown: str) -> str:
    scheme, _, rest = wanted.partition("://")
    if scheme.lower() not in SCHEMES:
        raise FatalError(f"{shown} has none of the schemes {', '.join(SCHEMES)}")
    if any(part in (".", "..") for part in unquote(rest).replace("\\", "/").split("/")):
        raise FatalError(f"{shown} goes up with '..'; give the place itself")
    return f"{scheme.lower()}://{rest.rstrip('/')}"


def _path(wanted: str, shown: str) -> str:
    path = Path(wanted)
    if not path.is_absolute():
        raise FatalError(f"{shown} is relative; give the whole path, from / on")
    return str(_real(path, shown))


def _real(path: Path, shown: str) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a circle of links
        raise FatalError(f"{shown} leads nowhere") from None


def _below(found: str, root: str, *, is_url: bool) -> bool:
    if is_url:
        top = root.rstrip("/")
        return "://" in top and (found == top or found.startswith(f"{top}/"))
    plain = root.removeprefix("file://")
    if "://" in plain or not Path(plain).is_absolute():
        return False
    return Path(found).is_relative_to(_real(Path(plain), "a root"))
