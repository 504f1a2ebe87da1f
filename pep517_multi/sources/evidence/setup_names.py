# ruff: noqa: E501, SIM905 - tables of words read better than lists of strings
"""Names that a ``setup.py`` may use: what is harmless, what asks for the interpreter, what makes extensions.

Whatever is in none of these tables is not recognised, and the verdict becomes unknown. A name is harmless when what
it gives depends on nothing but its arguments and the files of the project, and when every supported Python has it.
"""

from __future__ import annotations

SETUP = frozenset({"setuptools.setup", "distutils.core.setup"})

STOPS = frozenset({"sys.exit", "os._exit", "exit", "quit", "SystemExit"})

SHOWING = frozenset({"print", "sys.stderr.write", "sys.stdout.write", "warnings.warn"})

BUILTINS = frozenset(
    """
    False None True __file__ __name__ __doc__ all any bool bytes chr dict enumerate exit filter float format frozenset int
    isinstance iter len list map max min next object open ord print quit range reversed round set slice sorted
    str sum tuple zip AssertionError AttributeError BaseException EnvironmentError EOFError Exception FileNotFoundError
    IOError ImportError IndexError KeyError LookupError ModuleNotFoundError NameError NotImplementedError OSError
    PermissionError RuntimeError StopIteration SyntaxError SystemExit TypeError UnicodeDecodeError UnicodeError
    ValueError Warning DeprecationWarning UserWarning
    """.split()
)

HARMLESS = frozenset(
    name if not prefix else f"{prefix}.{name}"
    for prefix, names in {
        "os.path": "abspath basename commonpath commonprefix curdir dirname exists getsize isabs isdir isfile islink join"
        " normpath pardir realpath relpath sep split splitext",
        "os": "chdir curdir fspath getcwd linesep listdir makedirs mkdir pardir remove rename sep unlink walk",
        "sys": "argv exit path.append path.insert stderr stderr.write stdout stdout.write stdout.flush stderr.flush",
        "io": "open StringIO BytesIO",
        "codecs": "open BOM_UTF8",
        "glob": "glob iglob",
        "re": "A ASCII DOTALL I IGNORECASE M MULTILINE S U UNICODE VERBOSE X compile escape findall finditer fullmatch match"
        " search split sub subn",
        "textwrap": "dedent fill indent wrap",
        "ast": "literal_eval",
        "json": "load loads dump dumps",
        "itertools": "chain chain.from_iterable product",
        "functools": "partial reduce",
        "collections": "OrderedDict defaultdict namedtuple",
        "pathlib": "Path PurePath PurePosixPath PosixPath Path.cwd",
        "fnmatch": "filter fnmatch fnmatchcase",
        "configparser": "ConfigParser RawConfigParser",
        "contextlib": "closing",
        "shutil": "copy copy2 copyfile copytree move rmtree",
        "warnings": "warn",
        "setuptools": "find_namespace_packages find_packages PEP420PackageFinder.find PackageFinder.find",
        "distutils.util": "convert_path",
        "setuptools_scm": "get_version",
    }.items()
    for name in names.split()
)

RISKY_BUILTINS = frozenset(
    """
    __builtins__ __debug__ __import__ breakpoint compile delattr dir eval exec getattr globals hasattr hash help id input
    issubclass locals memoryview setattr super type vars
    """.split()
)
"""Built-in names that stay what they are even where a parameter or variable somewhere has the same name."""

TYPES = frozenset({"bytes", "dict", "list", "set", "str", "tuple"})

METHODS = frozenset(
    """
    add append as_posix capitalize close copy count decode encode end endswith exists expandtabs extend find findall flush
    format format_map get group groupdict groups index insert intersection is_dir is_file isalpha isdigit isspace items join joinpath
    iterdir keys ljust lower lstrip match name open parent parents partition parts pop read read_bytes read_file read_string
    read_text readline readlines relative_to remove replace resolve reverse rfind rindex rjust rpartition rsplit
    rstrip search seek sections setdefault sort span split splitlines start startswith stem strip sub suffix title
    translate union update upper values with_name with_suffix write writelines zfill absolute discard difference
    """.split()
)
"""Attributes of plain values: strings, lists, dictionaries, sets, files, matches, paths, configuration files."""

STABLE_MODULES = frozenset(
    {name.rpartition(".")[0] for name in HARMLESS} | {"os", "sys", "distutils.core", "typing"}
) - {
    "setuptools_scm",
    "itertools.chain",
    "pathlib.Path",
    "setuptools.PackageFinder",
    "setuptools.PEP420PackageFinder",
    "distutils.util",
}
"""Modules whose import never fails where setuptools runs, so that a handler for that is dead code."""

IMPORTABLE = STABLE_MODULES | frozenset(
    """
    __future__ argparse base64 contextlib copy ctypes datetime distutils doctest enum getpass gzip hashlib inspect optparse
    pickle pkgutil signal site socket tarfile threading tokenize urllib uuid webbrowser xml zipfile zlib distutils distutils.cmd distutils.util distutils.version email errno importlib locale logging
    multiprocessing operator pkg_resources platform pprint random setuptools_scm shlex shutil stat string struct subprocess
    sysconfig tempfile time traceback types unittest wheel
    """.split()
)
"""Modules whose import alone does no harm; most of what is in them is not harmless to use."""

STABLE_NAMES = (
    HARMLESS
    | SETUP
    | frozenset(
        """
        collections.Counter collections.deque contextlib.contextmanager contextlib.suppress copy.copy copy.deepcopy
        datetime.date datetime.datetime datetime.timedelta distutils.core.Command distutils.core.Extension
        functools.lru_cache functools.wraps itertools.islice operator.attrgetter operator.itemgetter os.environ os.getenv
        os.path platform.machine platform.python_implementation platform.python_version platform.system
        setuptools.Command setuptools.Distribution setuptools.Extension shlex.quote shlex.split shutil.which
        subprocess.CalledProcessError subprocess.PIPE subprocess.Popen subprocess.call subprocess.check_call
        subprocess.check_output subprocess.run sys.platform sys.version_info sysconfig.get_config_var
        sysconfig.get_config_vars sysconfig.get_path sysconfig.get_paths sysconfig.get_platform tempfile.NamedTemporaryFile
        tempfile.TemporaryDirectory tempfile.mkdtemp time.sleep time.time traceback.print_exc typing.Any typing.Callable
        typing.Dict typing.Iterable typing.Iterator typing.List typing.Optional typing.TYPE_CHECKING typing.Tuple
        typing.Union
        """.split()
    )
)
"""Names that every supported Python has in modules that may be imported: asking for one of them asks for nothing."""

QUIET = IMPORTABLE | frozenset(
    """
    _thread abc bisect builtins calendar cmath copyreg csv decimal difflib fractions gc heapq hmac html keyword linecache
    math mimetypes numbers queue reprlib secrets selectors statistics stringprep token unicodedata weakref zipimport
    _dummy_thread dummy_thread thread
    """.split()
)
"""Modules whose import does nothing that could be noticed from outside. Every supported Python has them but for the last
three, which older ones had, and which code that still asks for them never insists on."""

COMMAND_MODULES = (
    "distutils.cmd",
    "distutils.command.",
    "setuptools.command.",
    "wheel.bdist_wheel",
    "setuptools.Command",
)

ASKING = {
    name: name
    for name in """
    sys.version_info sys.version sys.hexversion sys.platform sys.implementation sys.maxsize sys.maxunicode sys.byteorder
    sys.executable sys.prefix sys.exec_prefix sys.base_prefix sys.flags sys.abiflags sys.builtin_module_names sys.modules
    sys.path sys.subversion sys.pypy_version_info sys.api_version sys.getwindowsversion
    os.name os.environ os.getenv os.uname os.cpu_count platform sysconfig distutils.sysconfig distutils.util.get_platform
    distutils.version six.PY2 six.PY3 struct.calcsize importlib imp pkgutil pkg_resources subprocess os.system os.popen
    """.split()
} | {"__debug__": "__debug__"}
"""What asks for the interpreter or the machine, worth naming in a reason; a name stands for all below it too."""

OF_FAMILY = frozenset(
    """
    os.environ os.environ.get os.getenv os.name platform.machine platform.python_implementation platform.system
    sys.implementation.name sys.platform
    """.split()
)
"""What is the same for all implementations of one ABI family on one machine, whatever their versions."""

EXTENSION_CALLS = frozenset(
    """
    CFFIExtension CMakeExtension CUDAExtension CppExtension CythonExtension Extension FFIExtension NumpyExtension
    Pybind11Extension RustBin RustExtension cythonize mypycify intree_extensions ffi_extension
    """.split()
)

EXTENSION_KEYWORDS = frozenset({"cffi_modules", "ext_modules", "libraries", "rust_extensions"})

HARMLESS_KEYWORDS = frozenset(
    """
    author author_email bugtrack_url classifiers data_files dependency_links description download_url eager_resources
    entry_points exclude_package_data extras_require include_package_data install_requires keywords license license_file
    license_files long_description long_description_content_type maintainer maintainer_email name
    obsoletes obsoletes_dist package_data package_dir packages platforms project_urls provides provides_dist
    py_modules python_requires requires requires_dist requires_python scripts summary test_loader test_suite
    tests_require url use_scm_version version zip_safe
    """.split()
)

NAMESPACES = "namespace_packages makes setuptools write a file with the version of Python in its name"

WHEEL_COMMANDS = ("bdist", "build", "dist_info", "editable", "egg_info", "install")
"""How the names of the commands begin that a wheel build may run."""

SPARE_COMMANDS = frozenset({"bdist_egg", "bdist_rpm", "build_doc", "build_docs", "build_sphinx"})
"""Commands that begin so and that no wheel build runs."""

PROBING_ERRORS = frozenset({"AttributeError", "NameError", "NotImplementedError", "SyntaxError", "TypeError"})
"""Who catches these may be trying what the interpreter can do."""

ALL_ERRORS = frozenset({"BaseException", "Exception"})
"""Who catches these catches the others too."""

NEWER_KEYWORDS = frozenset(
    {
        "allow_unnamed_section", "case_sensitive", "dir_fd", "include_hidden", "initial", "newline", "onexc",
        "recurse_symlinks", "root_dir", "skip_file_prefixes", "strict", "walk_up",
    }
)  # fmt: skip
"""Keywords of harmless functions that only newer Pythons know."""

REFUSED = frozenset({"U", "Ur", "rU", "rbU", "Urb", "rUb", "locale"})
"""Modes of files that Python 3.11 refuses, and an encoding that older ones do not know."""

PATTERN_METHODS = frozenset({"glob", "rglob"})
"""Methods of paths that read some patterns in another way since Python 3.11 or 3.13."""

LOADED_AT_START = frozenset({"codecs", "distutils", "io", "os", "re", "setuptools", "sys"})
"""Modules that are there before ``setup.py`` runs, so that no file of the project can stand in for them."""
