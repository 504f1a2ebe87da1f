import os

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    # So many that no two orders are the same by accident.
    names = {"name{}".format(number) for number in range(60)}
    files["hazard_set/names.py"] = "NAMES = {!r}\n".format(names).encode("ascii")
    return write_wheel(wheel_directory, "hazard-set", "1.0", files)
