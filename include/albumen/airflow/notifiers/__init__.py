"""Telling people: alerts, which need somebody now, apart from notices, which can be read tomorrow."""
