#!/bin/sh
# Runs once, on an empty data volume: one role and one database each for Airflow and the catalog.
set -eu

create() { # create NAME: a role NAME that owns a database NAME; its password is the secret NAME_db_password
    psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
        --set name="$1" --set password="$(cat "/run/secrets/$1_db_password")" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
SQL
}

create airflow
create albumen
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname albumen --command "CREATE EXTENSION vector"
