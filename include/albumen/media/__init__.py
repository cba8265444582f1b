"""Bytes in, facts and renditions out."""
