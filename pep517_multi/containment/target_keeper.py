"""Run one command, and end whatever it started when it has ended: children that made a session of their own, too.

Runs in the Python that runs multibuild, as ``X -I -S -B target_keeper.py CONTROL STATUS JOB``; the three are numbers of
descriptors:

- CONTROL is read. Its end means that the command is to be ended now, be it because multibuild wants that or because
  multibuild itself is gone.
- STATUS is written, in lines: ``started PID``, or ``failed ERRNO`` where the command could not be started; at the end
  ``ended WAITSTATUS LEFT``, where LEFT is how many processes were found to be still there and were ended.
- JOB is a file with parts that end with a zero byte: the folder, the number of arguments, the arguments, and
  ``NAME=VALUE`` for each variable.

The kernel gives orphans to the nearest ancestor that asked for them (``PR_SET_CHILD_SUBREAPER``), so that nobody gets
away by forking twice. Where the kernel knows no such thing, the session of the command is ended, but what left it is
not.
"""

import os
import select
import sys
import time

try:  # the modules around it, and contextlib, take as long to import as everything else here
    import _signal as signal  # type: ignore[import-not-found]
except ImportError:  # not CPython
    import signal

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 10  # seconds; for what cannot be ended, such as processes of another user
_PAUSE = 0.001
_MOMENT = 0.02  # seconds; for what is about to end with the command, and is no news


def become_subreaper():
    # type: () -> None
    """Ask the kernel for the orphans of all descendants."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError):  # not Linux
        pass


def read_job(descriptor):
    # type: (int) -> tuple[bytes, list[bytes], dict[bytes, bytes]]
    """Return folder, arguments and environment."""
    with os.fdopen(descriptor, "rb") as stream:
        stream.seek(0)
        parts = stream.read().split(b"\0")[:-1]
    count = 2 + int(parts[1])
    environ = dict(part.split(b"=", 1) for part in parts[count:])
    return parts[0], parts[2:count], environ


def start(descriptor, status):
    # type: (int, int) -> int
    """Start the command in a session of its own, and return its process; ends this one where it cannot be started."""
    cwd, argv, environ = read_job(descriptor)
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and that would be inherited
                signal.signal(number, signal.SIG_DFL)
            os.chdir(cwd)
            os.execvpe(argv[0], argv, environ)  # noqa: S606 - no shell is wanted
        except OSError as error:
            os.write(writing, b"%d" % (error.errno or 0))
        finally:
            os._exit(127)
    os.close(writing)
    problem = os.read(reading, 16)
    if problem:
        os.write(status, b"failed %s\n" % problem)
        os._exit(0)
    os.close(reading)
    os.write(status, b"started %d\n" % pid)
    return pid


def wait(leader, control):
    # type: (int, int) -> int | None
    """Wait until ``leader`` has ended, and return its status; ``None`` where ``control`` says that it is to be ended.

    Orphans that end meanwhile are laid to rest.
    """
    waking, wakened = os.pipe()
    os.set_blocking(wakened, False)
    os.set_blocking(waking, False)
    signal.set_wakeup_fd(wakened, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    poll = select.poll()
    poll.register(waking, select.POLLIN)
    poll.register(control, select.POLLIN)
    while True:
        status = reap(leader)
        if status is not None:
            return status
        if any(descriptor == control for descriptor, _ in poll.poll()):
            return None
        try:
            os.read(waking, 4096)
        except BlockingIOError:
            pass


def reap(leader):
    # type: (int) -> int | None
    """Lay to rest what has ended; the status of ``leader`` where it is among that."""
    found = None
    try:
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            if pid == leader:
                found = status
    except ChildProcessError:
        pass
    return found


def children():
    # type: () -> list[int]
    """Return the children that are there, ended or not."""
    own = os.getpid()
    try:
        with open("/proc/self/task/%d/children" % own) as stream:
            return [int(text) for text in stream.read().split()]
    except OSError:  # a kernel that was built without it
        names = filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else [])
        return [int(name) for name in names if parent(name) == own]


def parent(name):
    # type: (str) -> int | None
    """Return the parent of a process, ``None`` where it is gone."""
    try:
        with open("/proc/%s/stat" % name, errors="replace") as stream:
            return int(stream.read().rpartition(")")[2].split()[1])
    except OSError:
        return None


def end(pid):
    # type: (int) -> None
    """End ``pid``, and all that is in its group, at one stroke."""
    try:
        group = os.getpgid(pid)
        if group != os.getpgrp():
            os.killpg(group, signal.SIGKILL)
    except OSError:
        pass
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass


def end_all(leader):
    # type: (int) -> tuple[int | None, int]
    """End everything that is left; return the status of ``leader`` if it was among that, and how many others were.

    The children of one that ends become children of this process, so that after some rounds nobody is left.
    """
    status, others = None, set()  # type: int | None, set[int]
    moment = time.monotonic() + _MOMENT
    while children() and time.monotonic() < moment:
        ended = reap(leader)
        status = status if ended is None else ended
        time.sleep(_PAUSE)
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        ended = reap(leader)
        status = status if ended is None else ended
        found = children()
        if not found:
            break
        others.update(pid for pid in found if pid != leader)
        for pid in found:
            end(pid)
        time.sleep(_PAUSE)
    return status, len(others)


def main():
    # type: () -> None
    """Run the command, and report."""
    control, status, job = (int(text) for text in sys.argv[1:4])
    for descriptor in (control, status, job):
        os.set_inheritable(descriptor, False)  # noqa: FBT003 - its only form
    become_subreaper()
    leader = start(job, status)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # else what reads the output would wait for this process
        os.dup2(nothing, descriptor)
    how = wait(leader, control)
    late, left = end_all(leader)
    how = late if how is None else how
    os.write(status, b"ended %d %d\n" % (9 if how is None else how, left))
    os._exit(0)


main()
