from __future__ import annotations

import ast
import textwrap

import pytest

from pep517_multi.sources.evidence.setup_reach import reaching_lines

MODULE = "ext_modules=[Extension('x', ['x.c'])]"


def tree_of(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:
        return None


def reached(text: str) -> list[str]:
    """Return the marks (``# here``, ``# not``) of the lines that reach the contents."""
    source = textwrap.dedent(text)
    lines = reaching_lines(source, tree_of(source))
    assert lines is not None
    marked = [(number, line.partition("# ")[2]) for number, line in enumerate(source.splitlines(), 1) if "# " in line]
    return [mark for number, mark in marked if number in lines]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"""
            new = sys.version_info >= (3, 12)  # here
            setup(packages=["a"] + (["b"] if new else []), {MODULE})
            """,
            id="by way of a name",
        ),
        pytest.param(
            f"""
            packages = ["a"]
            if sys.version_info >= (3, 12):  # here
                packages.append("b")
            setup(packages=packages, {MODULE})
            """,
            id="a condition",
        ),
        pytest.param(
            f"""
            def needed():
                return ["tomli"] if sys.version_info < (3, 11) else []  # here
            def main():
                arguments = dict(name="a", {MODULE})
                arguments["install_requires"] = needed()
                setup(**arguments)
            """,
            id="a function and arguments in a mapping",
        ),
        pytest.param(
            f"""
            arguments = {{"name": "a"}}
            arguments.update(py_modules=["b"] if PYPY else ["c"])  # here
            setup({MODULE}, **arguments)
            """,
            id="an update",
        ),
        pytest.param(
            """
            modules = [Extension("x", ["x.c"])]
            if sys.version_info >= (3, 10):  # here
                modules.append(Extension("y", ["y.c"]))
            setup(packages=["a"], ext_modules=modules)
            """,
            id="which modules there are",
        ),
        pytest.param(
            f"""
            def text():
                return __doc__  # here
            setup(long_description=text(), packages=["a"], {MODULE})
            """,
            id="a docstring",
        ),
        pytest.param(
            f"""
            text = "for %d.%d" % sys.version_info[:2]  # here
            setup(long_description=text, packages=["a"], {MODULE})
            """,
            id="prose that asks for the version",
        ),
        pytest.param(
            f"""
            setup(
                packages=["a"],
                {MODULE},
                options={{"build_py": {{"optimize": sys.flags.optimize}}}},  # here
            )
            """,
            id="options of other commands",
        ),
        pytest.param(
            """
            may_fail = sys.version_info >= (3, 12)  # here
            setup(packages=["a"], ext_modules=[Extension("x", ["x.c"], optional=may_fail)])
            """,
            id="whether a module may be left out",
        ),
    ],
)
def test_what_changes_other_files_or_requirements_is_reached(text: str) -> None:
    assert reached(text) == ["here"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"""
            folders = ["/usr/include/new"] if PYPY else []  # not
            setup(packages=["a"], include_dirs=folders, {MODULE})
            """,
            id="where headers are",
        ),
        pytest.param(
            """
            limited = sys.version_info >= (3, 9)  # not
            extension = Extension(
                "x",
                ["x.c"],
                py_limited_api=limited,
                define_macros=[("NEW", sys.version_info[1])],  # not
            )
            setup(packages=["a"], ext_modules=[extension])
            """,
            id="how a module is compiled",
        ),
        pytest.param(
            f"""
            options = {{}}
            if not PYPY and sys.version_info >= (3, 9):  # not
                options = {{"bdist_wheel": {{"py_limited_api": "cp39"}}}}
            setup(packages=["a"], options=options, {MODULE})
            """,
            id="the tag",
        ),
        pytest.param(
            f"""
            def text():
                return subprocess.check_output([sys.executable, "readme.py"])  # not
            arguments = dict(long_description=text(), packages=["a"], {MODULE})
            setup(**arguments)
            """,
            id="prose",
        ),
        pytest.param(
            f"""
            def version():
                msg = "no version"
                raise ValueError(msg)
            if WINDOWS:
                msg = sys.getwindowsversion()  # not
            setup(version=version(), {MODULE})
            """,
            id="another name of the same spelling",
        ),
    ],
)
def test_what_only_compilers_the_tag_and_readers_see_is_not(text: str) -> None:
    assert reached(text) == []


@pytest.mark.parametrize("text", ["import setuptools", "setup(", "x" * 10], ids=["no call", "no Python", "a name"])
def test_without_a_call_nothing_can_be_told(text: str) -> None:
    assert reaching_lines(text, tree_of(text)) is None
