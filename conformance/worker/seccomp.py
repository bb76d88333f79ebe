"""A filter of system calls for a worker (Linux's seccomp): what a framework that computes never needs is refused.

The kernel refuses with EPERM, so that a library which only tries gets an error and goes on. Needs no privilege, holds
for everything that the process starts, and can't be taken back. Standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
from typing import List, Tuple

# name -> (number on x86_64, number on aarch64); -1 where there is none. From 424 on they are the same everywhere.
_SOCKET = (41, 198)
_AF_UNIX = 1
_NETWORK = {
    # It can open sockets and files beside the filter.
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}
# A driver of a device wants a local socket with a name, and does without anybody at its other end.
_BIND = (49, 200)
_REACHING = {
    "connect": (42, 203),
    "sendmsg": (46, 211),
    "sendmmsg": (307, 269),
}
_SENDTO = (44, 206)
_OTHER_PROCESSES = {
    "tkill": (200, 130),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    "ioprio_set": (251, 30),
    # Out of its process group it would outlive what the coordinator kills.
    "setsid": (112, 157),
    "setpgid": (109, 154),
    # Shared memory and queues that outlive the process and that others can attach to; and those of others, which are
    # named by a number that can be guessed.
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "semctl": (66, 191),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
}
# Landlock lets these watch what it lets nobody read: the names of what is opened and made in any folder.
_WATCHING = {
    "inotify_init": (253, -1),
    "inotify_init1": (294, 26),
    "inotify_add_watch": (254, 27),
    "fanotify_init": (300, 262),
}
# Landlock says nothing about these; they change files that need not be open.
_FILES = {
    "chmod": (90, -1),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, -1),
    "lchown": (94, -1),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "utime": (132, -1),
    "utimes": (235, -1),
    "futimesat": (261, -1),
    "utimensat": (280, 88),
    "truncate": (76, 45),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "mknod": (133, -1),
    "mknodat": (259, 33),
}
_SYSTEM = {
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "syslog": (103, 116),
}
_PROGRAMS = {
    "fork": (57, -1),
    "vfork": (58, -1),
    "execve": (59, 221),
    "execveat": (322, 281),
}
# Calls whose first argument is a process: allowed for this one.
_OWN = {"kill": (62, 129), "tgkill": (234, 131), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240)}
# Calls whose first argument is a process, or 0 for this one or this thread.
_OWN_OR_ZERO = {
    "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122),
    "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118),
    "sched_setattr": (314, 274),
}
# Calls of which some commands are refused, by argument: signals sent on behalf of a descriptor, leases (for whose end
# everybody else waits who opens the file, 45 s each), notices of what happens in a folder, and typing into a terminal.
_COMMANDS = {
    # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY, F_SETDELEG
    "fcntl": ((72, 25), 1, (8, 10, 15, 1024, 1026, 1040)),
    "ioctl": ((16, 29), 1, (0x5412, 0x541C, 0x8901, 0x8902)),  # TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP
    "setpriority": ((141, 140), 0, (1, 2)),  # PRIO_PGRP, PRIO_USER
    "prctl": ((157, 167), 0, (1,)),  # PR_SET_PDEATHSIG: it is set already
}
_SETPRIORITY = (141, 140)
# From here on calls are not known to this file (Linux 6.13 and later): what asks for one gets the answer of an older
# kernel, and does without.
_UNKNOWN = 463
_CLONE, _CLONE3 = (56, 220), (435, 435)
_CLONE_THREAD = 0x00010000
# CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_CLONE_NEW = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

# Of the arguments of `sendto`, the fifth is where to.
_ADDRESS = 4
_LOAD, _EQUAL, _ANY_BIT, _AT_LEAST, _RETURN = 0x20, 0x15, 0x45, 0x35, 0x06
_NUMBER, _ARCHITECTURE = 0, 4
_ALLOW = 0x7FFF0000
_KILL = 0x80000000

Instruction = Tuple[int, int, int, int]


def _refuse(error: int = errno.EPERM) -> Instruction:
    return _RETURN, 0, 0, 0x00050000 | error


def _argument(index: int, half: int = 0) -> Instruction:
    """Load half of an argument: the lower, which is where an int is (both architectures are little-endian)."""
    return _LOAD, 0, 0, 16 + 8 * index + 4 * half


def program(machine: str, pid: int, programs: bool, device: bool) -> List[Instruction]:
    """The filter's instructions. `programs`: whether other programs may be started. `device`: whether the driver of
    a device is used.

    KeyError where the architecture is not known.
    """
    column, architecture = _ARCHITECTURES[machine]
    code: List[Instruction] = [(_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL)]
    code.append((_LOAD, 0, 0, _NUMBER))
    if machine == "x86_64":
        # The x32 calls, which have numbers of their own.
        code += [(_AT_LEAST, 0, 1, 0x40000000), _refuse(errno.ENOSYS)]
    code += [(_AT_LEAST, 0, 1, _UNKNOWN), _refuse(errno.ENOSYS)]

    def on(number: int, body: List[Instruction]) -> None:
        if number >= 0:
            code.append((_EQUAL, 0, len(body), number))
            code.extend(body)

    allow: Instruction = (_RETURN, 0, 0, _ALLOW)
    refused = [_NETWORK, _REACHING, _OTHER_PROCESSES, _WATCHING, _FILES, _SYSTEM] + ([] if programs else [_PROGRAMS])
    for table in refused:
        for numbers in table.values():
            on(numbers[column], [_refuse()])
    on(_SOCKET[column], [_argument(0), (_EQUAL, 0, 1, _AF_UNIX), allow, _refuse()] if device else [_refuse()])
    if not device:
        on(_BIND[column], [_refuse()])
    # Between two ends of one's own there is no address.
    nowhere = [_argument(_ADDRESS), (_EQUAL, 0, 3, 0), _argument(_ADDRESS, 1), (_EQUAL, 0, 1, 0), allow, _refuse()]
    on(_SENDTO[column], nowhere)
    for numbers in _OWN.values():
        on(numbers[column], [_argument(0), (_EQUAL, 0, 1, pid), allow, _refuse()])
    for numbers in _OWN_OR_ZERO.values():
        on(numbers[column], [_argument(0), (_EQUAL, 1, 0, 0), (_EQUAL, 0, 1, pid), allow, _refuse()])
    for numbers, index, commands in _COMMANDS.values():
        body = [_argument(index)]
        for command in commands:
            body += [(_EQUAL, 0, 1, command), _refuse()]
        if numbers == _SETPRIORITY:
            body += [_argument(1), (_EQUAL, 1, 0, 0), _refuse()]
        on(numbers[column], [*body, allow])
    # Its flags lie in memory, where a filter can't look: the C library falls back to `clone`.
    on(_CLONE3[column], [_refuse(errno.ENOSYS)])
    flags = [_argument(0), (_ANY_BIT, 0, 1, _CLONE_NEW), _refuse()]
    if not programs:
        flags += [(_ANY_BIT, 1, 0, _CLONE_THREAD), _refuse()]
    on(_CLONE[column], [*flags, allow])
    return [*code, allow]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]


def filter_calls(libc: ctypes.CDLL, programs: bool, device: bool) -> str:
    """Install the filter; "" where it holds, else why not. The process must have one thread and no new privileges."""
    machine = os.uname().machine
    if machine not in _ARCHITECTURES or sys.byteorder != "little" or ctypes.sizeof(ctypes.c_void_p) != 8:
        return "there is no filter for %s" % machine
    code = program(machine, os.getpid(), programs, device)
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
    described = _Program(len(code), packed)
    if libc.prctl(22, 2, ctypes.byref(described), 0, 0) != 0:  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
        return "the kernel refuses a filter: %s" % os.strerror(ctypes.get_errno())
    return ""
