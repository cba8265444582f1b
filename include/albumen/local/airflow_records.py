"""What Airflow remembers of runs long gone: rows, dropped by its own command where the metadata database is reachable,
and the files of their logs.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from albumen.local.processes import StackError

CLEANED_TABLES = (
    "asset_event",
    "callback",
    "dag_run",
    "dag_version",
    "import_error",
    "job",
    "log",
    "revoked_token",
    "task_instance",
    "task_instance_history",
    "task_reschedule",
    "task_state_store",
    "xcom",
)
"""Without `trigger`, whose old rows are the watchers that wake our DAGs, and without `dag`."""
DATABASE = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
"""With `_CMD` or `_SECRET` behind it where the URL is not in the environment itself."""
LONGEST_S = 1800


def reachable() -> bool:
    """Whether the environment says where an Airflow has its metadata, as on a cluster."""
    return any(name.startswith(DATABASE) for name in os.environ)


def clean(
    before: datetime, *, dry_run: bool, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> str:
    """Delete records that are older than a time; return what Airflow says of it.

    Parameters
    ----------
    environment : mapping of str to str, optional
        What is set besides our own environment.
    folder : Path, optional
        Where the command runs; by default here.

    Raises
    ------
    StackError
        When Airflow's own command fails; the message holds the end of what it said.
    """
    command = [sys.executable, "-m", "airflow", "db", "clean", "--clean-before-timestamp", before.isoformat()]
    command += ["--tables", ",".join(CLEANED_TABLES), "--skip-archive", "--yes", *(["--dry-run"] * dry_run)]
    outcome = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LONGEST_S,
    )
    said = outcome.stdout.decode(errors="replace")
    if outcome.returncode != 0:
        raise StackError(f"`airflow db clean` failed:\n{said[-2000:]}")
    return said


def log_folder() -> Path:
    """Where the environment's Airflow keeps the logs of tasks, if it keeps them as files."""
    home = os.environ.get("AIRFLOW_HOME", str(Path.home() / "airflow"))
    return Path(os.environ.get("AIRFLOW__LOGGING__BASE_LOG_FOLDER", f"{home}/logs"))


def drop_logs(folder: Path, before: datetime, *, dry_run: bool) -> tuple[int, int]:
    """Delete the files below a folder that nobody wrote to since a time, and the folders that are empty then.

    Returns
    -------
    tuple of int
        How many files, and their bytes.
    """
    files = size = 0
    # What a folder's time was is asked first: it changes with what is taken out of it.
    walked = [(Path(parent), names, _is_old(Path(parent), before)) for parent, _, names in os.walk(folder)]
    for parent, names, is_old in reversed(walked):
        for path in (parent / name for name in names):
            # Somebody else may be tidying up, too.
            with contextlib.suppress(FileNotFoundError):
                if _is_old(path, before):
                    files, size = files + 1, size + path.lstat().st_size
                    if not dry_run:
                        path.unlink()
        if is_old and parent != folder and not dry_run:
            with contextlib.suppress(OSError):  # not empty
                parent.rmdir()
    return files, size


def _is_old(path: Path, before: datetime) -> bool:
    """Whether it is there and was last written to before a time."""
    try:
        return path.lstat().st_mtime < before.timestamp()
    except FileNotFoundError:
        return False
