import os
import sys
import sysconfig

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    if sys.implementation.name != "cpython":
        return write_wheel(wheel_directory, "lies-abi3", "1.0", files)
    # Not a library that could be loaded: its name alone says for whom it is.
    files["lies_abi3/_speed" + sysconfig.get_config_var("EXT_SUFFIX")] = b"not really compiled\n"
    tag = "cp38-abi3-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return write_wheel(wheel_directory, "lies-abi3", "1.0", files, tag=tag)
