"""Albumen's hooks; every one can be used by other teams' DAGs."""
