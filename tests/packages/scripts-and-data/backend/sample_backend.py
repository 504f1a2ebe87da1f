import os

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_ENTRY_POINTS = """\
[console_scripts]
scripts-and-data = scripts_and_data:main

[gui_scripts]
scripts-and-data-gui = scripts_and_data:main

[scripts_and_data.plugins]
greeter = scripts_and_data:greet
"""


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    for scheme in ("scripts", "data", "headers"):
        files.update(files_below(os.path.join(_HERE, scheme), "scripts_and_data-1.0.data/" + scheme + "/"))
    return write_wheel(
        wheel_directory, "scripts-and-data", "1.0", files, dist_info={"entry_points.txt": _ENTRY_POINTS}
    )
