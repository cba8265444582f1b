"""Albumen's triggers; every one can be used by other teams' DAGs."""
