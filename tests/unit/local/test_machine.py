import os

from albumen.local.machine import cores, memory

PHYSICAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_there_is_a_processor():
    assert 1 <= cores() <= (os.cpu_count() or 1)


def test_memory_is_what_the_control_group_leaves(tmp_path):
    limit = tmp_path / "memory.max"
    limit.write_text("1048576\n")
    assert memory([limit]) == 1048576


def test_without_a_limit_memory_is_the_machines(tmp_path):
    unlimited, huge = tmp_path / "memory.max", tmp_path / "memory.limit_in_bytes"
    unlimited.write_text("max\n")
    huge.write_text("9223372036854771712\n")
    assert memory([unlimited, huge, tmp_path / "absent"]) == PHYSICAL
