import platform

from setuptools import setup

command = "lies-entry-points" + ("-pypy" if platform.python_implementation() == "PyPy" else "")

setup(
    name="lies-entry-points",
    version="1.0",
    packages=["lies_entry_points"],
    package_dir={"": "src"},
    entry_points={"console_scripts": [command + " = lies_entry_points:main"]},
)
