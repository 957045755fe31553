"""Uploaded files: asked for, sent, then completed, as ``files_upload_v2`` does it."""

from __future__ import annotations

import secrets
import shutil
from typing import TYPE_CHECKING, Any

from sandbox.slack import seed
from sandbox.slack.errors import SlackError

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.slack.journal import Journal

Json = dict[str, Any]


def check_slack_files(files: FileStore, blocks: Any) -> None:
    """Refuse blocks that show a file Slack does not have, as Slack does (``invalid_blocks``)."""
    for place, block in enumerate(blocks if isinstance(blocks, list) else ()):
        named = block.get("slack_file") if isinstance(block, dict) else None
        if isinstance(named, dict):
            try:
                files.info(str(named.get("id")))
            except SlackError:
                complaint = f"[ERROR] invalid slack file [json-pointer:/blocks/{place}/slack_file]"
                raise SlackError("invalid_blocks", [complaint]) from None


class FileStore:
    """Keeps file contents in a directory and their descriptions in the journal."""

    def __init__(self, directory: Path, journal: Journal, base_url: str) -> None:
        self._directory = directory
        self._journal = journal
        self._base_url = base_url
        self._files: dict[str, Json] = journal.load("file")

    def reset(self) -> None:
        """Forget all files."""
        self._files.clear()
        shutil.rmtree(self._directory, ignore_errors=True)

    def ask(self, filename: str, length: int) -> tuple[str, str]:
        """Announce an upload; returns the upload URL and the file id."""
        if length < 1:
            raise SlackError("invalid_arguments", ["[ERROR] length must be at least 1"])
        file_id = "F0" + secrets.token_hex(5).upper()
        self._files[file_id] = {"id": file_id, "name": filename, "size": length, "done": False}
        return f"{self._base_url}/upload/{file_id}", file_id

    def receive(self, file_id: str, content: bytes) -> None:
        """Store the bytes that were announced.

        Raises:
            KeyError: The file was not announced.
            ValueError: The length differs from the announced one.
        """
        entry = self._files[file_id]
        if len(content) != entry["size"]:
            raise ValueError(f"announced {entry['size']} bytes, got {len(content)}")
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / file_id).write_bytes(content)
        entry["done"] = True

    def complete(self, file_id: str, title: str | None) -> Json:
        """Make an uploaded file a Slack file object."""
        entry = self._files.get(file_id)
        if entry is None or not entry["done"]:
            raise SlackError("file_not_found")
        name = entry["name"]
        suffix = name.rpartition(".")[2].lower() if "." in name else ""
        url = f"{self._base_url}/files/{file_id}/{name}"
        shown: Json = {
            "id": file_id,
            "name": name,
            "title": title or name,
            "size": entry["size"],
            "filetype": suffix,
            "mimetype": _MIME.get(suffix, "application/octet-stream"),
            "user": seed.BOT_USER,
            "url_private": url,
            "permalink": url,
        }
        self._files[file_id] = {**entry, **shown}
        self._journal.put("file", file_id, self._files[file_id])
        return shown

    def info(self, file_id: str) -> Json:
        """The file object of a completed file, or ``file_not_found``."""
        entry = self._files.get(file_id)
        if entry is None or "mimetype" not in entry:
            raise SlackError("file_not_found")
        return {key: value for key, value in entry.items() if key != "done"}

    def read(self, file_id: str) -> tuple[bytes, str]:
        """Content and type of a completed file, or ``KeyError``."""
        entry = self._files[file_id]
        return (self._directory / file_id).read_bytes(), entry["mimetype"]


_MIME = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "csv": "text/plain",
    "txt": "text/plain",
    "pdf": "application/pdf",
}
