"""The memory kind `first_of_month`: the first photo of every month of the year before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from albumen.memories.context import Context, Photo
from albumen.memories.contract import Candidate, CandidateItem, DateRange, MemoryKind, Window


class FirstOfMonth(MemoryKind):
    """How every month of the last year began, told on New Year's Day."""

    name = "first_of_month"
    version = 1

    def window(self, context: Context, date: date) -> Window:
        """The whole year before, on 1 January only."""
        if (date.month, date.day) != (1, 1):
            return Window()
        return Window(
            (DateRange(date.replace(year=date.year - 1), date.replace(year=date.year - 1, month=12, day=31)),)
        )

    def candidates(self, context: Context, date: date, seed: int) -> Sequence[Candidate]:
        """One story, or none for a year without photos."""
        first: dict[int, Photo] = {}
        for photo in sorted(context.photos, key=lambda photo: (photo.taken_local, photo.item_id)):
            if photo.taken_local.year == date.year - 1:
                first.setdefault(photo.taken_local.month, photo)
        if not first or (date.month, date.day) != (1, 1):
            return []
        chosen = list(first.values())
        return [
            Candidate(
                kind=self.name,
                key=f"{self.name}:{date.year - 1}",
                date=date,
                reason=f"how {len(chosen)} months of {date.year - 1} began",
                strength=0.5,
                cover=chosen[0],
                items=tuple(CandidateItem(photo, f"the first of {photo.taken_local:%B}") for photo in chosen),
                years=(date.year - 1,),
            )
        ]

    def title(self, candidate: Candidate, locale: str) -> str:
        """The headline."""
        return f"{candidate.years[0]}, month by month"
