"""A small bubblewrap, for machines that have none: run a command in namespaces of its own.

Runs in the Python that runs multibuild, as ``X -I -S -B target_sandbox.py OPTION... -- COMMAND...``. The options are
those of bubblewrap that multibuild uses, with the same meaning; ``--ro-bind / /`` has to come first, because the view
is made in place. Linux 5.12 or newer. As bubblewrap does, it ends with 128 and the signal after a command that a signal
ended.
"""

import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
import sys

TYPE_CHECKING = False

LIBC = ctypes.CDLL(None, use_errno=True)

NAMESPACES = {
    "--unshare-user": 0x10000000,
    "--unshare-pid": 0x20000000,
    "--unshare-net": 0x40000000,
    "--unshare-ipc": 0x08000000,
    "--unshare-uts": 0x04000000,
}
NEW_MOUNTS = 0x00020000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 8, 4096, 16384, 1 << 18
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 24, 38
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, READ_ONLY = 442, -100, 0x8000, 1
CAPABILITIES = {"CAP_CHOWN": 0, "CAP_DAC_OVERRIDE": 1, "CAP_FOWNER": 3, "CAP_FSETID": 4}
LAST_CAPABILITY = 63
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
LINKS = {"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"}
TAKES = {"--ro-bind": 2, "--bind": 2, "--tmpfs": 1, "--proc": 1, "--dev": 1, "--remount-ro": 1}


def fail(what, error=None):
    # type: (str, OSError | None) -> None
    """End with a message in the words of the system."""
    sys.stderr.write("%s: %s\n" % (what, error.strerror if error else os.strerror(ctypes.get_errno())))
    sys.stderr.flush()
    os._exit(1)


def check(answer, what):
    # type: (int, str) -> None
    """End unless a system call has answered that all is well."""
    if answer != 0:
        fail(what)


def mount(source, target, kind, flags, data=None):
    # type: (str, str, str | None, int, str | None) -> None
    """Mount one thing; the arguments are those of the system call."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, data)]
    check(LIBC.mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]), "cannot mount %s" % target)


def set_attributes(path, flags, on, off):
    # type: (str, int, int, int) -> None
    """Set some attributes of a mount, and nothing else of it; see mount_setattr(2)."""
    attributes = struct.pack("QQQQ", on, off, 0, 0)
    answer = LIBC.syscall(MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), flags, attributes, len(attributes))
    check(answer, "cannot set the access to %s" % path)


def show(descriptor, target):
    # type: (int, str) -> None
    """Mount what ``descriptor`` was opened for at ``target``, which is made where it is not there."""
    source = "/proc/self/fd/%d" % descriptor
    if not os.path.lexists(target):
        is_folder = os.path.isdir(source)
        os.makedirs(target if is_folder else os.path.dirname(target), exist_ok=True)
        if not is_folder:
            os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    mount(source, target, None, MS_BIND | MS_REC)


def make_devices(target):
    # type: (str) -> None
    """Put a few harmless devices where all were."""
    devices = [(name, os.open(os.path.join("/dev", name), os.O_PATH)) for name in DEVICES]
    mount("tmpfs", target, "tmpfs", MS_NOSUID, "mode=0755")
    for name, descriptor in devices:
        show(descriptor, os.path.join(target, name))
        os.close(descriptor)
    for name, number in LINKS.items():
        os.symlink("/proc/self/fd" + number, os.path.join(target, name))
    os.makedirs(os.path.join(target, "pts"))
    mount("devpts", os.path.join(target, "pts"), "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620")
    os.symlink("pts/ptmx", os.path.join(target, "ptmx"))
    os.makedirs(os.path.join(target, "shm"))
    os.chmod(os.path.join(target, "shm"), 0o1777)  # noqa: S103 - as everywhere


def make_new(name, target):
    # type: (str, str) -> None
    """Take a step that shows nothing of the machine."""
    if name == "--tmpfs":
        mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755")
    elif name == "--proc":
        mount("proc", target, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    elif name == "--dev":
        make_devices(target)
    else:
        set_attributes(target, 0, READ_ONLY, 0)


def make_view(steps):
    # type: (list[tuple[str, list[str]]]) -> None
    """Make the file system what the options say, in their order; what is shown is opened before anything hides it."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    opened = {}
    for name, paths in steps:
        if name in ("--bind", "--ro-bind") and paths != ["/", "/"]:
            opened[paths[0]] = os.open(paths[0], os.O_PATH)
    for name, paths in steps:
        if paths == ["/", "/"]:
            set_attributes("/", AT_RECURSIVE, READ_ONLY, 0)
        elif name == "--ro-bind":
            show(opened[paths[0]], paths[1])
            set_attributes(paths[1], AT_RECURSIVE, READ_ONLY, 0)
        elif name == "--bind":
            show(opened[paths[0]], paths[1])
            set_attributes(paths[1], 0, 0, READ_ONLY)
        else:
            make_new(name, paths[0])
    for descriptor in opened.values():
        os.close(descriptor)


def raise_loopback():
    # type: () -> None
    """Let the machine reach itself, as it can everywhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stream:
        request = struct.pack("16sH14x", b"lo", 0x1 | 0x40)  # up, running
        fcntl.ioctl(stream, 0x8914, request)  # SIOCSIFFLAGS


def drop_powers(kept):
    # type: (list[str]) -> None
    """Give up for ever what is not kept: root gets no more at an exec, nobody else gets any."""
    keeping = {CAPABILITIES[name] for name in kept}
    for number in range(LAST_CAPABILITY):
        if number not in keeping and LIBC.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0:
            if ctypes.get_errno() == errno.EINVAL:  # there are no more
                break
            fail("cannot drop a capability")
    check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "cannot forbid new privileges")


def map_user(uid, gid):
    # type: (int, int) -> None
    """Be inside who one is outside, and nobody else."""
    for name, text in (("setgroups", "deny"), ("uid_map", "%d %d 1" % (uid, uid)), ("gid_map", "%d %d 1" % (gid, gid))):
        with open("/proc/self/%s" % name, "w") as stream:
            stream.write(text)


def ended(pid):
    # type: (int) -> int
    """Lay to rest whoever ends, until it is ``pid``; return its exit status."""
    while True:
        found, status = os.wait()
        if found == pid:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def die_with_parent():
    # type: () -> None
    """Let the kernel end this process when the one that started it has ended."""
    check(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "cannot be tied to the parent")


def run(argv, folder, kept):
    # type: (list[str], str, list[str]) -> None
    """Become the command."""
    try:
        drop_powers(kept)
        os.chdir(folder)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted
    except OSError as error:
        fail("cannot start %s" % argv[0], error)


def parse(arguments):
    # type: (list[str]) -> tuple[int, list[tuple[str, list[str]]], str, list[str], list[str]]
    """Return the namespaces, the steps of the view, the folder to run in, the capabilities to keep, and the command."""
    namespaces, steps, folder, kept = NEW_MOUNTS, [], "/", []  # type: int, list[tuple[str, list[str]]], str, list[str]
    rest = list(arguments)
    while rest:
        option = rest.pop(0)
        if option == "--":
            break
        if option in NAMESPACES:
            namespaces |= NAMESPACES[option]
        elif option in TAKES:
            steps.append((option, [rest.pop(0) for _ in range(TAKES[option])]))
        elif option == "--chdir":
            folder = rest.pop(0)
        elif option == "--cap-add":
            kept.append(rest.pop(0))
        elif option == "--cap-drop":
            rest.pop(0)  # all of them are, anyway
        elif option != "--die-with-parent":
            sys.exit("unknown option %s" % option)
    return namespaces, steps, folder, kept, rest


def main():
    # type: () -> None
    """Make the namespaces, and be the first process of them until the command has ended."""
    namespaces, steps, folder, kept, argv = parse(sys.argv[1:])
    uid, gid = os.getuid(), os.getgid()
    die_with_parent()
    check(LIBC.unshare(namespaces), "cannot make namespaces")
    if namespaces & NAMESPACES["--unshare-user"]:
        map_user(uid, gid)
    first = os.fork()
    if first:
        os._exit(ended(first))
    die_with_parent()
    make_view(steps)
    raise_loopback()
    command = os.fork()
    if not command:
        run(argv, folder, kept)
    os._exit(ended(command))


try:
    main()
except OSError as problem:
    fail(problem.filename or "cannot make a sandbox", problem)
