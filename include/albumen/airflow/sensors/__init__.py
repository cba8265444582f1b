"""Albumen's sensors; every one can be used by other teams' DAGs."""
