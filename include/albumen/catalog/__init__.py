"""The catalog: what Albumen knows, in PostgreSQL. Models, migrations, and one module per question asked of it."""
