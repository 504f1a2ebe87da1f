import os
import sys

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    version = sys.version_info[:2]
    files["hazard_files/for_python_{}_{}.py".format(*version)] = "VERSION = {!r}\n".format(version).encode("ascii")
    return write_wheel(wheel_directory, "hazard-files", "1.0", files)
