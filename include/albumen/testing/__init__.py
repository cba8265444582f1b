"""pytest fixtures for us and for other teams: a catalog, a bucket, a library.

`pip install albumen[testing]`, and in a `conftest.py`:

    pytest_plugins = ["albumen.testing.fixtures"]

Then a test asks for `library` and has one over a real PostgreSQL and a real S3 server:

    def test_every_photo_is_done(library: TestLibrary) -> None:
        library.put("one.jpg", a_photo("one"))
        library.discover()
        library.work()
        assert {record["state"] for record in library.records().values()} == {"done"}

`work` does what tasks do, steps of installed packages included, without Airflow. The servers start
once a session, on loopback; each test has a catalog and a bucket of its own.
"""
