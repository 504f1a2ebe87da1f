from setuptools import Extension, setup

setup(ext_modules=[Extension("extension_optional._speed", ["src/extension_optional/_speed.c"], optional=True)])
