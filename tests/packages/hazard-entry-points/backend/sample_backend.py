import os
import sys

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    name = "hazard-{}.{}".format(*sys.version_info)
    entry_points = "[console_scripts]\n{} = hazard_entry_points:main\n".format(name)
    return write_wheel(
        wheel_directory, "hazard-entry-points", "1.0", files, dist_info={"entry_points.txt": entry_points}
    )
