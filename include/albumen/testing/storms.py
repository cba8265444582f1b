"""The same files worked off in peace and in a storm: they must end alike."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from albumen.testing.final_state import FinalState, final_state
from albumen.testing.photos import a_photo
from albumen.testing.scene import Scene

SETTLED_S = 1500.0


def mixed_files(photos: int) -> dict[str, bytes]:
    """Photos, copies, files that cannot be read and files that are no photos, by key; always the same."""
    made = {f"{n % 9}/{n:04}.jpg": a_photo(f"storm {n}", taken=f"20{n % 20:02}:05:06 07:08:09") for n in range(photos)}
    some = sorted(made)
    made |= {f"copies/{n:02}.jpg": made[some[n]] for n in range(photos // 25)}
    made |= {f"bad/{n:02}.jpg": made[some[-n - 1]][: 3000 + n] for n in range(photos // 25)}
    return made | {f"notes/{n}.txt": f"note {n}".encode() for n in range(5)}


def settle(scene: Scene, files: Mapping[str, bytes], storm: Callable[[], None]) -> FinalState:
    """Upload, let the storm rage while there is work, wait for calm, look."""
    with ThreadPoolExecutor(8) as pool:
        for uploaded in [pool.submit(scene.upload, key, data) for key, data in files.items()]:
            uploaded.result()
    began = time.monotonic()
    failures: list[BaseException] = []

    def rage() -> None:
        try:
            storm()
        except BaseException as error:
            failures.append(error)

    weather = threading.Thread(target=rage, daemon=True)
    weather.start()
    while time.monotonic() - began < SETTLED_S and not failures:
        time.sleep(2)
        with contextlib.suppress(SystemExit):  # the catalog may be away
            if scene.settled(len(files)) and scene.organised() and not weather.is_alive():
                break
    weather.join(60)
    assert not weather.is_alive()  # noqa: S101
    if failures:
        raise failures[0]
    assert scene.settled(len(files)), "work is left"  # noqa: S101
    seconds = time.monotonic() - began
    with scene.session.connect() as connection:
        found = final_state(connection, scene.library, scene.session.store, scene.session.settings.library_bucket)
    print(f"\n{scene.name}: {len(files)} files ended in {seconds:.0f} s")
    return found


def compare(found: FinalState, calm: FinalState) -> None:
    """The same in every row and byte, nothing twice, and nobody blamed: attempts are among the outcomes."""
    differing = [
        (key, name, told, calm.records[key][name])
        for key, record in found.records.items()
        if key in calm.records
        for name, told in record.items()
        if told != calm.records[key][name]
    ]
    assert found.outcomes == calm.outcomes  # noqa: S101
    assert found.records.keys() == calm.records.keys()  # noqa: S101
    assert differing == []  # noqa: S101
    assert found.rows == calm.rows  # noqa: S101
    assert found.objects == calm.objects  # noqa: S101
    assert found.doubled == []  # noqa: S101
