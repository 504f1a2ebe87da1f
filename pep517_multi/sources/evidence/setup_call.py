"""The arguments of ``setup()``: which of them can make a wheel differ."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence import setup_names as names
from pep517_multi.sources.evidence.commands import judge_command
from pep517_multi.sources.evidence.literals import is_empty_literal, is_literal, walked
from pep517_multi.sources.evidence.requirements import SETUPTOOLS_PLUGINS, judge_requirements
from pep517_multi.sources.evidence.schemes import names_code, names_hook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pep517_multi.sources.evidence.setup_expressions import ExpressionReader


_MAX_DEPTH = 10


class SetupCall:
    """One call of ``setup()`` in the module of ``reader``, which takes the findings."""

    def __init__(self, reader: ExpressionReader, call: ast.Call) -> None:
        self.reader = reader
        self.call = call
        self._followed: set[str] = set()

    def judge(self) -> None:
        """Judge every argument."""
        if self.call.args:
            self.reader.report(self.call, "setup() has positional arguments")
        for keyword in self.call.keywords:
            if keyword.arg is None:
                self._judge_mapping(keyword.value)
            else:
                self._judge_argument(keyword.arg, keyword.value)

    def _judge_argument(self, name: str, value: ast.expr) -> None:
        special = {"cmdclass": self._cmdclass, "setup_requires": self._setup_requires, "options": self._options}
        if name in names.EXTENSION_KEYWORDS:
            if not is_empty_literal(value):
                self.reader.report_extension(value, f"{name} is given to setup()")
                self.reader.value(value, about=name)
        elif name in special:
            special[name](value)
        elif name == "namespace_packages":
            if not is_empty_literal(value):
                self.reader.report(value, names.NAMESPACES)
        elif name in names.HARMLESS_KEYWORDS:
            if name in {"entry_points", "use_scm_version"}:
                self._run_by_setuptools(name, value)
            self.reader.value(value, about=name)
        else:
            self.reader.report(value, f"{name} is given to setup(), which is not known to be harmless")

    def _run_by_setuptools(self, name: str, value: ast.expr) -> None:
        """Look for the project's own code behind a text; where ``value`` got it from does not matter."""
        for part in walked(self.reader.module):
            text = part.value if isinstance(part, ast.Constant) else None
            if isinstance(text, str) and (names_code(text) if name == "use_scm_version" else names_hook(text)):
                self.reader.report(value, f"{name} may let setuptools run code of the project ({text.strip()[:60]!r})")

    def _judge_mapping(self, value: ast.expr) -> None:
        """Judge ``**value``, as far as all that ever goes into it can be seen."""
        self._followed.clear()
        pairs = [*self._pairs(value)]
        for name, part in pairs:
            if name is None:
                self.reader.report(part, "setup() is given arguments that cannot be told from here")
            else:
                self._judge_argument(name, part)

    def _pairs(self, node: ast.expr) -> Iterator[tuple[str | None, ast.expr]]:
        """Yield each key that a mapping has with its value; ``None`` for what cannot be told."""
        match node:
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if key is None:
                        yield from self._pairs(value)
                    else:
                        yield (
                            (key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None),
                            value,
                        )
            case ast.Call(func=ast.Name(id="dict")):
                yield from self._pairs_of_arguments(node)
            case ast.Name(id=name) if name in self.reader.bindings.plain:
                yield from self._pairs_of_name(name, node)
            case _:
                yield None, node

    def _pairs_of_name(self, name: str, node: ast.expr) -> Iterator[tuple[str | None, ast.expr]]:
        if name in self._followed:
            return
        self._followed.add(name)
        understood = {id(node)}
        bound = 0
        for part in walked(self.reader.module):
            match part:
                case ast.Assign(targets=[ast.Name(id=target) as use], value=value) if target == name:
                    bound += 1
                    yield from self._pairs(value)
                case ast.Assign(
                    targets=[ast.Subscript(value=ast.Name(id=target) as use, slice=ast.Constant(value=str(key)))],
                    value=value,
                ) if target == name:
                    yield key, value
                case ast.Call(func=ast.Attribute(value=ast.Name(id=target) as use, attr="update")) if target == name:
                    yield from self._pairs_of_arguments(part)
                case ast.keyword(arg=None, value=ast.Name(id=target) as use) if target == name:
                    pass
                case _:
                    continue
            understood.add(id(use))
        uses = [part for part in walked(self.reader.module) if isinstance(part, ast.Name) and part.id == name]
        if bound != self.reader.bindings.times_bound(name) or any(id(use) not in understood for use in uses):
            yield None, node

    def _pairs_of_arguments(self, call: ast.Call) -> Iterator[tuple[str | None, ast.expr]]:
        for argument in call.args:
            yield from self._pairs(argument)
        for keyword in call.keywords:
            yield from [(keyword.arg, keyword.value)] if keyword.arg else self._pairs(keyword.value)

    def _cmdclass(self, value: ast.expr) -> None:
        self._followed.clear()
        for name, command in self._pairs(value):
            if name is None or (name.startswith(names.WHEEL_COMMANDS) and name not in names.SPARE_COMMANDS):
                what = f"cmdclass replaces {name or 'commands'}, which may do anything"
                self.reader.report(command, what)
            elif not self.reader.is_command_class(command):
                self.reader.value(command, about="cmdclass")

    def _setup_requires(self, value: ast.expr) -> None:
        """Judge every requirement that may be in the list, whatever the conditions."""
        self.reader.value(value, about="setup_requires")
        requirements = [line.strip() for text in self._texts(value, _MAX_DEPTH) for line in text.splitlines()]
        where = f"{self.reader.filename}:{value.lineno}"
        self.reader.findings += judge_requirements(filter(None, requirements), harmless=SETUPTOOLS_PLUGINS, where=where)

    def _texts(self, node: ast.expr, depth: int) -> Iterator[str]:
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.Constant(value=None):
                pass
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                for element in elements:
                    yield from self._texts(element, depth)
            case ast.BinOp(left=one, op=ast.Add(), right=other) | ast.IfExp(body=one, orelse=other):
                yield from self._texts(one, depth)
                yield from self._texts(other, depth)
            case ast.Name(id=name) if depth and (value := self._unchanged(name)) is not None:
                yield from self._texts(value, depth - 1)
            case _:
                self.reader.report(node, "setup_requires cannot be told from here")

    def _unchanged(self, name: str) -> ast.expr | None:
        return None if self.reader.bindings.is_changed(name) else self.reader.bindings.only_value(name)

    def _options(self, value: ast.expr) -> None:
        options = ast.literal_eval(value) if is_literal(value) else None
        if not isinstance(options, dict):
            tag_only = self.reader.flow.sets_tag_only(value)
            self.reader.report(value, "options cannot be told from here", compiled_only=tag_only)
            return
        where = f"{self.reader.filename}:{value.lineno}"
        for command, settings in options.items():
            self.reader.findings += judge_command(
                str(command), settings if isinstance(settings, dict) else {}, where=where
            )
