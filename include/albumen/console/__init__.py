"""The pages inside Airflow's UI: one application, rendered on the server, mounted by `plugins/albumen_plugin.py`."""
