import os

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    files["hazard_build_path/built.py"] = "BUILT_IN = {!r}\n".format(_HERE).encode("utf-8")
    return write_wheel(wheel_directory, "hazard-build-path", "1.0", files)
