"""The expressions of a ``setup.py``, and what is known of its module as a whole."""

from __future__ import annotations

import ast
import re
from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from pep517_multi.sources.evidence import setup_names as names
from pep517_multi.sources.evidence.literals import is_empty_literal, parse, walked
from pep517_multi.sources.evidence.project import Finding, Project, extension, unknown
from pep517_multi.sources.evidence.setup_bindings import Bindings
from pep517_multi.sources.evidence.setup_call import SetupCall
from pep517_multi.sources.evidence.setup_flow import Flow
from pep517_multi.sources.evidence.setup_imports import LocalModules
from pep517_multi.sources.evidence.setup_order import Orders
from pep517_multi.sources.evidence.setup_paths import executed_file, is_project_folder
from pep517_multi.sources.evidence.setup_versions import decided

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_DEPTH = 5
_ABOUT_PROCESSES = re.compile(r"(?:^|/)proc(?:/|$)")
_REACHING_FORMAT = re.compile(r"\{[^{}]*[.\[]\s*_*[a-z_]*(?:__|buffer|encoding)")
_ORDERED_DICT = "collections.OrderedDict"
_DOCSTRING = "the indentation of a docstring depends on the version of Python"
_PLAIN = (
    ast.List, ast.Tuple, ast.Set, ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.JoinedStr,
    ast.FormattedValue, ast.Slice, ast.Subscript, ast.Starred, ast.NamedExpr,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip
"""Expressions that are harmless when all their parts are."""
_REPEATED = (ast.For, ast.While, ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""What may run several times."""


def _is_flush(module: ast.Module) -> bool:
    """Whether CPython 3.13 and newer, which take common indentation out of docstrings, leave that of ``module``."""
    text = ast.get_docstring(module, clean=False) or ""
    first, *others = text.split("\n")
    filled = [line for line in others if line.strip()]
    return "\t" not in text and first == first.lstrip() and (not filled or any(line[0] != " " for line in filled))


class ExpressionReader(ABC):
    """Judges a module; ``findings`` has the result, ``calls_setup`` whether it calls ``setup()``.

    Names are resolved for the module as a whole: whatever one is bound to anywhere in it counts.

    :param above: the files that import or execute this one, outermost first.
    :param final: whether what the module raises stops everything, for nobody catches it.
    :param elsewhere: whether imports may look into other folders than that of ``setup.py``, too.
    """

    def __init__(
        self,
        project: Project,
        filename: str,
        module: ast.Module,
        *,
        above: tuple[str, ...] = (),
        final: bool = True,
        elsewhere: bool = False,
    ) -> None:
        self.project = project
        self.filename = filename
        self.module = module
        self.above = (*above, filename)
        self.bindings = Bindings(module)
        self.flow = Flow(module, self.bindings)
        self.orders = Orders(module, self.bindings, self.flow)
        self.findings: list[Finding] = []
        self.guards: list[Finding] = []
        """Conditions under which the module stops for Pythons that are too old, and for no others."""
        self.calls_setup = False
        self.about = ""
        self.stopping_is_final = final
        self.modules = LocalModules(project.path, self._problem_in)
        self.searches_elsewhere = elsewhere or self._looks_elsewhere
        self.read(module.body)

    @abstractmethod
    def read(self, body: Iterable[ast.stmt]) -> None:
        """Judge statements one by one."""

    def report(self, node: ast.AST, problem: str, *, compiled_only: bool = False, by_family: bool = False) -> None:
        """Note that ``node`` makes the verdict unknown, perhaps only as to what is compiled, or between families."""
        compiled_only = compiled_only or self.flow.ends_in_extensions(node)
        because = f"{self._place(node)}: {problem}"
        self.findings.append(unknown(because, compiled_only=compiled_only, by_family=by_family))

    def report_extension(self, node: ast.AST, what: str) -> None:
        """Note that ``node`` has to do with extension modules."""
        self.findings.append(extension(f"{self._place(node)}: {what}"))

    def _place(self, node: ast.AST) -> str:
        return f"{self.filename}:{getattr(node, 'lineno', 1)}"

    def _report_name(self, node: ast.AST, dotted: str) -> None:
        asked = next((known for known in names.ASKING if dotted == known or dotted.startswith(f"{known}.")), None)
        if asked:
            problem = f"{self.about} depends on {asked}" if self.about else f"it looks at {asked}"
            self.report(node, problem, by_family=self._is_of_family(node, dotted))
        else:
            self.report(node, f"{dotted} is not known to be harmless")

    def _is_of_family(self, node: ast.AST, dotted: str) -> bool:
        """Whether all implementations of one ABI family, on one machine, have the same there."""
        match self.flow.above(node):
            case ast.Call(args=[ast.Constant(value="Py_GIL_DISABLED")]) if dotted == "sysconfig.get_config_var":
                return True
            case _:
                return dotted in names.OF_FAMILY

    def value_if_any(self, node: ast.expr | None) -> None:
        """Judge an expression, if there is one."""
        if node is not None:
            self.value(node)

    def value(self, node: ast.expr, *, about: str = "") -> None:
        """Judge an expression; ``about`` is what it is for, to be named in a finding."""
        before, self.about = self.about, about or self.about
        if self.orders.shows(node):
            self.report(node, f"{self.about or 'something'} depends on the order of a set")
        if self.orders.shows_walk(node):
            self.report(node, f"{self.about or 'something'} depends on the order in which folders are walked through")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _ABOUT_PROCESSES.search(node.value):
            self.report(node, "it looks at what the system knows of this process")
        if isinstance(node, ast.Constant) and node.value == "__doc__":
            self.report(node, _DOCSTRING)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _REACHING_FORMAT.search(node.value):
            self.report(node, "a format that reaches into objects may find the interpreter")
        self._value(node)
        self.about = before

    def _value(self, node: ast.expr) -> None:
        dotted = self.bindings.dotted(node)
        if isinstance(node, ast.Call):
            self._call(node)
        elif dotted is not None:
            self._name(node, dotted)
        elif isinstance(node, ast.Constant) or decided(node, self.bindings) is not None:
            pass
        elif isinstance(node, ast.IfExp) and (known := decided(node.test, self.bindings)) is not None:
            self.value(node.body if known else node.orelse)
        elif isinstance(node, ast.Attribute):
            self._attribute(node)
        elif isinstance(node, ast.Lambda):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                self.value_if_any(default)
            self.value(node.body)
        elif isinstance(node, ast.Dict):
            self._dictionary(node)
        elif isinstance(node, _PLAIN):
            self._parts(node)
        else:
            self.report(node, f"{type(node).__name__} is not recognised here")

    def _dictionary(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            self.value_if_any(key)
            if isinstance(key, ast.Constant) and key.value in names.EXTENSION_KEYWORDS and not is_empty_literal(value):
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
        if dotted == "__doc__" and not _is_flush(self.module):
            self.report(node, _DOCSTRING)
        if dotted == _ORDERED_DICT and self._makes_texts:
            self.report(node, f"how {dotted} looks as a text depends on the version of Python")
        if dotted in self.bindings.plain or dotted in names.BUILTINS or dotted in names.HARMLESS:
            return
        root = dotted.partition(".")[0]
        module, _, name = dotted.rpartition(".")
        if isinstance(node, ast.Attribute) and (root in self.bindings.plain or (module in names.TYPES and name)):
            self._attribute(node)
        elif module and self.modules.file(module) is not None and root not in names.IMPORTABLE:
            self.local_name(node, module, name)
        elif dotted in names.SETUP:
            self.report(node, "setup is used without being called")
        else:
            self._report_name(node, dotted)

    @cached_property
    def _makes_texts(self) -> bool:
        """Whether the module may make a text of any object."""
        for part in ast.walk(self.module):
            match part:
                case (
                    ast.Name(id="str" | "format")
                    | ast.Attribute(attr="format" | "format_map")
                    | ast.JoinedStr()
                    | ast.BinOp(left=ast.Constant(value=str()), op=ast.Mod())
                ):
                    return True
                case _:
                    pass
        return False

    def _attribute(self, node: ast.Attribute) -> None:
        if node.attr not in names.METHODS:
            self.report(node, f"the attribute {node.attr} is not known to be harmless")
        self.value(node.value)

    def _call(self, node: ast.Call) -> None:  # noqa: C901 - one case for each kind of function
        dotted = self.bindings.dotted(node.func) or ""
        last = self._last_name(node)
        if last in names.EXTENSION_CALLS:
            self._extension_call(node, last)
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
        elif isinstance(node.func, ast.Attribute) and last in names.PATTERN_METHODS and dotted not in names.HARMLESS:
            self._pattern_method(node, node.func)
        else:
            self.value(node.func)
        if dotted == "os.chdir" and not all(is_project_folder(self.bindings, argument) for argument in arguments):
            self.report(node, "the current folder is changed")
        for argument in arguments:
            self.value(argument)
            self._mode(argument)
        for keyword in node.keywords:
            if keyword.arg in names.EXTENSION_KEYWORDS and not is_empty_literal(keyword.value):
                self.report_extension(keyword.value, str(keyword.arg))
            if keyword.arg in names.NEWER_KEYWORDS and self._may_be_noticed(node.func, dotted, str(keyword.arg)):
                self.report(node, f"not every supported Python knows the keyword {keyword.arg}")
            self._mode(keyword.value)
            self.value(keyword.value)

    def _extension_call(self, node: ast.Call, function: str) -> None:
        """Note an extension module: how it is compiled is a stable ABI's affair, which ones there are is not."""
        self.report_extension(node, f"{function}()")
        if self._may_be_left_out(node):
            self.report(node, "which extension modules are built may depend on whether they can be compiled")
        for name in (*node.args[:1], *(keyword.value for keyword in node.keywords if keyword.arg == "name")):
            self.value(name)

    def _may_be_left_out(self, node: ast.Call) -> bool:
        """Whether the build may go on without this extension module and with others.

        If there is only one, a wheel without it is no stable-ABI wheel, and shared with nobody.
        """
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        optional = given.get("optional")
        if optional is None and (None not in given or self.flow.holds_arguments(given[None])):
            return False
        if isinstance(optional, ast.Constant) and not optional.value:
            return False
        calls = [part for part in walked(self.module) if isinstance(part, ast.Call)]
        calls = [call for call in calls if self._last_name(call) in names.EXTENSION_CALLS]
        return calls != [node] or any(isinstance(above, _REPEATED) for above in self._all_above(node))

    def _all_above(self, node: ast.AST) -> Iterator[ast.AST]:
        above = self.flow.above(node)
        while above is not None:
            yield above
            above = self.flow.above(above)

    def _last_name(self, call: ast.Call) -> str:
        """Return what is called by its own name, without the module or object that has it."""
        function = call.func
        return (
            function.attr
            if isinstance(function, ast.Attribute)
            else (self.bindings.dotted(function) or "").rpartition(".")[2]
        )

    def _mode(self, argument: ast.expr) -> None:
        """Find a mode or encoding that some Pythons refuse, where somebody may go on without the file."""
        if isinstance(argument, ast.Constant) and argument.value in names.REFUSED and not self.stopping_is_final:
            self.report(argument, f"not every supported Python opens a file with {argument.value!r}")

    def _pattern_method(self, node: ast.Call, function: ast.Attribute) -> None:
        """Judge ``path.glob(…)``, which means the same for all only with a plain pattern for what is in folders."""
        match node:
            case ast.Call(args=[ast.Constant(value=str(pattern))], keywords=[]) if not pattern.endswith(("**", "/")):
                pass
            case _:
                self.report(node, f"what {function.attr}() finds with this pattern depends on the version of Python")
        self.value(function.value)

    def _may_be_noticed(self, function: ast.expr, dotted: str, keyword: str) -> bool:
        """Whether an older Python, refusing the keyword, would go on all the same; else it stops."""
        opens = keyword == "newline" and not (isinstance(function, ast.Attribute) and function.attr.endswith("_text"))
        own = isinstance(function, ast.Name) and self.bindings.is_callable(dotted)
        return not (self.stopping_is_final or opens or own)

    @property
    def _looks_elsewhere(self) -> bool:
        """Whether a folder comes into ``sys.path`` that is not certainly that of ``setup.py``."""
        calls = (part for part in walked(self.module) if isinstance(part, ast.Call))
        added = (call for call in calls if self.bindings.dotted(call.func) in {"sys.path.insert", "sys.path.append"})
        return any(not is_project_folder(self.bindings, argument) for call in added for argument in call.args[-1:])

    def _exec(self, node: ast.Call) -> None:
        path = executed_file(self.bindings, node, self.project.path)
        if path is None:
            self.report(node, "exec() runs what cannot be told from here")
            return
        problem = self.modules.problem_of_file(path)
        if problem is not None:
            self.report(node, f"exec() runs a file, and {problem}")
        elif len(node.args) == 1 and (module := parse(path)) is not None:
            self.bindings.plain |= Bindings(module).plain

    def is_command_class(self, node: ast.expr) -> bool:
        """Whether ``node`` names a class of the module, or one of setuptools' commands."""
        dotted = self.bindings.dotted(node)
        if dotted is None:
            return False
        return dotted in self.bindings.classes or f"{dotted}.".startswith(names.COMMAND_MODULES) or dotted == "object"

    def local_name(self, node: ast.AST, module: str, name: str) -> None:
        """Judge ``name`` of a module of the project: a literal beside mere definitions, or of a harmless module.

        The module may fail to be imported for reasons of its own; where that might be caught, a literal is not enough.
        """
        if self.stopping_is_final and self.modules.is_literal(module, name) and self.modules.is_quiet(module):
            return
        path = self.modules.file(module) if name == "__doc__" else None
        if path is not None and not _is_flush(parse(path) or ast.Module([], [])):
            self.report(node, _DOCSTRING)
        problem = self.modules.problem_of_name(module, name)
        if problem is not None:
            self.report(node, f"{module}.{name} is imported, and {problem}")

    def _problem_in(self, filename: str, module: ast.Module) -> str | None:
        if filename in self.above:
            return None  # a circle: it is being judged already
        if len(self.above) > _MAX_DEPTH:
            return f"{filename} is too many imports away"
        reader = type(self)(
            self.project,
            filename,
            module,
            above=self.above,
            final=self.stopping_is_final,
            elsewhere=self.searches_elsewhere,
        )
        self.guards += reader.guards
        if reader.calls_setup:
            return f"{filename} calls setup()"
        return reader.findings[0].because if reader.findings else None
