import platform
import sysconfig

from setuptools import Extension, setup

stable = platform.python_implementation() == "CPython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
macros = [("BUILT_FOR", '"built for Python {}"'.format(platform.python_version()))]

setup(
    ext_modules=[
        Extension(
            "hazard_abi3._speed",
            ["src/hazard_abi3/_speed.c"],
            py_limited_api=stable,
            define_macros=macros + ([("Py_LIMITED_API", "0x03080000")] if stable else []),
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp38"}} if stable else {},
)
