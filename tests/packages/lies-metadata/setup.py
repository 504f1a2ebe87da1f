import sys

from setuptools import setup

setup(
    name="lies-metadata",
    version="1.0",
    packages=["lies_metadata"],
    package_dir={"": "src"},
    # An environment marker would be right; computed here, the wheel of one version is wrong for the next.
    install_requires=["packaging >=20.{}".format(sys.version_info[1])],
)
