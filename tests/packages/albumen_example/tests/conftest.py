"""A real catalog, bucket and library: see `albumen.testing`."""

pytest_plugins = ["albumen.testing.fixtures"]
