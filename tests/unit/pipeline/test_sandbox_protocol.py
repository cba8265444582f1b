"""Whatever the child says, the parent sees a message or a ProtocolError."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from albumen.pipeline.contract import StepResult, StepSkip, StoredObject
from albumen.pipeline.sandbox_ending import describe_status, mentions_memory, summarise_log
from albumen.pipeline.sandbox_protocol import (
    HEAD_BYTES,
    HEADER,
    FrameBuffer,
    Loaded,
    ProtocolError,
    Ready,
    dump_outcome,
    load_outcome,
    pack_frame,
    parse_message,
    printable,
)
from albumen.pipeline.taxonomy import ItemFault, Reason

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def take(data: bytes) -> tuple[dict[str, Any], bytes] | None:
    frames = FrameBuffer()
    frames.feed(data)
    return frames.next()


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), plain), st.lists(st.binary(), max_size=3), st.integers(1, 50))
def test_a_frame_comes_back_however_the_stream_is_cut(head: dict[str, Any], blobs: list[bytes], cut: int) -> None:
    data = b"".join(pack_frame(head, blobs)) * 2
    frames = FrameBuffer()
    got = []
    for start in range(0, len(data), cut):
        frames.feed(data[start : start + cut])
        while (frame := frames.next()) is not None:
            got.append(frame)
    assert got == [(head, b"".join(blobs))] * 2


@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_wait_for_more(data: bytes) -> None:
    frames = FrameBuffer()
    frames.feed(data)
    try:
        frame = frames.next()
    except ProtocolError:
        return
    assert frame is None or isinstance(frame[0], dict)


@given(st.binary(max_size=200))
def test_a_random_head_is_refused(body: bytes) -> None:
    try:
        frame = take(HEADER.pack(len(body), 0) + body)
        assert frame is not None
        parse_message(frame[0])
    except ProtocolError:
        return


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(["type", "task", "slot", "verdict", "rows", "objects", "reason"]), plain))
def test_random_values_are_no_message_and_no_outcome(values: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        parse_message({**values, "type": "result"})
    with pytest.raises(ProtocolError):
        load_outcome({**values, "verdict": "fault", "reason": "no such reason"}, b"")


def test_a_frame_that_claims_too_much_is_refused_before_it_is_read() -> None:
    for header in (HEADER.pack(HEAD_BYTES + 1, 0), HEADER.pack(1, 2**62)):
        with pytest.raises(ProtocolError, match="a frame of"):
            take(header)


@pytest.mark.parametrize(
    "extension",
    [
        (1, b"yesterday"),
        (3, b"one"),
        (4, b"\x00"),
        (4, msgpack.packb(["O", [1], b"\x00" * 8])),
        (4, msgpack.packb(["<f4", [2**40], b"\x00" * 8])),
        (4, msgpack.packb(["<f4", [-1, -1], b"\x00" * 8])),
        (4, msgpack.packb(["<f4", 7, b""])),
        (9, b""),
    ],
)
def test_a_forged_value_is_refused(extension: tuple[int, bytes]) -> None:
    body = msgpack.packb({"x": msgpack.ExtType(*extension)})
    with pytest.raises(ProtocolError):
        take(HEADER.pack(len(body), 0) + body)


def test_deep_nesting_is_refused() -> None:
    body = b"\x81\xa1a" + b"\x91" * 100_000 + b"\xc0"
    with pytest.raises(ProtocolError):
        take(HEADER.pack(len(body), 0) + body)


def test_rows_beyond_the_limit_are_not_sent() -> None:
    with pytest.raises(ProtocolError, match="bytes of rows"):
        pack_frame({"rows": bytes(HEAD_BYTES)})


@pytest.mark.parametrize(
    "outcome",
    [
        StepResult(rows={"t": [{"a": 1}]}, objects=(StoredObject("x", "jpg", "image/jpeg", 3, 2, b"abc"),)),
        StepResult(),
        StepSkip(Reason.UNSUPPORTED, "why"),
    ],
)
def test_outcomes_survive_the_way(outcome: StepResult | StepSkip) -> None:
    values, blobs = dump_outcome(outcome)
    assert load_outcome(values, b"".join(blobs)) == outcome


def test_a_fault_keeps_its_reason_and_printable_words() -> None:
    values, _ = dump_outcome(ItemFault(Reason.UNREADABLE, "a\x00b\ud800" + "c" * 5000))
    fault = load_outcome(values, b"")
    assert isinstance(fault, ItemFault)
    assert fault.reason is Reason.UNREADABLE
    assert fault.detail.startswith("a b?c")
    assert len(fault.detail) == 2000


def test_blobs_that_do_not_add_up_are_refused() -> None:
    values, _ = dump_outcome(StepResult(objects=(StoredObject("x", "jpg", "image/jpeg", 3, 2, b"abc"),)))
    for blobs in (b"ab", b"abcd", b""):
        with pytest.raises(ProtocolError, match="do not add up"):
            load_outcome(values, blobs)


def test_messages_are_checked_strictly() -> None:
    assert parse_message({"type": "ready", "batch_sizes": {"a": 1}}) == Ready(batch_sizes={"a": 1})
    assert parse_message({"type": "loaded", "slot": 0}) == Loaded(slot=0)
    for wrong in (
        {"type": "ready", "batch_sizes": {"a": 0}},
        {"type": "loaded", "slot": "0"},
        {"type": "loaded", "slot": 0, "more": 1},
        {"type": "begin", "task": 1, "cpu_s": float("inf")},
        {"type": "run"},
        {},
    ):
        with pytest.raises(ProtocolError):
            parse_message(wrong)


def test_the_last_words_are_the_ones_around_a_fatal_error() -> None:
    log = "noise\n" * 20 + "libx: bad\n\nFatal Python error: Aborted\n\nCurrent thread:\n  File a\n  File b\n  File c\n"
    log += "Extension modules: numpy\n"
    assert summarise_log(log) == "noise | libx: bad | Fatal Python error: Aborted | Current thread: | File a | File b"
    assert summarise_log("a\nb") == "a | b"
    assert summarise_log("") == "none"


def test_statuses_and_words_are_understood() -> None:
    assert [describe_status(status) for status in (3, -6, -200, None)] == [
        "exit code 3",
        "SIGABRT",
        "signal 200",
        "exit status unknown",
    ]
    assert mentions_memory("what(): std::bad_alloc")
    assert not mentions_memory("SIGSEGV")
    assert printable("x\ty") == "x y"
