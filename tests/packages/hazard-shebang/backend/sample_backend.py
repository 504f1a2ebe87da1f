import os
import sys

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    script = "#!{}\nimport hazard_shebang\n".format(sys.executable)
    files["hazard_shebang-1.0.data/scripts/hazard-shebang"] = script.encode("utf-8")
    return write_wheel(wheel_directory, "hazard-shebang", "1.0", files)
