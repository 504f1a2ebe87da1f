import platform

from setuptools import Extension, setup

extensions = [Extension("extension_pypy_pure._speed", ["src/extension_pypy_pure/_speed.c"])]

setup(ext_modules=[] if platform.python_implementation() == "PyPy" else extensions)
