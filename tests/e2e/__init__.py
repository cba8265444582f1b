"""Tests of the whole stack: one package, so that its stack ends with the last of them."""
