"""The embedded stack: PostgreSQL, SeaweedFS and the Airflow processes of one machine, all on loopback."""
