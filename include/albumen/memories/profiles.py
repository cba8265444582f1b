"""The screens that memories are rendered for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """A screen: its name in the names of files, its size in pixels."""

    name: str
    width: int
    height: int


PHONE = Profile("phone", 1080, 1920)
FRAME = Profile("frame", 1920, 1080)
EMAIL = Profile("email", 1200, 800)
"""Twice the 600 points that mail programs show."""
PROFILES = (PHONE, FRAME, EMAIL)
