"""The catalog's tables.

Every table that grows with a library is partitioned by hash and carries `library_id` in its key.
The migrations own the partitions; a test holds the two against each other.
"""

from albumen.catalog.models.alerts import Alert, Silence
from albumen.catalog.models.base import Base
from albumen.catalog.models.clocks import CameraClock
from albumen.catalog.models.duplicates import DuplicateGroup, DuplicateMember
from albumen.catalog.models.erasures import Erasure, Tombstone
from albumen.catalog.models.findings import (
    Embedding,
    FaceRow,
    Facts,
    Likeness,
    PictureKindRow,
    Placeholder,
    QualityRow,
    RawTags,
    Rendition,
    SafetyRow,
    Scene,
    SupersededObject,
    TextRow,
    VideoFacts,
    VideoSignature,
)
from albumen.catalog.models.integrity import IntegrityCheck
from albumen.catalog.models.ledger import (
    Backfill,
    Due,
    ModelInUse,
    Outcome,
    PastOutcome,
    Shard,
    StepPause,
    StepState,
    Tally,
)
from albumen.catalog.models.listings import ListedKey, Listing, ListingShard
from albumen.catalog.models.memories import Day, DirtyDay, Highlights, Memory, MemoryItem, MemoryTurn
from albumen.catalog.models.operating import AuditEntry, HourOfWork
from albumen.catalog.models.organised import (
    DirtyItem,
    EventRow,
    HomeLesson,
    HomeRow,
    ItemEvent,
    ItemPlace,
    PlaceRow,
    TripRow,
    VisitRow,
)
from albumen.catalog.models.originals import Fingerprint, Item, Library, Original
from albumen.catalog.models.owner import MemoryEvent, MemorySignal, Suppression
from albumen.catalog.models.people import FaceDecision, FacePerson, PersonPair, PersonRow
from albumen.catalog.models.search import CameraRow, ItemWords

__all__ = [
    "Alert",
    "AuditEntry",
    "Backfill",
    "Base",
    "CameraClock",
    "CameraRow",
    "Day",
    "DirtyDay",
    "DirtyItem",
    "Due",
    "DuplicateGroup",
    "DuplicateMember",
    "Embedding",
    "Erasure",
    "EventRow",
    "FaceDecision",
    "FacePerson",
    "FaceRow",
    "Facts",
    "Fingerprint",
    "Highlights",
    "HomeLesson",
    "HomeRow",
    "HourOfWork",
    "IntegrityCheck",
    "Item",
    "ItemEvent",
    "ItemPlace",
    "ItemWords",
    "Library",
    "Likeness",
    "ListedKey",
    "Listing",
    "ListingShard",
    "Memory",
    "MemoryEvent",
    "MemoryItem",
    "MemorySignal",
    "MemoryTurn",
    "ModelInUse",
    "Motion",
    "Original",
    "Outcome",
    "PairMark",
    "PastOutcome",
    "PersonPair",
    "PersonRow",
    "PictureKindRow",
    "PlaceRow",
    "Placeholder",
    "QualityRow",
    "RawTags",
    "Rendition",
    "SafetyRow",
    "Scene",
    "Shard",
    "SidecarRow",
    "Silence",
    "StepPause",
    "StepState",
    "SupersededObject",
    "Suppression",
    "Tally",
    "TextRow",
    "Tombstone",
    "TripRow",
    "VideoFacts",
    "VideoSignature",
    "VisitRow",
]
