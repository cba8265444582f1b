"""pytest fixtures for us and for other teams: a catalog, a bucket, a library.

Use them with `pytest_plugins = ["albumen.testing.fixtures"]` in a `conftest.py`.
"""
