"""What the steps found, per item."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pgvector.sqlalchemy import HALFVEC, Vector
from sqlalchemy import (
    ARRAY,
    REAL,
    Index,
    Integer,
    SmallInteger,
    String,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from albumen.catalog.models.base import ITEM_HASH, LOCAL, NOW, UTC, Base, ItemColumns


class Facts(ItemColumns, Base):
    """What the metadata step found. Local, UTC, offset and zone are stored apart, never derived back."""

    __tablename__ = "facts"
    __table_args__ = (
        Index("facts_by_local_time", "library_id", "taken_local"),
        Index("facts_favourite", "library_id", "item_id", postgresql_where=text("extra ->> 'rating' IN ('4', '5')")),
        ITEM_HASH,
    )

    original_id: Mapped[int]
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    orientation: Mapped[int | None] = mapped_column(SmallInteger)
    taken_local: Mapped[datetime | None] = mapped_column(LOCAL)
    taken_utc: Mapped[datetime | None] = mapped_column(UTC)
    taken_offset_minutes: Mapped[int | None] = mapped_column(SmallInteger)
    taken_zone: Mapped[str | None]
    taken_source: Mapped[str | None]
    zone_source: Mapped[str | None]
    taken_confidence: Mapped[str | None]
    gps_lat: Mapped[float | None]
    gps_lon: Mapped[float | None]
    gps_alt: Mapped[float | None]
    gps_source: Mapped[str | None]
    refused: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    make: Mapped[str | None]
    model: Mapped[str | None]
    lens: Mapped[str | None]
    extra: Mapped[dict[str, Any]] = mapped_column(server_default="{}")


class VideoFacts(ItemColumns, Base):
    """What a video is made of, by its headers and streams."""

    __tablename__ = "videos"
    __table_args__ = (ITEM_HASH,)

    container: Mapped[str]
    duration_s: Mapped[float | None]
    rotation: Mapped[int] = mapped_column(SmallInteger)
    fps: Mapped[float | None]
    frames: Mapped[int | None] = mapped_column(Integer)
    bit_rate: Mapped[int | None]
    video_codec: Mapped[str | None]
    pixel_format: Mapped[str | None]
    transfer: Mapped[str | None]
    audio_codec: Mapped[str | None]
    audio_channels: Mapped[int | None] = mapped_column(SmallInteger)
    content_identifier: Mapped[str | None]


class SidecarRow(ItemColumns, Base):
    """The content of a sidecar (`xmp` or `takeout`); the keys of its originals tell whose it is."""

    __tablename__ = "sidecars"
    __table_args__ = (ITEM_HASH,)

    kind: Mapped[str]
    title: Mapped[str]
    content: Mapped[bytes]


class PairMark(ItemColumns, Base):
    """What both items of a pair carry: `apple:<content id>` or `sha256:<of the clip>`; `half`: `still` or `clip`."""

    __tablename__ = "pair_marks"
    __table_args__ = (Index("pair_marks_by_mark", "library_id", "mark"), ITEM_HASH)

    mark: Mapped[str] = mapped_column(primary_key=True)
    half: Mapped[str]


class Motion(ItemColumns, Base):
    """The clip that lies in a motion photo: its digest, its length and where it starts, bytes."""

    __tablename__ = "motions"
    __table_args__ = (ITEM_HASH,)

    sha1: Mapped[bytes]
    bytes: Mapped[int]
    starts: Mapped[int]


class RawTags(ItemColumns, Base):
    """The tags as they stand in the file, size-capped."""

    __tablename__ = "raw_tags"
    __table_args__ = (ITEM_HASH,)

    tags: Mapped[dict[str, Any]]


class Rendition(ItemColumns, Base):
    """The current derived files of an item; the row switches after the PUT, whose ETag it keeps."""

    __tablename__ = "renditions"
    __table_args__ = (ITEM_HASH,)

    name: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str]
    mime: Mapped[str]
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    bytes: Mapped[int]
    etag: Mapped[str | None]


class SupersededObject(Base):
    """A derived file that no row names any more; it goes after a grace period."""

    __tablename__ = "superseded_objects"

    library_id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    superseded_at: Mapped[datetime] = mapped_column(UTC, server_default=NOW)


class Placeholder(ItemColumns, Base):
    """What to show while a picture loads."""

    __tablename__ = "placeholders"
    __table_args__ = (ITEM_HASH,)

    thumbhash: Mapped[bytes]
    dominant: Mapped[str] = mapped_column(String(7))
    frames: Mapped[int] = mapped_column(Integer)


class FaceRow(ItemColumns, Base):
    """One face; boxes and landmarks are fractions of the upright picture. Biometric: only by consent.

    `frame_s` is set where the picture is not a video's poster but its frame at so many seconds.
    """

    __tablename__ = "faces"
    __table_args__ = (
        Index("faces_by_vector", "vector", postgresql_using="hnsw", postgresql_ops={"vector": "vector_cosine_ops"}),
        ITEM_HASH,
    )

    face_no: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    x: Mapped[float] = mapped_column(REAL())
    y: Mapped[float] = mapped_column(REAL())
    width: Mapped[float] = mapped_column(REAL())
    height: Mapped[float] = mapped_column(REAL())
    score: Mapped[float] = mapped_column(REAL())
    landmarks: Mapped[list[float]] = mapped_column(ARRAY(REAL()))
    sharpness: Mapped[float] = mapped_column(REAL())
    roll: Mapped[float | None] = mapped_column(REAL())
    yaw: Mapped[float | None] = mapped_column(REAL())
    pitch: Mapped[float | None] = mapped_column(REAL())
    model_id: Mapped[str]
    vector: Mapped[Any] = mapped_column(Vector(128))
    frame_s: Mapped[float | None] = mapped_column(REAL())


class QualityRow(ItemColumns, Base):
    """How good a picture is technically, 0 to 1, and why not better; `faces`, their sharpness, only by consent."""

    __tablename__ = "quality"
    __table_args__ = (ITEM_HASH,)

    score: Mapped[float] = mapped_column(REAL())
    sharpness: Mapped[float] = mapped_column(REAL())
    exposure: Mapped[float] = mapped_column(REAL())
    contrast: Mapped[float] = mapped_column(REAL())
    noise: Mapped[float | None] = mapped_column(REAL())
    resolution: Mapped[float | None] = mapped_column(REAL())
    faces: Mapped[float | None] = mapped_column(REAL())
    reasons: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")


class Likeness(ItemColumns, Base):
    """How a picture looks: a perceptual hash of 64 bits as a signed integer, a miniature in grey, its structure."""

    __tablename__ = "likenesses"
    __table_args__ = (
        Index(
            "likenesses_by_structure",
            "structure",
            postgresql_using="hnsw",
            postgresql_ops={"structure": "vector_cosine_ops"},
        ),
        ITEM_HASH,
    )

    phash: Mapped[int]
    miniature: Mapped[bytes | None]
    structure: Mapped[Any | None] = mapped_column(Vector(64))


class VideoSignature(ItemColumns, Base):
    """How the beginning of a video moves: tiny grey frames, one after another, and the structure of their mean."""

    __tablename__ = "video_signatures"
    __table_args__ = (
        Index(
            "video_signatures_by_structure",
            "structure",
            postgresql_using="hnsw",
            postgresql_ops={"structure": "vector_cosine_ops"},
        ),
        ITEM_HASH,
    )

    frames: Mapped[bytes]
    structure: Mapped[Any] = mapped_column(Vector(64))


class Scene(ItemColumns, Base):
    """What a picture shows, in words, as one model sees it, surest first.

    `objects` (`name`, `score`, `box`, `model_id`) where a model of those has looked; their names are among the words.
    """

    __tablename__ = "scenes"
    __table_args__ = (Index("scenes_by_label", "labels", postgresql_using="gin"), ITEM_HASH)

    model_id: Mapped[str] = mapped_column(primary_key=True)
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scores: Mapped[list[float]] = mapped_column(ARRAY(REAL()))
    objects: Mapped[list[Any] | None] = mapped_column(JSONB)


class Embedding(ItemColumns, Base):
    """A picture as a point, one for each model; of length one. Another model is other points beside the old ones."""

    __tablename__ = "embeddings"
    __table_args__ = (
        Index(
            "embeddings_by_text_space",
            text("(CAST(vector AS halfvec(384))) halfvec_ip_ops"),
            postgresql_using="hnsw",
            postgresql_where=text("model_id = 'efficientnet-lite2.minilm-l6-v2-int8'"),
        ),
        ITEM_HASH,
    )

    model_id: Mapped[str] = mapped_column(primary_key=True)
    vector: Mapped[Any] = mapped_column(HALFVEC())


class SafetyRow(ItemColumns, Base):
    """How likely a picture is not for every eye: 0 safe, 1 unsafe."""

    __tablename__ = "safety"
    __table_args__ = (ITEM_HASH,)

    score: Mapped[float] = mapped_column(REAL())
    model_id: Mapped[str]


class PictureKindRow(ItemColumns, Base):
    """Whether a picture is a photo, screenshot, document, receipt, graphic or scan, and how sure that is."""

    __tablename__ = "picture_kinds"
    __table_args__ = (
        Index("picture_kinds_by_kind", "library_id", "kind", "item_id", postgresql_where=text("kind <> 'photo'")),
        ITEM_HASH,
    )

    kind: Mapped[str]
    score: Mapped[float] = mapped_column(REAL())


class TextRow(ItemColumns, Base):
    """What can be read in a picture; `lines` have text, score and box as fractions of the upright picture."""

    __tablename__ = "texts"
    __table_args__ = (ITEM_HASH,)

    text: Mapped[str]
    lines: Mapped[list[Any]] = mapped_column(JSONB)
    model_id: Mapped[str]
