"""Source trees that are made when a test needs them, because they are too big to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PYPROJECT = """\
[build-system]
requires = ["flit_core >=3.2,<5"]
build-backend = "flit_core.buildapi"

[project]
name = "big-pure"
version = "1.0"
description = "A sample tree"
requires-python = ">=3.8"
"""

_FUNCTION = """\
def function_{number}(value, *others, flag=False):
    \"\"\"Function {number} of this module.\"\"\"
    if flag:
        return [value + {number}, *others]
    return {{"value": value, "number": {number}}}
"""


def big_pure(path: Path, *, modules: int = 1000, functions: int = 20, folder_size: int = 50) -> Path:
    """Make a pure tree at ``path`` (which must not exist): as many modules of so many functions, in subpackages.

    The same arguments give the same bytes.
    """
    package = path / "src" / "big_pure"
    package.mkdir(parents=True)
    (path / "pyproject.toml").write_text(_PYPROJECT, encoding="utf-8")
    (package / "__init__.py").write_text('__version__ = "1.0"\n', encoding="utf-8")
    body = "\n\n".join(_FUNCTION.format(number=number) for number in range(functions))
    for module in range(modules):
        folder = package / f"part_{module // folder_size:04}"
        if not folder.exists():
            folder.mkdir()
            (folder / "__init__.py").write_text("", encoding="utf-8")
        text = f'"""Module {module}."""\n\nMODULE = {module}\n\n\n{body}'
        (folder / f"module_{module:06}.py").write_text(text, encoding="utf-8")
    return path
