"""Packages of others: each is installed and tested by a test of ours, not collected with our own."""

collect_ignore_glob = ["*"]
