"""The product's tables. Import from here; one module an aspect."""

from include.matching.types import RequestStatus, Route
from include.store.models.agents import ModelCall, ModelServer
from include.store.models.audit import AuditRow
from include.store.models.base import EMBEDDING_DIMENSIONS, Base
from include.store.models.capture import PersonKind, SlackCapture, SlackPerson, UserAlias
from include.store.models.durable import Hook, HookKey, HookStatus, ParkedRun, ParkedState
from include.store.models.entries import (
    ActorKind,
    Decision,
    DecisionStep,
    Entry,
    EntryStatus,
    Feedback,
    Outcome,
    Severity,
    Source,
    ThresholdSet,
)
from include.store.models.evidence import RequestCentroid, RequestEvidence
from include.store.models.figures import RequestFigures, RequestFiguresStale
from include.store.models.insights import (
    AccountRevision,
    AreaReport,
    Digest,
    FeedbackRevision,
    RequestAreaChange,
)
from include.store.models.learning import ProposalState, ThresholdProposal
from include.store.models.lifecycle import (
    AnalyticsEvent,
    EmbeddingIndex,
    IndexState,
    LinkKind,
    RequestLink,
    RequestMerge,
    RunStart,
    RunStartState,
    Watermark,
)
from include.store.models.people import Account, Area, Opportunity, RequestFollower, User
from include.store.models.requests import (
    Request,
    RequestArea,
    RequestEmbedding,
    RequestStatusChange,
)
from include.store.models.shadow import ShadowVerdict
from include.store.models.slack import EventState, Message, MessageKind, MessageState, SlackEvent
from include.store.models.webhooks import (
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookState,
)

__all__ = [
    "EMBEDDING_DIMENSIONS",
    "Account",
    "AccountRevision",
    "ActorKind",
    "AnalyticsEvent",
    "Area",
    "AreaReport",
    "AuditRow",
    "Base",
    "Decision",
    "DecisionStep",
    "DeliveryState",
    "Digest",
    "EmbeddingIndex",
    "Entry",
    "EntryStatus",
    "EventState",
    "Feedback",
    "FeedbackRevision",
    "Hook",
    "HookKey",
    "HookStatus",
    "IndexState",
    "LinkKind",
    "Message",
    "MessageKind",
    "MessageState",
    "ModelCall",
    "ModelServer",
    "Opportunity",
    "Outcome",
    "ParkedRun",
    "ParkedState",
    "PersonKind",
    "ProposalState",
    "Request",
    "RequestArea",
    "RequestAreaChange",
    "RequestCentroid",
    "RequestEmbedding",
    "RequestEvidence",
    "RequestFigures",
    "RequestFiguresStale",
    "RequestFollower",
    "RequestLink",
    "RequestMerge",
    "RequestStatus",
    "RequestStatusChange",
    "Route",
    "RunStart",
    "RunStartState",
    "Severity",
    "ShadowVerdict",
    "SlackCapture",
    "SlackEvent",
    "SlackPerson",
    "Source",
    "ThresholdProposal",
    "ThresholdSet",
    "User",
    "UserAlias",
    "Watermark",
    "Webhook",
    "WebhookDelivery",
    "WebhookEvent",
    "WebhookState",
]
