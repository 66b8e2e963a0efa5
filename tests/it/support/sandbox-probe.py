#!/usr/bin/python3
"""Run in place of goen in goen.service: tries what the sandbox should allow and refuse.

Prints one line a question: `question: answer`. unit-life.sh runs it; docs/hardening.md has its answers.
"""
import ctypes
import errno
import os
import platform
import socket
import stat
import struct
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
home = os.path.expanduser("~")
runtime = os.environ["XDG_RUNTIME_DIR"]


def said(action):
    try:
        value = action()
        return "possible" if value is None else value
    except OSError as error:
        return "refused " + errno.errorcode.get(error.errno, str(error.errno))


def call(name, *arguments):
    """A system call in a child, so that it changes nothing here and a filter that kills does not kill us."""
    def inner():
        child = os.fork()
        if child == 0:
            result = getattr(libc, name)(*arguments)
            os._exit(0 if result != -1 else ctypes.get_errno())
        _, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status):
            return f"killed by signal {os.WTERMSIG(status)}"
        code = os.WEXITSTATUS(status)
        if code:
            raise OSError(code, "")
    return inner


def write(folder):
    def inner():
        path = os.path.join(folder, f".goen-probe-{os.getpid()}")
        with open(path, "w"):
            pass
        os.unlink(path)
    return inner


def read(path):
    def inner():
        with open(path, "rb") as file:
            file.read(1)
    return inner


def set_user_id():
    path = os.path.join(home, ".local/state/goen/.probe-suid")
    try:
        with open(path, "w"):
            pass
        os.chmod(path, 0o4755)
        return None if os.stat(path).st_mode & stat.S_ISUID else "dropped"
    finally:
        if os.path.exists(path):
            os.unlink(path)


def connect(path):
    def inner():
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(path)
    return inner


def status(field):
    with open("/proc/self/status") as file:
        return next(line.split(":", 1)[1].strip() for line in file if line.startswith(field + ":"))


def writable_and_executable():
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    if libc.mmap(None, 4096, 7, 0x22, -1, 0) in (None, 2**64 - 1):
        raise OSError(ctypes.get_errno(), "")


CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
with open("/proc/self/uid_map") as file:
    uid_map = file.read().split()

QUESTIONS = {
    "write to its state folder": write(home + "/.local/state/goen"),
    "write to its runtime folder": write(runtime + "/goen"),
    "read its settings": read(home + "/.config/goen/config.toml"),
    "connect to the session bus": connect(runtime + "/bus"),
    "open an IPv4 socket": lambda: socket.socket(socket.AF_INET).close(),
    "open an IPv6 socket": lambda: socket.socket(socket.AF_INET6).close(),
    "read the certificates": read("/etc/ssl/certs/ca-certificates.crt"),
    "start a program": lambda: subprocess.run(["true"], check=True) and None,
    "write to the home folder": write(home),
    "write to its settings": write(home + "/.config/goen"),
    "write to another state folder": write(home + "/.local/state"),
    "write to the runtime folder of the session": write(runtime),
    "read ~/.ssh": lambda: os.listdir(home + "/.ssh") and None,
    "see the files of others in /tmp": lambda: None if os.path.exists("/tmp/goen-outside") else "refused ENOENT",
    "write to /dev/shm": write("/dev/shm"),
    "write to /etc": write("/etc"),
    "open a device (/dev/fuse)": lambda: os.close(os.open("/dev/fuse", os.O_RDONLY)),
    "open the kernel's log": lambda: os.close(os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)),
    "see processes of others": lambda: None if os.path.exists("/proc/1") else "refused ENOENT",
    "make a user namespace": call("unshare", CLONE_NEWUSER),
    "make a network namespace": call("unshare", CLONE_NEWNET),
    "mount": call("mount", b"none", b"/mnt", b"tmpfs", 0, None),
    "open a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
    "open a packet socket": lambda: socket.socket(17, socket.SOCK_DGRAM).close(),
    "open a vsock socket": lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close(),
    "map memory writable and executable": writable_and_executable,
    "change the personality": call("personality", 0x0020000),
    "run in real time": call("sched_setscheduler", 0, 1, struct.pack("i", 1)),
    "make a file set-user-id": set_user_id,
    "trace a process": call("ptrace", 0, 0, 0, 0),
    "set the host's name": call("sethostname", b"x", 1),
    "set the clock": call("syscall", {"x86_64": 227}.get(platform.machine(), 112), 0, struct.pack("ll", 0, -1)),
    "read the kernel's log by syslog(2)": call("klogctl", 3, ctypes.create_string_buffer(16), 16),
    "load a module": call("syscall", {"x86_64": 313}.get(platform.machine(), 273), -1, b"", 0),
}
for name, question in QUESTIONS.items():
    print(f"{name}: {said(question)}")
print("no new privileges:", status("NoNewPrivs"))
print("system call filter:", status("Seccomp"))
print("capabilities within reach:", status("CapBnd"))
print("user namespace of its own:", "no" if uid_map[2] == "4294967295" else "yes")
print("umask: %04o" % os.umask(0o77))
