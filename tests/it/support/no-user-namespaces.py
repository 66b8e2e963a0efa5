#!/usr/bin/python3
"""no-user-namespaces.py COMMAND...: runs COMMAND on a system that forbids user namespaces.

A seccomp filter refuses unshare(2) and clone(2) with CLONE_NEWUSER, as a kernel with
`user.max_user_namespaces=0` would; clone3(2), whose flags a filter cannot read, "does not exist".
"""
import ctypes
import os
import platform
import struct
import sys

ARCH, UNSHARE, CLONE, CLONE3 = {
    "x86_64": (0xC000003E, 272, 56, 435),
    "aarch64": (0xC00000B7, 97, 220, 435),
}[platform.machine()]
CLONE_NEWUSER, EPERM, ENOSYS = 0x10000000, 1, 38
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000

PROGRAM = [
    (LOAD, 0, 0, 4),  # the architecture
    (EQUAL, 0, 7, ARCH),
    (LOAD, 0, 0, 0),  # the call
    (EQUAL, 4, 0, CLONE3),
    (EQUAL, 1, 0, UNSHARE),
    (EQUAL, 0, 3, CLONE),
    (LOAD, 0, 0, 16),  # its first argument
    (ANY_BIT, 2, 1, CLONE_NEWUSER),
    (RETURN, 0, 0, ERRNO | ENOSYS),
    (RETURN, 0, 0, ALLOW),
    (RETURN, 0, 0, ERRNO | EPERM),
]
code = b"".join(struct.pack("HBBI", *instruction) for instruction in PROGRAM)
buffer = ctypes.create_string_buffer(code)
program = struct.pack("HP", len(PROGRAM), ctypes.addressof(buffer))
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0):
    sys.exit(f"no filter: {os.strerror(ctypes.get_errno())}")
os.execvp(sys.argv[1], sys.argv[1:])
