"""Albumen's operators; every one can be used by other teams' DAGs."""
