"""What work costs, in prices of the settings, and what a day of so many photos would take."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from albumen.catalog.hours_of_work import Work
from albumen.pipeline import registry
from albumen.pipeline.contract import Step
from albumen.settings import PriceSettings

GB = 1e9
DAY_S = 86_400
OBJECTS_OF_A_PREVIEW = 2
"""`thumb` and `preview` are stored together; every other step that stores anything stores one object."""


@dataclass(slots=True)
class Cost:
    """Work summed up under a name.

    Attributes
    ----------
    outcomes : int
        Step outcomes.
    gets, puts, bytes_read : int
        Requests to the object store and what they read: once for all steps of a pass, by the step with most of it.
    """

    name: str
    outcomes: int = 0
    cpu_s: float = 0.0
    bytes_written: int = 0
    puts: int = 0
    reads: dict[tuple[int, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    sizes: dict[tuple[int, str], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    @property
    def gets(self) -> int:
        """Reads of the object store."""
        return sum(max(steps.values()) for steps in self.reads.values())

    @property
    def bytes_read(self) -> int:
        """Bytes that these reads came to."""
        return sum(max(steps.values()) for steps in self.sizes.values())

    def add(self, work: Work, step: type[Step] | None) -> None:
        """Add outcomes of one step; a step that is gone reads and stores nothing any more."""
        self.outcomes += work.n
        self.cpu_s += work.cpu_s
        self.bytes_written += work.bytes_written
        if step is not None:
            self.reads[work.library_id, step.reads][work.step] += work.n
            self.sizes[work.library_id, step.reads][work.step] += work.bytes_read
            if work.bytes_written and work.state == "done":
                self.puts += work.n * (OBJECTS_OF_A_PREVIEW if step.makes_preview else 1)

    def money(self, prices: PriceSettings) -> dict[str, float]:
        """What it cost, by part; keeping is a month of what was written."""
        return {
            "processor": self.cpu_s / 3600 * prices.core_hour,
            "requests": (self.gets * prices.gets_per_1000 + self.puts * prices.puts_per_1000) / 1000,
            "traffic": self.bytes_read / GB * prices.gb_out,
            "a month's keeping": self.bytes_written / GB * prices.gb_month,
        }


def by_step(work: Iterable[Work]) -> list[Cost]:
    """Costs of each step, the dearest first."""
    return _grouped(work, lambda one: one.step)


def by_library(work: Iterable[Work], names: Mapping[int, str]) -> list[Cost]:
    """Costs of each library, the dearest first; one that is gone keeps its number."""
    return _grouped(work, lambda one: names.get(one.library_id, f"library {one.library_id} (erased)"))


def _grouped(work: Iterable[Work], name_of: Callable[[Work], str]) -> list[Cost]:
    steps, found = registry.steps(), dict[str, Cost]()
    for one in work:
        found.setdefault(name_of(one), Cost(name_of(one))).add(one, steps.get(one.step))
    return sorted(found.values(), key=lambda cost: -cost.cpu_s)


@dataclass(frozen=True, slots=True)
class Capacity:
    """What so many photos a day take.

    Attributes
    ----------
    cpu_s : dict
        CPU seconds of a photo in each step.
    measured : set of str
        Steps whose figure was measured here; of the others it is expected.
    """

    per_day: int
    cpu_s: dict[str, float]
    measured: frozenset[str]
    cores: float
    slots: int
    memory_gb: float
    store_requests_s: float
    catalog_writes_s: float
    gb_a_day: float
    money_a_day: float


AROUND = 1.9
"""CPU of the whole stack for each CPU second of the steps: `albumen bench overhead`, 600 photos on two cores."""
BUSY = 0.7
"""How much of a core is planned for: the rest is for bursts."""
SERVERS_GB = 3.0
"""Airflow's four components (1.7), PostgreSQL, the object store."""
SLOT_GB = 1.0
"""A task with its sandbox, decoding photos of 50 megapixels or running the built-in models."""
REQUESTS_OF_A_PHOTO = 6
"""HEAD and GET of the original, two PUTs, GET of the preview, and the listings."""
ROWS_OF_A_PHOTO = 30
"""Rows written and deleted in the catalog, with due work, outcomes and their history."""
ROWS_AN_IO = 8
"""Rows that share one write of the write-ahead log and the data files, in transactions of 16 photos."""
PREVIEW_BYTES = 400_000
"""Derived files of a photo until measured."""


def capacity(per_day: int, cpu_s: Mapping[str, float], bytes_written: float | None, prices: PriceSettings) -> Capacity:
    """What `per_day` photos a day take.

    Parameters
    ----------
    cpu_s : mapping
        Measured CPU seconds of one photo, per step; steps without a figure count as they are expected.
    bytes_written : float or None
        Measured bytes of the derived files of one photo.
    """
    steps = {name: step for name, step in registry.steps().items() if "photo" in step.kinds and not step.on_demand}
    seconds = {name: cpu_s.get(name, step.expected_seconds) for name, step in steps.items()}
    core_s = per_day * sum(seconds.values()) * AROUND
    cores = core_s / DAY_S / BUSY
    slots = max(1, -int(-per_day * sum(seconds.values()) / DAY_S / BUSY // 1))
    written = PREVIEW_BYTES if bytes_written is None else bytes_written
    requests = per_day * (2 * prices.gets_per_1000 + OBJECTS_OF_A_PREVIEW * prices.puts_per_1000) / 1000
    return Capacity(
        per_day=per_day,
        cpu_s=seconds,
        measured=frozenset(name for name in steps if name in cpu_s),
        cores=cores,
        slots=slots,
        memory_gb=SERVERS_GB + slots * SLOT_GB,
        store_requests_s=per_day * REQUESTS_OF_A_PHOTO / DAY_S,
        catalog_writes_s=per_day * ROWS_OF_A_PHOTO / ROWS_AN_IO / DAY_S,
        gb_a_day=per_day * written / GB,
        money_a_day=core_s / BUSY / 3600 * prices.core_hour + requests + per_day * written / GB * prices.gb_month,
    )
