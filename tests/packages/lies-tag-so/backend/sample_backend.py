import os
import sysconfig

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    # Not a library that could be loaded: its name alone says for whom it is.
    files["lies_tag_so/_speed" + sysconfig.get_config_var("EXT_SUFFIX")] = b"not really compiled\n"
    return write_wheel(wheel_directory, "lies-tag-so", "1.0", files)
