import os
import sys

from setuptools import setup

# One file for each version, so that any two versions differ, whichever a machine happens to have.
modules = os.path.join("src", "lies_version_files")
with open(os.path.join(modules, "for_python_{}_{}.py".format(*sys.version_info)), "w") as stream:
    stream.write("VERSION = {!r}\n".format(sys.version_info[:2]))

setup(name="lies-version-files", version="1.0", packages=["lies_version_files"], package_dir={"": "src"})
