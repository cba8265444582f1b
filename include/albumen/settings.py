"""Every knob of Albumen, typed, in one place, with defaults that work on a clean clone.

A knob is set by an environment variable `ALBUMEN_<SECTION>__<NAME>`, for example
`ALBUMEN_RENDITIONS__PREVIEW_SHORT_SIDE=1080`. Only the edges (CLI, operators, triggers) read
settings; domain functions are given the values they need.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class RenditionSettings(BaseModel):
    """Sizes and qualities of the derived pictures."""

    thumb_short_side: int = Field(250, ge=16, description="Short side of `thumb`, pixels.")
    thumb_quality: int = Field(80, ge=1, le=100, description="WebP quality of `thumb`.")
    preview_short_side: int = Field(1440, ge=64, description="Short side of `preview`, pixels.")
    preview_long_side_max: int = Field(4320, ge=64, description="Longest long side of `preview`, pixels.")
    preview_quality: int = Field(80, ge=1, le=100, description="JPEG quality of `preview` (4:2:0).")
    large_long_side: int = Field(2560, ge=64, le=65500, description="Long side of `large`, pixels; on demand.")
    large_quality: int = Field(85, ge=1, le=100, description="JPEG quality of `large` (4:2:0).")
    fullsize_quality: int = Field(90, ge=1, le=100, description="JPEG quality of `fullsize` (4:4:4); on demand.")


class LimitSettings(BaseModel):
    """What one file may ask of us; beyond a limit it is refused as `too_large`."""

    photo_bytes: int = Field(512 * 1024**2, description="Largest photo that is read, bytes.")
    photo_pixels: int = Field(300_000_000, description="Most pixels (width x height) that are decoded.")
    photo_frames: int = Field(100_000, description="Most frames of an animation; the first good one is shown.")
    photo_layers: int = Field(10_000, description="Most layers of a layered picture whose composite is read.")
    icc_bytes: int = Field(16 * 1024**2, description="Largest colour profile that is parsed, bytes.")
    metadata_bytes: int = Field(16 * 1024**2, description="Largest metadata block that is parsed, bytes.")
    raw_tags_bytes: int = Field(64 * 1024, description="Largest raw tag set stored per item, bytes of JSON.")
    video_bytes: int = Field(64 * 1024**3, description="Largest video that is read, bytes.")
    sniff_bytes: int = Field(64 * 1024, description="How much of an object decides what it is, bytes.")


class SandboxSettings(BaseModel):
    """What a decoding child process may use."""

    memory_bytes: int = Field(6 * 1024**3, description="Address space of a child (RLIMIT_AS), bytes.")
    item_seconds: float = Field(
        20.0, gt=0, description="Time of one item in a child, seconds, not counting waits for a busy processor."
    )
    start_seconds: float = Field(60.0, gt=0, description="Wall time of a child's start, models loaded, seconds.")
    file_bytes: int = Field(64 * 1024**2, description="Largest file a child may write (RLIMIT_FSIZE), bytes.")


Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]

ProxyPolicy = Literal["required", "bitrate", "always", "never"]


class VideoSettings(BaseModel):
    """How videos are read and what is made of them."""

    spool_directory: str = Field(
        "", description="Folder videos are read into; empty: the system's for temporary files."
    )
    spool_bytes: int = Field(16 * 1024**3, ge=1, description="Room there for the video in work and the next, bytes.")
    step_seconds: float = Field(60.0, gt=0, description="Longest silence of a step on a video, seconds.")
    file_bytes: int = Field(32 * 1024**3, description="Largest file made of a video (RLIMIT_FSIZE), bytes.")
    poster_candidates: int = Field(6, ge=1, le=64, description="Frames looked at for `poster`.")
    poster_quality: int = Field(85, ge=1, le=100, description="JPEG quality of `poster` (4:2:0).")
    frames: int = Field(4, ge=0, le=16, description="Frames beside the poster that the models look at, at most.")
    frames_side: int = Field(960, ge=64, le=4096, description="Most pixels of the long side of such a frame.")
    proxy_short_side: int = Field(720, ge=64, le=4320, description="Most pixels of the short side of `proxy`.")
    proxy_crf: int = Field(23, ge=0, le=51, description="Constant rate factor of `proxy`: less is better and larger.")
    proxy_preset: Preset = Field("veryfast", description="x264's preset of `proxy` and `hover`.")
    proxy_audio_bits: int = Field(128_000, ge=16_000, description="AAC bit rate of `proxy`, bits a second.")
    proxy_bit_rate: int = Field(
        12_000_000, ge=1, description="Bit rate beyond which the policy `bitrate` wants a `proxy`, bits a second."
    )
    hover_short_side: int = Field(240, ge=64, le=1080, description="Most pixels of the short side of `hover`.")
    hover_seconds: float = Field(3.0, gt=0, le=30, description="Length of `hover`, seconds.")
    threads: int = Field(0, ge=0, description="Threads of one encode; 0: one a processor.")
    expected_factor: float = Field(
        0.5, gt=0, description="Seconds that a second of Full HD is expected to take; shards are cut by it."
    )
    encode_factor: float = Field(
        30.0, gt=0, description="Longest encode: seconds for a second of video of 1920 x 1080 at 30 frames a second."
    )


class PipelineSettings(BaseModel):
    """How work is cut, leased and repeated."""

    slots: int = Field(2, ge=1, le=200, description="Shards of one pass that work side by side: its pool's slots.")
    shard_seconds: float = Field(45.0, gt=0, description="Planned work of one shard, seconds.")
    run_seconds: float = Field(300.0, gt=0, description="Planned work of one DAG run, seconds of wall time.")
    lease_seconds: float = Field(60.0, gt=0, description="A lease not renewed for so long is free again, seconds.")
    heartbeat_seconds: float = Field(10.0, gt=0, description="Renewal of a lease, seconds.")
    commit_items: int = Field(32, ge=1, description="Most items of one result transaction.")
    prefetch_items: int = Field(8, ge=1, description="Objects read ahead of the decoder.")
    retry_base_seconds: float = Field(15.0, gt=0, description="First back-off of a retried item, doubled each time.")
    retry_max_seconds: float = Field(900.0, gt=0, description="Longest back-off of a retried item.")
    transient_share: float = Field(
        0.5, gt=0, le=1, description="Share of transient failures in a shard that fails its task."
    )
    breaker_share: float = Field(
        0.2, gt=0, le=1, description="Share of a shard whose `bug` and `timed_out` outcomes stop a step."
    )
    breaker_items: int = Field(10, ge=1, description="Fewest such outcomes of a shard that stop a step.")
    history_days: int = Field(400, ge=1, description="How long past outcomes are kept.")


class DiscoverySettings(BaseModel):
    """How originals are found."""

    poll_seconds: float = Field(3.0, gt=0, description="Interval of the watcher's look at a bucket.")
    poll_keys: int = Field(20_000, ge=1000, description="Most keys the watcher lists of a library at a look.")
    page_keys: int = Field(1000, ge=1, le=1000, description="Keys of one listing page.")
    full_listing_minutes: int = Field(60, ge=1, description="Age of the last full listing at which a new one is due.")
    sqs_queue: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="URL of an SQS queue with S3 event notifications; the watcher then reads it, and lists nothing.",
    )


class StorageSettings(BaseModel):
    """How the object store is dealt with."""

    check_etags: bool = Field(
        True, description="Hold bytes against ETags that look like an MD5; off for stores whose ETags are none."
    )


class ModelSettings(BaseModel):
    """Which weights are used and how."""

    directory: str = Field("~/.cache/albumen/models", description="Content-addressed cache of verified weights.")
    threads: int = Field(1, ge=1, description="Threads of one model session.")
    providers: tuple[str, ...] = Field(
        ("CPUExecutionProvider",), description="Execution providers of ONNX Runtime, best first, a JSON list."
    )
    server: str = Field(
        "",
        pattern=r"^(https?://[^\s/]+\S*)?$",
        description="URL of a model server (KServe v2, such as `albumen serve`); empty: models run in the worker.",
    )
    server_timeout_s: float = Field(10.0, gt=0, description="Longest wait for the model server, seconds.")
    server_token: str = Field("", description="Bearer token of the model server; empty: none.")
    scene: str = Field("efficientnet-lite2", description="Model of `scene`: `efficientnet-lite2` or `-lite0`.")
    sentences: str = Field(
        "minilm-l6-v2-int8", description="Model of sentences, in whose space pictures have a point, too."
    )
    image_text: str = Field(
        "",
        description="Model of pictures and sentences (CLIP, SigLIP2) beside these, as `albumen models add` names it; "
        "empty: none.",
    )
    objects: str = Field(
        "", description="Model of objects (YOLOX), such as `yolox-s`, whose names join the labels; empty: none."
    )
    face_score: float = Field(0.6, ge=0, le=1, description="Least score of a face that is kept.")
    face_max_side: int = Field(1024, ge=160, description="Long side of the picture faces are looked for in, pixels.")

    @property
    def text_space(self) -> str:
        """Model id of the points that pictures have in the space of `sentences`."""
        return f"{self.scene}.{self.sentences}"


class MemorySettings(BaseModel):
    """What makes a memory."""

    morning_hour: int = Field(5, ge=0, le=23, description="Local hour from which a day's memories are made.")
    on_this_day_min_photos: int = Field(5, ge=1, description="Fewest photos of an on-this-day story.")
    on_this_day_min_years: int = Field(2, ge=1, description="Fewest past years of an on-this-day story.")
    min_photos: int = Field(5, ge=1, description="Fewest photos of a story of any other kind.")
    max_photos: int = Field(20, ge=1, description="Most photos of a story.")
    stories: int = Field(3, ge=1, description="Most stories told on one day.")
    cooldown_days: int = Field(180, ge=0, description="So long a story that was told is not told again, days.")
    shown_days: int = Field(14, ge=0, description="So long a picture that was shown counts as seen, days.")
    min_gap_minutes: float = Field(10.0, ge=0, description="Least time between two chosen photos, minutes.")
    near_duplicate_bits: int = Field(
        10, ge=0, le=64, description="Perceptual-hash distance of two photos that show the same."
    )
    muted_days: int = Field(1, ge=0, description="Days before and after hidden days that are hidden with them.")
    film: bool = Field(False, description="Also make a film of every memory: about its length on two cores.")
    review_hours: float = Field(48.0, gt=0, description="So long a person may take to answer for a memory, hours.")
    review_unanswered: Literal["decline", "publish"] = Field(
        "decline", description="What becomes of a memory that nobody answered for: `decline` or `publish`."
    )
    link_hours: int = Field(
        168, ge=0, le=168, description="Life of the signed links in a feed, hours; 0: a feed has keys only."
    )
    webhook_url: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="Told of published and withdrawn memories; empty: nobody."
    )
    webhook_secret: str = Field("", description="Key of the HMAC-SHA256 that signs what the webhook is sent.")
    sns_topic: str = Field("", pattern=r"^(arn:\S+)?$", description="ARN of an SNS topic that is told the same.")
    sqs_queue: str = Field(
        "", pattern=r"^(https?://\S+)?$", description="URL of an SQS queue that is told the same; not FIFO."
    )
    publishers: tuple[str, ...] = Field(
        ("page",), description="Publishers of a memory, a JSON list of names; `page` is always among them."
    )

    @field_validator("publishers")
    @classmethod
    def _page_is_among_them(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if "page" not in names:
            raise ValueError("memories.publishers lacks 'page', which is what `albumen memories open` shows")
        return names


class MaintenanceSettings(BaseModel):
    """How what is stored is checked and what is no longer needed goes."""

    seconds: float = Field(600.0, gt=0, description="Longest daily look at one library, seconds.")
    share: float = Field(0.04, gt=0, le=1, description="Share of a library looked at a day: all of it in 1/share days.")
    least_objects: int = Field(20_000, ge=0, description="Looked at a day at least, however small that share is.")
    originals_share: float = Field(0.05, ge=0, le=1, description="Share of the originals in it that are asked for.")
    content_share: float = Field(0.002, ge=0, le=1, description="Share of the objects in it whose bytes are read.")
    delete: tuple[Literal["erased", "orphaned", "superseded"], ...] = Field(
        ("superseded", "erased"), description="Checks that delete what they find, a JSON list; others only report it."
    )
    grace_hours: float = Field(72.0, ge=0, description="Age below which no derived file is deleted, hours.")
    most_share: float = Field(
        0.2, gt=0, le=1, description="Share of what was looked at beyond which findings are only reported."
    )
    record_days: int = Field(30, ge=1, description="How long ended shards, listings, backfills and checks are kept.")
    airflow_days: int = Field(
        60, ge=1, description="How long Airflow keeps runs, asset events and the log files of tasks."
    )


class SloSettings(BaseModel):
    """What is promised; `watch_service` alerts where it is not kept."""

    preview_minutes: float = Field(10.0, gt=0, description="A new photo has its preview within so many minutes.")
    preview_share: float = Field(0.99, gt=0, le=1, description="Share of new photos that this is promised for.")
    quarantine_share: float = Field(0.05, ge=0, le=1, description="Largest share of what was tried in quarantine.")
    memories_hour: int = Field(6, ge=0, le=23, description="Local hour by which the day's memories are made.")
    lag_minutes: float = Field(15.0, gt=0, description="Work that nobody works on may wait so long, minutes.")
    lost_minutes: float = Field(10.0, gt=0, description="A lost worker's shard is taken over within so long, minutes.")


class NotifySettings(BaseModel):
    """Who is told: `webhook:CONNECTION`, `slack:CONNECTION`, `email:ADDRESS` or `sns:ARN`, JSON lists."""

    alerts: tuple[str, ...] = Field((), description="Channels for what needs somebody now.")
    quiet_minutes: float = Field(
        480.0,
        ge=0,
        description="While what was told is still wrong, what comes on top pages nobody for so long, minutes.",
    )
    notices: tuple[str, ...] = Field((), description="Channels for what can be read tomorrow.")


class PriceSettings(BaseModel):
    """What things cost where Albumen runs: for reports and estimates."""

    currency: str = Field("USD", max_length=10, description="What the prices are in; only shown.")
    core_hour: float = Field(0.05, ge=0, description="One processor core for an hour, its memory included.")
    gb_month: float = Field(0.023, ge=0, description="Keeping a gigabyte of derived files for a month.")
    gets_per_1000: float = Field(0.0004, ge=0, description="A thousand reads from the object store.")
    puts_per_1000: float = Field(0.005, ge=0, description="A thousand writes to the object store.")
    gb_out: float = Field(0.0, ge=0, description="Reading a gigabyte out of the object store; 0 within one region.")


class Settings(BaseSettings):
    """All sections together."""

    model_config = SettingsConfigDict(env_prefix="ALBUMEN_", env_nested_delimiter="__", extra="ignore")

    renditions: RenditionSettings = RenditionSettings()
    limits: LimitSettings = LimitSettings()
    sandbox: SandboxSettings = SandboxSettings()
    video: VideoSettings = VideoSettings()
    pipeline: PipelineSettings = PipelineSettings()
    discovery: DiscoverySettings = DiscoverySettings()
    storage: StorageSettings = StorageSettings()
    models: ModelSettings = ModelSettings()
    memories: MemorySettings = MemorySettings()
    maintenance: MaintenanceSettings = MaintenanceSettings()
    slos: SloSettings = SloSettings()
    notify: NotifySettings = NotifySettings()
    prices: PriceSettings = PriceSettings()
    catalog_conn_id: str = Field("albumen_catalog", description="Airflow connection of the catalog.")
    storage_conn_id: str = Field("albumen_s3", description="Airflow connection of the object store.")
    library_bucket: str = Field("albumen-library", description="Bucket of renditions, memories and feeds.")
    library_conn_id: str = Field("", description="Airflow connection of the library bucket; empty: the same store.")

    def for_originals(self) -> Settings:
        """The same without a way to the model server: what reads strangers' bytes reaches nothing outside."""
        return self.model_copy(update={"models": self.models.model_copy(update={"server": ""})})

    def for_videos(self) -> Settings:
        """The same with the sandbox's limits for videos."""
        limits = {"item_seconds": self.video.step_seconds, "file_bytes": self.video.file_bytes}
        return self.model_copy(update={"sandbox": self.sandbox.model_copy(update=limits)})
