"""Across a library: places, homes, events, trips, duplicates, people, search. Pure functions over plain values."""
