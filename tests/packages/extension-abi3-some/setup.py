import platform
import sys
import sysconfig

from setuptools import Extension, setup

stable = platform.python_implementation() == "CPython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
macros = [("Py_LIMITED_API", "0x03080000")] if stable else []


def module(name):
    return Extension(
        "extension_abi3_some." + name,
        ["src/extension_abi3_some/module.c"],
        define_macros=[("INIT", "PyInit_" + name), ("NAME", '"%s"' % name), *macros],
        py_limited_api=stable,
    )


setup(
    ext_modules=[module("_all"), module("_only_{}_{}".format(*sys.version_info))],
    options={"bdist_wheel": {"py_limited_api": "cp38"}} if stable else {},
)
