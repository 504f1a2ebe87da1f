"""Each function below is one way in which a backend can go wrong, chosen by the config setting ``nasty``."""

import os
import shutil
import signal
import sys
import time

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_LONG = 300


def _good(folder, name="nasty-backend", version="1.0"):
    return write_wheel(folder, name, version, files_below(os.path.join(_HERE, "src")))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    settings = config_settings or {}
    nasty = settings.get("nasty")
    if nasty is None or nasty.startswith("requires_"):
        return _good(wheel_directory)
    return globals()[nasty](wheel_directory, settings.get("victim"))


def get_requires_for_build_wheel(config_settings=None):
    nasty = (config_settings or {}).get("nasty", "")
    return globals()[nasty]() if nasty.startswith("requires_") else []


# What is asked for


def requires_number():
    return 1


def requires_numbers():
    return [1]


def requires_nonsense():
    return ["what is this?"]


def requires_option():
    return ["--index-url=https://elsewhere.example"]


def requires_second_line():
    return ["flit_core\n--index-url=https://elsewhere.example"]


# What is answered


def answers_none(folder, victim):
    _good(folder)


def answers_bytes(folder, victim):
    return _good(folder).encode()


def answers_list(folder, victim):
    return [_good(folder)]


def answers_empty_text(folder, victim):
    return ""


def answers_path(folder, victim):
    return os.path.join(folder, _good(folder))


def answers_parent(folder, victim):
    os.mkdir(os.path.join(folder, "x"))
    return "x/../" + _good(folder)


def answers_elsewhere(folder, victim):
    return os.path.relpath(os.path.join(victim, _good(victim)), folder)


def answers_below(folder, victim):
    os.mkdir(os.path.join(folder, "sub"))
    return "sub/" + _good(os.path.join(folder, "sub"))


def answers_zero_byte(folder, victim):
    return _good(folder) + "\0.whl"


def answers_line_break(folder, victim):
    return "\n" + _good(folder)


def answers_surrogate(folder, victim):
    return "\udcff.whl"


def answers_very_much(folder, victim):
    return "x" * (8 << 20) + ".whl"


def answers_too_much(folder, victim):
    return "x" * (64 << 20) + ".whl"


def answers_another_file(folder, victim):
    _good(folder)
    return "nasty_backend-2.0-py3-none-any.whl"


def answers_link(folder, victim):
    name = _good(victim)
    os.symlink(os.path.join(victim, name), os.path.join(folder, name))
    return name


def answers_folder(folder, victim):
    os.mkdir(os.path.join(folder, "nasty_backend-1.0-py3-none-any.whl"))
    return "nasty_backend-1.0-py3-none-any.whl"


def answers_pipe(folder, victim):
    os.mkfifo(os.path.join(folder, "nasty_backend-1.0-py3-none-any.whl"))
    return "nasty_backend-1.0-py3-none-any.whl"


def answers_sdist(folder, victim):
    open(os.path.join(folder, "nasty_backend-1.0.tar.gz"), "w").close()
    return "nasty_backend-1.0.tar.gz"


def answers_no_wheel_name(folder, victim):
    os.rename(os.path.join(folder, _good(folder)), os.path.join(folder, "wheel.whl"))
    return "wheel.whl"


def moves_output(folder, victim):
    name = _good(victim)
    os.rmdir(folder)
    os.symlink(victim, folder)
    return name


def removes_output(folder, victim):
    name = _good(folder)
    shutil.rmtree(folder)
    return name


# What is built


def builds_another_project(folder, victim):
    return _good(folder, name="somebody-else")


def builds_another_version(folder, victim):
    return _good(folder, version="2.0")


def builds_garbage(folder, victim):
    name = _good(folder)
    with open(os.path.join(folder, name), "wb") as stream:
        stream.write(os.urandom(1000))
    return name


def builds_half(folder, victim):
    name = _good(folder)
    os.truncate(os.path.join(folder, name), 200)
    return name


def builds_nothing(folder, victim):
    name = _good(folder)
    os.truncate(os.path.join(folder, name), 0)
    return name


def builds_several(folder, victim):
    _good(folder, version="0.9")
    _good(folder, name="somebody-else")
    open(os.path.join(folder, "notes.txt"), "w").close()
    return _good(folder)


# How it ends


def exits_without_answer(folder, victim):
    os._exit(0)


def exits_with_status(folder, victim):
    _good(folder)
    sys.exit("this did not work")


def raises_interrupt(folder, victim):
    raise KeyboardInterrupt


class _OddError(BaseException):
    def __str__(self):
        raise RuntimeError("not even this")


def raises_odd(folder, victim):
    raise _OddError


def recurses(folder, victim):
    return recurses(folder, victim)


def kills_itself(folder, victim):
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(_LONG)


def aborts(folder, victim):
    os.abort()


def kills_its_parent(folder, victim):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(_LONG)


def hangs(folder, victim):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(_LONG)


def hangs_after_answer(folder, victim):
    import threading

    threading.Thread(target=time.sleep, args=(_LONG,)).start()
    return _good(folder)


def stops_itself(folder, victim):
    os.kill(os.getpid(), signal.SIGSTOP)


def reads_input(folder, victim):
    return input()


def spoils_answer(folder, victim):
    with open(os.path.join(sys.argv[-1], "output.json"), "w") as stream:
        stream.write("{")
    os._exit(0)


def answers_with_link(folder, victim):
    os.symlink("/dev/zero", os.path.join(sys.argv[-1], "output.json"))
    os._exit(0)


def answers_with_pipe(folder, victim):
    os.mkfifo(os.path.join(sys.argv[-1], "output.json"))
    os._exit(0)


def answers_with_number(folder, victim):
    with open(os.path.join(sys.argv[-1], "output.json"), "w") as stream:
        stream.write("1")
    os._exit(0)


# What it does besides


def closes_streams(folder, victim):
    for descriptor in range(256):
        if descriptor > 2 or descriptor in (0, 1, 2):
            try:
                os.close(descriptor)
            except OSError:
                pass
    return _good(folder)


def prints_very_much(folder, victim):
    line = b"all work and no play " * 50 + b"\n"
    for _ in range(150 << 10):
        os.write(1, line)
    return _good(folder)


def prints_no_line_breaks(folder, victim):
    for _ in range(20 << 4):
        os.write(1, b"." * 65536)
    raise RuntimeError("enough")


def prints_control_codes(folder, victim):
    os.write(1, b"\x1b[2J\x1b]0;title\x07\xff\xfe\x00\r\b\x9b31m said\n")
    raise RuntimeError("\x1b[31mred\x1b[0m")


def leaves_daemon(folder, victim):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(_LONG)
        os._exit(0)
    return _good(folder)


def leaves_writer(folder, victim):
    """A process that spoils the wheel when it has been answered."""
    name = _good(folder)
    if os.fork() == 0:
        os.setsid()
        time.sleep(1)
        with open(os.path.join(folder, name), "ab") as stream:
            stream.write(b"spoilt")
        time.sleep(_LONG)
    return name


def multiplies(folder, victim):
    for _ in range(60):
        if os.fork() == 0:
            os.setsid()
            os.fork()
            time.sleep(_LONG)
    return _good(folder)


def forbids_reading(folder, victim):
    name = _good(folder)
    os.chmod(os.path.join(folder, name), 0)
    os.chmod(folder, 0)
    os.chmod(_HERE, 0)
    return name


def digs_deep(folder, victim):
    name = _good(folder)
    os.chdir(_HERE)
    for _ in range(1500):
        os.mkdir("d" * 20)
        os.chdir("d" * 20)
    open("bottom", "w").close()
    return name


def removes_its_tree(folder, victim):
    name = _good(folder)
    shutil.rmtree(_HERE)
    return name


def writes_outside(folder, victim):
    with open(os.path.join(victim, "written"), "w") as stream:
        stream.write("x")
    return _good(folder)


def writes_through_link(folder, victim):
    os.symlink(victim, os.path.join(_HERE, "way-out"))
    return writes_outside(folder, os.path.join(_HERE, "way-out"))


def calls_out(folder, victim):
    import socket

    host, port = victim.split(":")
    socket.create_connection((host, int(port)), 5).close()
    return _good(folder)


def reads_home(folder, victim):
    with open(os.path.expanduser("~/secret")) as stream:
        print("the secret is", stream.read())
    return _good(folder)
