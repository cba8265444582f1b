"""Albumen: Apache Airflow DAGs that turn a bucket of photos and videos into a library worth reliving."""

__version__ = "0.1.0"
