import os
import sys

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    # An environment marker would be right; computed here, the wheel of one version is wrong for the next.
    requirement = "Requires-Dist: packaging >=20.{}".format(sys.version_info[1])
    return write_wheel(wheel_directory, "hazard-metadata", "1.0", files, metadata=[requirement])
