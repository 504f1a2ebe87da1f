import os
import time

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    files["nondeterministic/built.py"] = "BUILT_AT_NS = {}\n".format(time.time_ns()).encode("ascii")
    return write_wheel(wheel_directory, "nondeterministic", "1.0", files)
