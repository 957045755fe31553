"""The parts of one running sandbox, tied together once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox.slack import seed
from sandbox.slack.faults import CallLog, FaultDesk
from sandbox.slack.files import FileStore
from sandbox.slack.journal import Journal
from sandbox.slack.sockets import SocketDesk
from sandbox.slack.views import ViewDesk
from sandbox.slack.workspace import Workspace

if TYPE_CHECKING:
    from sandbox.slack.settings import Settings

Json = dict[str, Any]

RESPONSE_URL_USES = 5
RESPONSE_URL_SECONDS = 30 * 60


@dataclass(slots=True)
class ResponseTarget:
    """What a ``response_url`` may write to."""

    user: str
    channel: str
    born: float
    message_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


@dataclass(slots=True)
class Hub:
    """Everything the routes need."""

    settings: Settings
    journal: Journal
    workspace: Workspace
    views: ViewDesk
    files: FileStore
    features: seed.AppFeatures
    faults: FaultDesk = field(default_factory=FaultDesk)
    calls: CallLog = field(default_factory=CallLog)
    sockets: SocketDesk = field(default_factory=SocketDesk)
    responses: dict[str, ResponseTarget] = field(default_factory=dict)

    @classmethod
    def start(cls, settings: Settings) -> Hub:
        """Open the state directory and load what an earlier process left there."""
        journal = Journal(settings.state / "workspace.sqlite")
        workspace = Workspace(journal)
        return cls(
            settings=settings,
            journal=journal,
            workspace=workspace,
            views=ViewDesk(workspace, journal),
            files=FileStore(settings.state / "files", journal, settings.base_url),
            features=seed.read_features(settings.manifest),
        )

    def reset(self) -> None:
        """A fresh workspace: no messages, views, faults, counters or files."""
        self.workspace.reset()
        self.views.reset()
        self.files.reset()
        self.faults.clear()
        self.calls.clear()
        self.responses.clear()

    def response_url(self, target: ResponseTarget) -> str:
        """A URL that may write to the target five times within half an hour."""
        key = secrets.token_urlsafe(18)
        self.responses[key] = target
        return f"{self.settings.base_url}/response/{key}"

    def permalink(self, channel: str, ts: str, thread_ts: str | None = None) -> str:
        """A link that opens the page at the message."""
        link = f"{self.settings.base_url}/archives/{channel}/p{ts.replace('.', '')}"
        if thread_ts and thread_ts != ts:
            link += f"?thread_ts={thread_ts}&cid={channel}"
        return link

    @property
    def unfurl_domains(self) -> frozenset[str]:
        """Hosts whose links the app is told about."""
        return frozenset(self.settings.unfurl_domains) | frozenset(self.features.unfurl_domains)
