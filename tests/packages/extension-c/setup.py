from setuptools import Extension, setup

setup(ext_modules=[Extension("extension_c._speed", ["src/extension_c/_speed.c"])])
