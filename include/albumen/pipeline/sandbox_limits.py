"""What the sandbox's child takes away from itself before it sees a byte of anybody's file.

Standard library only: this runs before anything heavy is imported. What a platform does not have
(no Linux, an old kernel, another processor) is left out; the parent's time limit always holds.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import struct
import sys
from collections.abc import Iterable

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_OOM_SCORE_RAISE = 500
_NICE = 5

# Linux system call numbers: (x86_64, aarch64).
_SYSCALLS = {
    "socket": (41, 198),
    "io_uring_setup": (425, 425),
    "setsid": (112, 157),
    "setpgid": (109, 154),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "pidfd_getfd": (438, 438),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "keyctl": (250, 219),
    "execve": (59, 221),
    "execveat": (322, 281),
    "pidfd_send_signal": (424, 424),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
}
_OWN_PROCESS_ONLY = {"kill": (62, 129), "tgkill": (234, 131)}
_PROGRAM_SYSCALLS = ("execve", "execveat", "pidfd_send_signal", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")

# machine: (column of the tables, audit architecture, number of the seccomp call)
_MACHINES = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}

_LOAD, _JUMP_EQUAL, _JUMP_GREATER_EQUAL, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EPERM
_X32_BIT = 0x40000000
_OFFSET_NUMBER, _OFFSET_ARCHITECTURE, _OFFSET_FIRST_ARGUMENT = 0, 4, 16
_SET_MODE_FILTER, _ALL_THREADS = 1, 1


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine(parent_pid: int, memory_bytes: int, file_bytes: int) -> None:
    """Bind the calling process to its parent and limit what it may use.

    Parameters
    ----------
    parent_pid : int
        The process whose death is ours.
    memory_bytes, file_bytes : int
        RLIMIT_AS and RLIMIT_FSIZE.

    Raises
    ------
    SystemExit
        When the parent is gone already.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        raise SystemExit("the parent is gone")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # After these two, before PR_SET_DUMPABLE hands /proc/self to root.
    with contextlib.suppress(OSError):
        _raise_oom_score()
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    # A core of a process full of somebody's photos goes nowhere; RLIMIT_CORE does not hold for piped cores.
    _prctl(_PR_SET_DUMPABLE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory_bytes)
    _limit(resource.RLIMIT_FSIZE, file_bytes)


def limit_cpu(used_s: float, allowed_s: float) -> None:
    """Let the kernel end the process (SIGXCPU) after so much more processor time on every core."""
    seconds = int(used_s + allowed_s * (os.cpu_count() or 1)) + 2
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    if hard != resource.RLIM_INFINITY:
        seconds = min(seconds, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, hard))


def deny_network() -> bool:
    """Make sockets, leaving the process group and looking into other processes fail with EPERM, for good.

    Returns
    -------
    bool
        Whether the kernel took the filter.
    """
    return _install(_SYSCALLS.keys() - set(_PROGRAM_SYSCALLS), own_process_only=False)


def deny_programs() -> bool:
    """Make starting programs and signalling other processes fail with EPERM, for good.

    Returns
    -------
    bool
        Whether the kernel took the filter.
    """
    return _install(_PROGRAM_SYSCALLS, own_process_only=True)


def _install(names: Iterable[str], *, own_process_only: bool) -> bool:
    machine = _MACHINES.get(os.uname().machine)
    if sys.platform != "linux" or machine is None or sys.maxsize < 2**32:
        return False
    column, architecture, seccomp = machine
    program = _filter(
        architecture,
        [_SYSCALLS[name][column] for name in sorted(names)],
        [numbers[column] for numbers in _OWN_PROCESS_ONLY.values()] if own_process_only else [],
        os.getpid(),
    )
    libc = ctypes.CDLL(None, use_errno=True)
    header = _Program(len(program) // 8, program)
    arguments = (ctypes.c_long(seccomp), ctypes.c_uint(_SET_MODE_FILTER), ctypes.c_uint(_ALL_THREADS))
    return bool(libc.syscall(*arguments, ctypes.byref(header)) == 0)


def _filter(architecture: int, denied: Iterable[int], own_process: Iterable[int], pid: int) -> bytes:
    """A classic BPF program: every foreign calling convention and the denied calls fail, the rest passes."""

    def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("=HBBI", code, if_true, if_false, value)

    program = [
        instruction(_LOAD, _OFFSET_ARCHITECTURE),
        instruction(_JUMP_EQUAL, architecture, if_true=1),
        instruction(_RETURN, _DENY),
        instruction(_LOAD, _OFFSET_NUMBER),
        instruction(_JUMP_GREATER_EQUAL, _X32_BIT, if_false=1),
        instruction(_RETURN, _DENY),
    ]
    for number in denied:
        program += [instruction(_JUMP_EQUAL, number, if_false=1), instruction(_RETURN, _DENY)]
    for number in own_process:
        program += [
            instruction(_JUMP_EQUAL, number, if_false=4),
            instruction(_LOAD, _OFFSET_FIRST_ARGUMENT),
            instruction(_JUMP_EQUAL, pid, if_false=1),
            instruction(_RETURN, _ALLOW),
            instruction(_RETURN, _DENY),
        ]
    program.append(instruction(_RETURN, _ALLOW))
    return b"".join(program)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _limit(which: int, value: int) -> None:
    hard = resource.getrlimit(which)[1]
    limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(which, (limit, limit))


def _raise_oom_score() -> None:
    with open("/proc/self/oom_score_adj", "r+") as file:
        score = min(1000, int(file.read()) + _OOM_SCORE_RAISE)
        file.seek(0)
        file.write(str(score))
