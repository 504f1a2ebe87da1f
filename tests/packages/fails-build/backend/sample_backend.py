import os
import platform
import sys

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    refused = os.environ.get("SAMPLE_FAILS_BUILD_ON", "pypy").split(",")
    for name in ("{}.{}".format(*sys.version_info), sys.implementation.name):
        if name in refused:
            print("about to give up on " + platform.python_implementation())
            raise RuntimeError("this project does not build on " + name)
    files = files_below(os.path.join(_HERE, "src"))
    return write_wheel(wheel_directory, "fails-build", "1.0", files)
