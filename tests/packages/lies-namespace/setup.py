from setuptools import setup

setup(
    name="lies-namespace",
    version="1.0",
    packages=["lies_namespace", "lies_namespace.part"],
    package_dir={"": "src"},
    namespace_packages=["lies_namespace"],
)
