"""``setup.py`` read as a syntax tree: what of the interpreter it looks at, and whether that could reach the wheel.

Sound rather than clever. Every statement and expression must be recognised as harmless: what it gives may depend on
nothing but constants and the files of the project. Everything that is not recognised is a finding. Since one finding
settles the verdict, no data flow is needed: without findings every name in the file is bound to harmless values only.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence import setup_names as names
from pep517_multi.sources.evidence.literals import is_literal, parse
from pep517_multi.sources.evidence.project import Finding, Project, extension, unknown
from pep517_multi.sources.evidence.setup_bindings import Bindings
from pep517_multi.sources.evidence.setup_call import SetupCall
from pep517_multi.sources.evidence.setup_imports import LocalModules
from pep517_multi.sources.evidence.setup_paths import executed_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_MAX_DEPTH = 5
_PLAIN = (
    ast.List, ast.Tuple, ast.Set, ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.JoinedStr,
    ast.FormattedValue, ast.Slice, ast.Subscript, ast.Starred, ast.NamedExpr,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
"""Expressions that are harmless when all their parts are."""


def judge_setup_py(project: Project) -> Iterator[Finding]:
    """Find what in ``setup.py`` could make the wheel depend on the interpreter."""
    module = parse(project.path / "setup.py")
    if module is None:
        yield unknown("setup.py: it cannot be parsed")
        return
    reader = ModuleReader(project, "setup.py", module)
    yield from reader.findings
    if not reader.calls_setup and not reader.findings:
        yield unknown("setup.py: no call of setup() can be seen")


class ModuleReader:
    """Reads one module: ``setup.py`` itself, or a file of the project that it imports or executes.

    ``findings`` has the result. Names are resolved for the module as a whole: whatever one is bound to in it counts.

    :param above: the files that import or execute this one, outermost first.
    :param final: whether what the module raises stops everything, for nobody catches it.
    """

    def __init__(
        self, project: Project, filename: str, module: ast.Module, *, above: tuple[str, ...] = (), final: bool = True
    ) -> None:
        self.project = project
        self.filename = filename
        self.module = module
        self.above = (*above, filename)
        self.bindings = Bindings(module)
        self.findings: list[Finding] = []
        self.calls_setup = False
        self._about = ""
        self._stopping_is_final = final
        self._modules = LocalModules(project.path, self._problem_in)
        self._read(module.body)

    # Findings

    def report(self, node: ast.AST, problem: str) -> None:
        """Note that ``node`` makes the verdict unknown."""
        self.findings.append(unknown(f"{self._place(node)}: {problem}"))

    def report_extension(self, node: ast.AST, what: str) -> None:
        """Note that ``node`` has to do with extension modules."""
        self.findings.append(extension(f"{self._place(node)}: {what}"))

    def _place(self, node: ast.AST) -> str:
        return f"{self.filename}:{getattr(node, 'lineno', 1)}"

    def _report_name(self, node: ast.AST, dotted: str) -> None:
        asked = next((known for known in names.ASKING if dotted == known or dotted.startswith(f"{known}.")), None)
        if asked:
            self.report(node, f"{self._about} depends on {asked}" if self._about else f"it looks at {asked}")
        else:
            self.report(node, f"{dotted} is not known to be harmless")

    # Statements

    def _read(self, body: Iterable[ast.stmt]) -> None:
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
                if not self._stopping_is_final:
                    self.value(test)
            case ast.For(target=target, iter=value, body=body, orelse=orelse):
                self._assign([target], value)
                self._read([*body, *orelse])
            case ast.While(test=test, body=body, orelse=orelse):
                self.value(test)
                self._read([*body, *orelse])
            case ast.With(items=items, body=body):
                for item in items:
                    self._assign([item.optional_vars] if item.optional_vars else [], item.context_expr)
                self._read(body)
            case ast.Try():
                self._read_try(node)
            case ast.Return(value=value):
                self._value_if_any(value)
            case ast.Raise(exc=value):
                self._value_if_any(value)
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
        before, self._about = self._about, self._about or ", ".join(dict.fromkeys(bound))
        for target in targets:
            self._read_target(target)
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and value is not None:
                self._item(str(target.slice.value), value)
        if not (value is not None and targets and self.is_command_class(value)):
            self._value_if_any(value)
        self._about = before

    def _item(self, key: str, value: ast.expr) -> None:
        if key in names.EXTENSION_KEYWORDS and not _is_empty(value):
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
        """Read a condition; one that only decides whether to stop may ask whatever it likes."""
        stops, goes_on = self._only_stops(node.body), self._only_stops(node.orelse)
        if self._stopping_is_final and (stops or goes_on) and not _binds(node.test):
            self._read(() if stops else node.body)
            self._read(() if goes_on else node.orelse)
            return
        before = self._about
        self._about = self._about or ", ".join(_assigned(node)) or "what is done"
        self.value(node.test)
        self._about = before
        self._read(node.body)
        self._read(node.orelse)

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
        before = self._stopping_is_final
        self._stopping_is_final = before and not node.handlers
        if node.handlers:
            self._read_tried_imports(node.body)
        self._read(node.body)
        self._stopping_is_final = before
        for handler in node.handlers:
            caught = {part.id for part in ast.walk(handler.type or handler) if isinstance(part, ast.Name)}
            if handler.type is not None and caught & names.PROBING_ERRORS:
                self.report(handler, f"what is done depends on {' or '.join(sorted(caught & names.PROBING_ERRORS))}")
            self._value_if_any(handler.type)
            self._read(handler.body)
        self._read([*node.orelse, *node.finalbody])

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

    def _read_function(self, node: ast.FunctionDef) -> None:
        for value in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            self._value_if_any(value)
        about, final = self._about, self._stopping_is_final
        # Whoever calls it may catch what it raises, and of functions of other files nobody here knows who that is.
        self._about, self._stopping_is_final = "", self.filename == "setup.py" and not self.bindings.catches_calls
        self._read(node.body)
        self._about, self._stopping_is_final = about, final

    def _read_class(self, node: ast.ClassDef) -> None:
        """Read the class of a command; its methods do not count, for it may only stand where it is not run."""
        for base in (*node.bases, *(keyword.value for keyword in node.keywords), *node.decorator_list):
            if not self.is_command_class(base):
                self.value(base)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef):
                for value in (*statement.args.defaults, *statement.args.kw_defaults):
                    self._value_if_any(value)
                if any(self.bindings.dotted(value) not in _METHOD_KINDS for value in statement.decorator_list):
                    self.report(statement, f"{statement.name} is decorated")
            else:
                self._read_statement(statement)

    def is_command_class(self, node: ast.expr) -> bool:
        """Whether ``node`` names a class of the module, or one of setuptools' commands."""
        dotted = self.bindings.dotted(node)
        if dotted is None:
            return False
        return dotted in self.bindings.classes or f"{dotted}.".startswith(names.COMMAND_MODULES) or dotted == "object"

    # Imports

    def _import_from(self, node: ast.ImportFrom) -> None:
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
            if root not in names.LOADED_AT_START and self._modules.file(root) is not None:
                self.report(node, f"{root} may be the project's own module or another")
        elif self._modules.file(module) is None:
            makes = module.partition(".")[0] in _EXTENSION_MODULES
            what = f"{module} is imported"
            if makes:
                self.report_extension(node, f"{what}, which serves to build extension modules")
            else:
                self.report(node, f"{what}, which is not known to be harmless")
        elif None not in wanted:
            for name in wanted:
                self._local_name(node, module, str(name))
        elif not self._uses_attributes_of(module):
            problem = self._modules.problem(module)
            if problem is not None:
                self.report(node, f"{module} is imported, and {problem}")

    def _uses_attributes_of(self, module: str) -> bool:
        """Whether what is used of ``module`` is seen, and judged, elsewhere."""
        return any(
            isinstance(part, ast.Attribute) and self.bindings.dotted(part.value) == module
            for part in ast.walk(self.module)
        )

    def _local_name(self, node: ast.AST, module: str, name: str) -> None:
        """Judge ``name`` of a module of the project: a literal is harmless, anything else if the whole module is.

        The module may fail to be imported for reasons of its own; where that might be caught, a literal is not enough.
        """
        if self._stopping_is_final and self._modules.is_literal(module, name):
            return
        problem = self._modules.problem_of_name(module, name)
        if problem is not None:
            self.report(node, f"{module}.{name} is imported, and {problem}")

    def _problem_in(self, filename: str, module: ast.Module) -> str | None:
        if filename in self.above:
            return None  # a circle: it is being judged already
        if len(self.above) > _MAX_DEPTH:
            return f"{filename} is too many imports away"
        reader = ModuleReader(self.project, filename, module, above=self.above, final=self._stopping_is_final)
        if reader.calls_setup:
            return f"{filename} calls setup()"
        return reader.findings[0].because if reader.findings else None

    # Expressions

    def _value_if_any(self, node: ast.expr | None) -> None:
        if node is not None:
            self.value(node)

    def value(self, node: ast.expr, *, about: str = "") -> None:
        """Judge an expression; ``about`` is what it is for, to be named in a finding."""
        before, self._about = self._about, about or self._about
        dotted = self.bindings.dotted(node)
        if isinstance(node, ast.Call):
            self._call(node)
        elif dotted is not None:
            self._name(node, dotted)
        elif isinstance(node, ast.Constant):
            pass
        elif isinstance(node, ast.Attribute):
            self._attribute(node)
        elif isinstance(node, ast.Lambda):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                self._value_if_any(default)
            self.value(node.body)
        elif isinstance(node, ast.Dict):
            self._dictionary(node)
        elif isinstance(node, _PLAIN):
            self._parts(node)
        else:
            self.report(node, f"{type(node).__name__} is not recognised here")
        self._about = before

    def _dictionary(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            self._value_if_any(key)
            if isinstance(key, ast.Constant) and key.value in names.EXTENSION_KEYWORDS and not _is_empty(value):
                self.report_extension(value, str(key.value))
            if not self.is_command_class(value):  # cmdclass is judged where it is given to setup()
                self.value(value)

    def _parts(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr) and not isinstance(getattr(child, "ctx", None), ast.Store):
                self.value(child)
            elif isinstance(child, ast.comprehension):
                self._parts(child)

    def _name(self, node: ast.expr, dotted: str) -> None:
        """Judge a name: bound here to harmless values, a harmless built-in, or something of a module."""
        if dotted in self.bindings.plain or dotted in names.BUILTINS or dotted in names.HARMLESS:
            return
        root = dotted.partition(".")[0]
        module, _, name = dotted.rpartition(".")
        if isinstance(node, ast.Attribute) and (root in self.bindings.plain or (module in names.TYPES and name)):
            self._attribute(node)
        elif module and self._modules.file(module) is not None and root not in names.IMPORTABLE:
            self._local_name(node, module, name)
        elif dotted in names.SETUP:
            self.report(node, "setup is used without being called")
        else:
            self._report_name(node, dotted)

    def _attribute(self, node: ast.Attribute) -> None:
        if node.attr not in names.METHODS:
            self.report(node, f"the attribute {node.attr} is not known to be harmless")
        self.value(node.value)

    def _call(self, node: ast.Call) -> None:
        dotted = self.bindings.dotted(node.func) or ""
        last = node.func.attr if isinstance(node.func, ast.Attribute) else dotted.rpartition(".")[2]
        if last in names.EXTENSION_CALLS:
            self.report_extension(node, f"{last}()")
            return
        if dotted in names.SETUP:
            self.calls_setup = True
            SetupCall(self, node).judge()
            return
        arguments = node.args
        if dotted == "exec":
            self._exec(node)
            arguments = node.args[1:]
        elif not isinstance(node.func, ast.Name | ast.Attribute) or (
            dotted in self.bindings.plain and not self.bindings.is_callable(dotted)
        ):
            self.report(node, f"{ast.unparse(node.func)} is called, and it cannot be told what that is")
        else:
            self.value(node.func)
        for argument in arguments:
            self.value(argument)
        for keyword in node.keywords:
            if keyword.arg in names.EXTENSION_KEYWORDS and not _is_empty(keyword.value):
                self.report_extension(keyword.value, str(keyword.arg))
            self.value(keyword.value)

    def _exec(self, node: ast.Call) -> None:
        path = executed_file(self.bindings, node, self.project.path)
        if path is None:
            self.report(node, "exec() runs what cannot be told from here")
            return
        problem = self._modules.problem_of_file(path)
        if problem is not None:
            self.report(node, f"exec() runs a file, and {problem}")
        elif len(node.args) == 1 and (module := parse(path)) is not None:
            self.bindings.plain |= Bindings(module).plain


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


def _is_empty(node: ast.expr) -> bool:
    return is_literal(node) and not ast.literal_eval(node)
