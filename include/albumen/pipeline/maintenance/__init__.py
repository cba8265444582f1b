"""Keeping what is stored and what the catalog says the same, and letting go what is over."""
