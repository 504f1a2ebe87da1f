import platform
import sysconfig

from setuptools import Extension, setup

stable = platform.python_implementation() == "CPython" and not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    ext_modules=[
        Extension("extension_abi3_leak._speed", ["src/extension_abi3_leak/_speed.c"], py_limited_api=stable)
    ],
    options={"bdist_wheel": {"py_limited_api": "cp38"}} if stable else {},
)
