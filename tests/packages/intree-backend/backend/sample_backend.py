import os
import tarfile

from wheel_writer import files_below, write_wheel

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = files_below(os.path.join(_HERE, "src"))
    return write_wheel(wheel_directory, "intree-backend", "1.0", files, metadata=["Requires-Python: >=3.8"])


def build_sdist(sdist_directory, config_settings=None):
    with tarfile.open(os.path.join(sdist_directory, "intree_backend-1.0.tar.gz"), "w:gz") as archive:
        for name in ("pyproject.toml", "backend", "src"):
            archive.add(os.path.join(_HERE, name), "intree_backend-1.0/" + name)
    return "intree_backend-1.0.tar.gz"
