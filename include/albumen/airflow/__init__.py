"""All that touches Airflow: assets, hooks, operators, triggers, policies."""
