"""Uploaded files in the sandbox: described when complete, shown by blocks, refused otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from tests.relay.sandbox_slack.conftest import error_of

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from sandbox.slack.client import SlackSandbox


def image(file_id: str) -> list[dict[str, Any]]:
    return [{"type": "image", "alt_text": "Bars.", "slack_file": {"id": file_id}}]


def test_a_file_nobody_was_sent_is_shown_by_a_message(
    web: WebClient, sandbox: SlackSandbox
) -> None:
    uploaded = web.files_upload_v2(content=b"\x89PNG", filename="chart.png", title="Chart")
    file_id = uploaded["files"][0]["id"]
    assert sandbox.messages("C0FEEDBACK") == []
    described = web.files_info(file=file_id)["file"]
    assert (described["mimetype"], described["size"]) == ("image/png", 4)
    web.chat_postMessage(channel="C0FEEDBACK", text="chart", blocks=image(file_id))
    base = sandbox.api_url.removesuffix("/api/")
    page = httpx.get(
        f"{base}/page/data", params={"user": "U0ANN", "channel": "C0FEEDBACK"}, trust_env=False
    )
    assert f"/files/{file_id}/image" in page.text
    shown = httpx.get(f"{base}/files/{file_id}/image", trust_env=False)
    assert (shown.content, shown.headers["content-type"]) == (b"\x89PNG", "image/png")


def test_a_file_slack_does_not_have_is_refused(web: WebClient, sandbox: SlackSandbox) -> None:
    answer = error_of(
        web.chat_postMessage, channel="C0FEEDBACK", text="chart", blocks=image("F0NOTHING")
    )
    assert answer == "invalid_blocks"
    assert sandbox.messages("C0FEEDBACK") == []
    assert error_of(web.files_info, file="F0NOTHING") == "file_not_found"
    announced = web.files_getUploadURLExternal(filename="chart.png", length=4)
    assert error_of(web.files_info, file=announced["file_id"]) == "file_not_found"
