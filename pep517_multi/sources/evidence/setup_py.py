"""``setup.py`` read as a syntax tree: what of the interpreter it looks at, and whether that could reach the wheel.

Sound rather than clever. Every statement and expression must be recognised as harmless: what it gives may depend on
nothing but constants and the files of the project. Everything that is not recognised is a finding. Since one finding
settles the verdict, no data flow is needed: without findings every name in the file is bound to harmless values only.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence import setup_names as names
from pep517_multi.sources.evidence.literals import is_empty_literal, parse, walked
from pep517_multi.sources.evidence.project import Finding, Project, stopping, unknown
from pep517_multi.sources.evidence.setup_bindings import catches
from pep517_multi.sources.evidence.setup_expressions import ExpressionReader
from pep517_multi.sources.evidence.setup_reading import reads_only
from pep517_multi.sources.evidence.setup_versions import decided, spares_newer, spares_older, stops_below

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def judge_setup_py(project: Project) -> Iterator[Finding]:
    """Find what in ``setup.py`` could make the wheel depend on the interpreter."""
    module = parse(project.path / "setup.py")
    if module is None:
        yield unknown("setup.py: it cannot be parsed")
        return
    try:
        reader = ModuleReader(project, "setup.py", module)
    except RecursionError:
        yield unknown("setup.py: it is nested too deeply to be read")
        return
    yield from (*reader.findings, *reader.guards)
    if not reader.calls_setup and not reader.findings:
        yield unknown("setup.py: no call of setup() can be seen")


class ModuleReader(ExpressionReader):
    """Reads the statements of one module: ``setup.py`` itself, or a file of the project that it imports or executes."""

    def read(self, body: Iterable[ast.stmt]) -> None:
        """Judge statements one by one."""
        for statement in body:
            self._read_statement(statement)

    def _read_statement(self, node: ast.stmt) -> None:  # noqa: C901, PLR0912 - one case for each kind of statement
        match node:
            case ast.Pass() | ast.Break() | ast.Continue() | ast.Global() | ast.Nonlocal():
                pass
            case ast.Expr(value):
                self.value(value)
            case ast.Assign(targets=targets, value=value):
                self._assign(targets, value)
            case ast.AugAssign(target=target, value=value) | ast.AnnAssign(target=target, value=value):
                self._assign([target], value)
            case ast.If():
                self._read_if(node)
            case ast.Assert(test=test):
                if not self.stopping_is_final or _binds(test) or not spares_newer(test, self.bindings):
                    self.value(test)
                else:
                    self._guard(ast.UnaryOp(ast.Not(), test, lineno=node.lineno))
            case ast.For(target=target, iter=value, body=body, orelse=orelse):
                self._assign([target], value)
                self.read([*body, *orelse])
            case ast.While(test=test, body=body, orelse=orelse):
                self.value(test)
                self.read([*body, *orelse])
            case ast.With(items=items, body=body):
                for item in items:
                    self._assign([item.optional_vars] if item.optional_vars else [], item.context_expr)
                self.read(body)
            case ast.Try():
                self._read_try(node)
            case ast.Return(value=value):
                self.value_if_any(value)
            case ast.Raise(exc=value):
                self.value_if_any(value)
            case ast.Delete(targets=targets):
                self._assign(targets, None)
            case ast.Import():
                for alias in node.names:
                    self._import(node, alias.name, (None,))
            case ast.ImportFrom():
                self._import_from(node)
            case ast.FunctionDef():
                self._read_function(node)
            case ast.ClassDef():
                self._read_class(node)
            case _:
                self.report(node, f"{type(node).__name__} is not recognised here")

    def _assign(self, targets: Sequence[ast.expr], value: ast.expr | None) -> None:
        bound = [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        before, self.about = self.about, self.about or ", ".join(dict.fromkeys(bound))
        for target in targets:
            self._read_target(target)
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and value is not None:
                self._item(str(target.slice.value), value)
        if not (
            value is not None and targets and (self.is_command_class(value) or self._is_for_guards(targets, value))
        ):
            self.value_if_any(value)
        self.about = before

    def _is_for_guards(self, targets: Sequence[ast.expr], value: ast.expr) -> bool:
        """Whether ``name = value`` is made for nothing but conditions under which the program stops.

        Such a value may be what the interpreter says of itself: ``CURRENT = sys.version_info[:2]``.
        """
        match targets:
            case [ast.Name(id=name)] if (
                self._sees_every_use and self.stopping_is_final and self.bindings.times_bound(name) == 1
            ):
                pass
            case _:
                return False
        at_top = any(isinstance(node, ast.Assign) and node.value is value for node in self.module.body)
        if not at_top or not all(isinstance(part, _LOOKED_UP) for part in ast.walk(value)):
            return False
        guards = [node for node in self.module.body if isinstance(node, ast.If) and not node.orelse]
        spent = (
            node
            for node in guards
            if self._only_stops(node.body) and not _binds(node.test) and spares_older(node.test, self.bindings)
        )
        seen = {id(part) for node in spent for part in ast.walk(node)}
        uses = [part for part in walked(self.module) if isinstance(part, ast.Name) and part.id == name]
        return all(id(part) in seen for part in uses if not isinstance(part.ctx, ast.Store))

    @property
    def _sees_every_use(self) -> bool:
        """Whether nobody imports what the module binds."""
        return not self.above[1:]

    def _item(self, key: str, value: ast.expr) -> None:
        if key in names.EXTENSION_KEYWORDS and not is_empty_literal(value):
            self.report_extension(value, key)

    def _read_target(self, target: ast.expr) -> None:
        match target:
            case ast.Name():
                pass
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self._read_target(element)
            case ast.Starred(value=value):
                self._read_target(value)
            case ast.Subscript(value=value, slice=index):
                self.value(value)
                self.value(index)
            case ast.Attribute() if self.bindings.dotted(target) == "sys.dont_write_bytecode":
                pass
            case _:
                self.report(target, f"{ast.unparse(target)} is changed")

    def _read_if(self, node: ast.If) -> None:
        """Read a condition; one that only decides whether to stop for old versions may ask for the version."""
        if (known := decided(node.test, self.bindings)) is not None:
            self.read(node.body if known else node.orelse)
            return
        stops, goes_on = self._only_stops(node.body), self._only_stops(node.orelse)
        if self.stopping_is_final and (stops or goes_on) and not _binds(node.test):
            if not (spares_older if stops else spares_newer)(node.test, self.bindings):
                self._read_test(node)
            else:
                self._guard(node.test if stops else ast.UnaryOp(ast.Not(), node.test, lineno=node.lineno))
            self.read(() if stops else node.body)
            self.read(() if goes_on else node.orelse)
            return
        self._read_test(node)
        self.read(node.body)
        self.read(node.orelse)

    def _guard(self, condition: ast.expr) -> None:
        """Note that the module stops under ``condition``, which only holds for versions below some."""
        below = stops_below(condition, self.bindings)
        if below:
            place = f"{self.filename}:{condition.lineno}"
            self.guards.append(stopping(f"{place}: it stops for some Pythons older than 3.{below}", below))

    def _read_test(self, node: ast.If) -> None:
        before = self.about
        self.about = self.about or ", ".join(_assigned(node)) or "what is done"
        self.value(node.test)
        self.about = before

    def _only_stops(self, body: Sequence[ast.stmt]) -> bool:
        """Whether ``body`` certainly ends the program, and nothing in it could have run ``setup()`` by then."""
        if not body or not self._ends(body[-1]):
            return False
        for node in (node for statement in body for node in ast.walk(statement)):
            if isinstance(node, ast.Return | ast.Break | ast.Continue | ast.Yield | ast.YieldFrom | ast.Try):
                return False
            if not self.bindings.cannot_run_setup(node):
                return False
        return True

    def _ends(self, node: ast.stmt) -> bool:
        match node:
            case ast.Raise():
                return True
            case ast.Expr(value=ast.Call(func=function)):
                return self.bindings.dotted(function) in names.STOPS
            case ast.If(body=body, orelse=orelse):
                return bool(orelse) and self._ends(body[-1]) and self._ends(orelse[-1])
            case _:
                return False

    def _read_try(self, node: ast.Try) -> None:
        before = self.stopping_is_final
        if before and not node.finalbody and all(self._only_stops(handler.body) for handler in node.handlers):
            # Whatever is caught ends the program as it would have if nobody had caught it.
            self.read([*node.body, *node.orelse])
            return
        self.stopping_is_final = before and not catches(node)
        if node.handlers:
            self._read_tried_imports(node.body)
        self.read(node.body)
        self.stopping_is_final = before
        for handler in node.handlers:
            probing = self._probing_errors(handler, node.body)
            if probing:
                self.report(handler, f"what is done depends on {' or '.join(probing)}")
            if handler.name and self._uses_text_of(handler.name, handler.body):
                self.report(handler, "what an error says depends on the interpreter")
            self.value_if_any(handler.type)
            self.read(handler.body)
        self.read([*node.orelse, *node.finalbody])

    def _probing_errors(self, handler: ast.ExceptHandler, body: Sequence[ast.stmt]) -> list[str]:
        """Name the caught errors that may tell what the interpreter can do; whoever only reads a file asks nothing."""
        if handler.type is None:
            return [] if reads_only(body, self.bindings) else ["any error"]
        caught = {part.id for part in ast.walk(handler.type) if isinstance(part, ast.Name)}
        telling = names.PROBING_ERRORS if reads_only(body, self.bindings) else names.PROBING_ERRORS | names.ALL_ERRORS
        return sorted(caught & telling)

    def _uses_text_of(self, error: str, body: Sequence[ast.stmt]) -> bool:
        """Whether a caught error is used for more than to be shown or raised again."""
        shown: set[int] = set()
        uses: list[ast.Name] = []
        for node in (node for statement in body for node in ast.walk(statement)):
            shows = isinstance(node, ast.Call) and self.bindings.dotted(node.func) in names.SHOWING | names.STOPS
            if shows or isinstance(node, ast.Raise):
                shown |= {id(part) for part in ast.walk(node)}
            if isinstance(node, ast.Name) and node.id == error:
                uses.append(node)
        return any(id(use) not in shown for use in uses)

    def _read_tried_imports(self, body: Iterable[ast.stmt]) -> None:
        """Whether an import fails can depend on the interpreter, unless it never does."""
        for node in (node for statement in body for node in ast.walk(statement)):
            modules: list[str] = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                modules = [node.module or "."]
            for module in modules:
                if module not in names.STABLE_MODULES:
                    self.report(node, f"what is done depends on whether {module} can be imported")

    def _report_newer_names(self, node: ast.ImportFrom) -> None:
        """Find names that a module has in some Pythons only, imported where somebody may go on without them."""
        for alias in node.names:
            dotted = f"{node.module}.{alias.name}"
            if node.module in names.IMPORTABLE and dotted not in names.STABLE_NAMES and alias.name != "*":
                self.report(node, f"what is done depends on whether {dotted} can be imported")

    def _read_function(self, node: ast.FunctionDef) -> None:
        for value in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            self.value_if_any(value)
        about, final = self.about, self.stopping_is_final
        # Whoever calls it may catch what it raises, and of functions of other files nobody here knows who that is.
        self.about, self.stopping_is_final = "", self.filename == "setup.py" and not self.bindings.catches_calls
        self.read(node.body)
        self.about, self.stopping_is_final = about, final

    def _read_class(self, node: ast.ClassDef) -> None:
        """Read the class of a command; its methods do not count, for it may only stand where it is not run."""
        for base in (*node.bases, *(keyword.value for keyword in node.keywords), *node.decorator_list):
            if not self.is_command_class(base):
                self.value(base)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                for value in (*statement.args.defaults, *statement.args.kw_defaults):
                    self.value_if_any(value)
                if statement.name == "__init_subclass__":
                    self.report(statement, "__init_subclass__ runs code for other classes")
                if any(self.bindings.dotted(value) not in _METHOD_KINDS for value in statement.decorator_list):
                    self.report(statement, f"{statement.name} is decorated")
            else:
                self._read_statement(statement)

    def _import_from(self, node: ast.ImportFrom) -> None:
        if not (self.stopping_is_final or node.level):
            self._report_newer_names(node)
        package = "." * node.level
        if node.level:
            folder = self.filename.split("/")[: -node.level]
            package = ".".join(folder)
        module = ".".join(part for part in (package, node.module) if part)
        self._import(node, module, [alias.name for alias in node.names])

    def _import(self, node: ast.stmt, module: str, wanted: Sequence[str | None]) -> None:
        if "*" in wanted:
            self.report(node, f"everything is imported from {module}")
        elif module in names.IMPORTABLE or f"{module}.".startswith(names.COMMAND_MODULES):
            # What is used of it is judged where it is used.
            root = module.partition(".")[0]
            if root not in names.LOADED_AT_START and self.modules.file(root) is not None:
                self.report(node, f"{root} may be the project's own module or another")
        elif self.modules.file(module) is None or not self._finds_own_modules():
            makes = module.partition(".")[0] in _EXTENSION_MODULES
            what = f"{module} is imported"
            if makes:
                self.report_extension(node, f"{what}, which serves to build extension modules")
            else:
                self.report(node, f"{what}, which is not known to be harmless")
        elif self.searches_elsewhere and self.modules.is_ambiguous(module):
            self.report(node, f"it cannot be told which {module} is imported")
        else:
            self._import_own(node, module, wanted)

    def _import_own(self, node: ast.stmt, module: str, wanted: Sequence[str | None]) -> None:
        if None not in wanted:
            for name in wanted:
                self.local_name(node, module, str(name))
        elif not self._uses_attributes_of(module):
            problem = self.modules.problem(module)
            if problem is not None:
                self.report(node, f"{module} is imported, and {problem}")

    def _finds_own_modules(self) -> bool:
        """Whether imports look into the project before they look into what is installed."""
        if self.above[1:] or self.project.build_system.backend.endswith(":__legacy__"):
            return True
        paths = (part for part in walked(self.module) if isinstance(part, ast.Attribute))
        return any(self.bindings.dotted(part) == "sys.path.insert" for part in paths)

    def _uses_attributes_of(self, module: str) -> bool:
        """Whether what is used of ``module`` is seen, and judged, elsewhere."""
        return any(
            isinstance(part, ast.Attribute) and self.bindings.dotted(part.value) == module
            for part in walked(self.module)
        )


_LOOKED_UP = (
    ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Constant, ast.Tuple, ast.expr_context, ast.UnaryOp,
    ast.unaryop, ast.Compare, ast.cmpop, ast.BoolOp, ast.boolop,
)  # fmt: skip
"""Expressions that look something up and run nothing."""
_METHOD_KINDS = frozenset({"classmethod", "property", "staticmethod"})
_EXTENSION_MODULES = frozenset(
    {
        "Cython",
        "cffi",
        "cmake",
        "mypyc",
        "nanobind",
        "numpy",
        "pybind11",
        "setuptools_rust",
        "skbuild",
        "torch",
        "wheel_axle",
    }
)


def _binds(node: ast.expr) -> bool:
    return any(isinstance(part, ast.NamedExpr) for part in ast.walk(node))


def _assigned(node: ast.If) -> Iterable[str]:
    found = (part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
    return list(dict.fromkeys(found))[:3]
