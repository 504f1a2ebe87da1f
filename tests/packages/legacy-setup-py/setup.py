# Stands for: an old project with neither pyproject.toml nor setup.cfg, and a setup.py that computes nothing.
from setuptools import setup

setup(
    name="legacy-setup-py",
    version="1.0",
    py_modules=["legacy_setup_py"],
    python_requires=">=3.8",
)
