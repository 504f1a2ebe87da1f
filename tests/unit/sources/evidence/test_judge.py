from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sample_table

from pep517_multi.sources.buildsystem import read_build_system, read_pyproject
from pep517_multi.sources.evidence import Evidence, Verdict, judge

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGES = Path(__file__).parents[3] / "packages"


def judged(tree: Path, files: Mapping[str, str] | None = None) -> Evidence:
    for name, text in (files or {}).items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    pyproject = read_pyproject(tree)
    return judge(tree, read_build_system(tree, pyproject), pyproject)


def build_system(backend: str, *requires: str) -> str:
    quoted = ", ".join(f'"{requirement}"' for requirement in requires)
    return f'[build-system]\nrequires = [{quoted}]\nbuild-backend = "{backend}"\n'


def own_backend(name: str, backend: str) -> str:
    return f'{build_system(backend)}backend-path = ["."]\n[project]\nname = "{name}"\n'


FLIT = build_system("flit_core.buildapi", "flit_core") + '[project]\nname = "pkg"\n'
HATCH = build_system("hatchling.build", "hatchling")
POETRY = build_system("poetry.core.masonry.api", "poetry-core")
PDM = build_system("pdm.backend", "pdm-backend")
SETUPTOOLS = build_system("setuptools.build_meta", "setuptools")
MESON = build_system("mesonpy", "meson-python")
SCIKIT = build_system("scikit_build_core.build", "scikit-build-core")
MATURIN = build_system("maturin", "maturin")


VERDICTS = {verdict.value for verdict in Verdict}  # trees without one are refused before there is anything to judge
SAMPLES = [pytest.param(row, id=row.name) for row in sample_table.samples() if row.verdict in VERDICTS]


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_tree_is_judged_as_its_table_says(sample: sample_table.Sample) -> None:
    assert judged(PACKAGES / sample.name).verdict.value == sample.verdict


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"pyproject.toml": FLIT}, id="flit"),
        pytest.param({"pyproject.toml": FLIT.replace("flit_core.buildapi", "flit.buildapi")}, id="flit-itself"),
        pytest.param(
            {
                "pyproject.toml": FLIT + 'dynamic = ["version", "description"]',
                "pkg.py": '"""Doc."""\n__version__ = "1"',
            },
            id="flit-reads-the-module",
        ),
        pytest.param(
            {
                "pyproject.toml": FLIT + 'dynamic = ["version"]',
                "src/pkg/__init__.py": "import os",
                "src/pkg/_version.py": '__version__: str = "1"',
            },
            id="flit-reads-the-version-module",
        ),
        pytest.param(
            {
                "pyproject.toml": build_system("flit_core.buildapi", "flit_core")
                + '[tool.flit.metadata]\nmodule = "old"',
                "old.py": '"""Doc."""\n__version__ = "1"',
            },
            id="flit-of-old",
        ),
        pytest.param({"pyproject.toml": build_system("uv_build", "uv_build>=0.8,<0.9")}, id="uv"),
        pytest.param({"pyproject.toml": HATCH}, id="hatchling"),
        pytest.param(
            {
                "pyproject.toml": build_system(
                    "hatchling.build", "hatchling; os_name=='posix'", "tomli; python_version<'3.11'"
                )
            },
            id="markers-that-make-no-difference",
        ),
        pytest.param({"pyproject.toml": FLIT + "dynamic = [['version']]"}, id="flit-nonsense"),
        pytest.param(
            {"pyproject.toml": build_system("hatchling.build", "hatch-vcs", "hatchling", "setuptools-scm>8")},
            id="hatchling-beside-setuptools-scm",
        ),
        pytest.param({"pyproject.toml": own_backend("flit_core", "flit_core.buildapi")}, id="flit_core-by-itself"),
        pytest.param({"pyproject.toml": own_backend("hatchling", "hatchling.ouroboros")}, id="hatchling-by-itself"),
        pytest.param({"pyproject.toml": own_backend("pdm-backend", "pdm.backend.intree")}, id="pdm-backend-by-itself"),
        pytest.param(
            {"pyproject.toml": own_backend("poetry_core", "poetry.core.masonry.api")}, id="poetry-core-by-itself"
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS,
                "setup.cfg": "[options]\nsetup_requires = setuptools>=44; setuptools_scm[toml]",
            },
            id="setup-cfg-list-in-one-line",
        ),
        pytest.param(
            {"pyproject.toml": build_system("setuptools.build_meta", "setuptools>=77", "coherent.licensed")},
            id="setuptools-with-a-licence-by-name",
        ),
        pytest.param(
            {
                "pyproject.toml": build_system("hatchling.build", "hatchling", "hatch_VCS", "hatch-fancy-pypi-readme")
                + '[tool.hatch]\nversion.source = "vcs"\nbuild.hooks.vcs.version-file = "_v.py"\n'
                + "metadata.hooks.fancy-pypi-readme.content-type = 'text/markdown'"
            },
            id="hatchling-with-harmless-plugins",
        ),
        pytest.param({"pyproject.toml": HATCH, "hatch.toml": "[version]\npath = 'a.py'"}, id="hatch-toml"),
        pytest.param({"pyproject.toml": POETRY + '[tool.poetry]\nname = "a"'}, id="poetry"),
        pytest.param(
            {"pyproject.toml": POETRY + "[project]\nname = 'a'\nrequires-python = '>=3.9'\n[tool.poetry]\nname = 'a'"},
            id="poetry-with-both-tables-not-for-3.8",
        ),
        pytest.param(
            {
                "pyproject.toml": build_system("poetry.core.masonry.api", "poetry-core>=2")
                + "[project]\nname = 'a'\n[tool.poetry]\nname = 'a'"
            },
            id="poetry-2-with-both-tables",
        ),
        pytest.param({"pyproject.toml": PDM + '[tool.pdm.version]\nsource = "scm"'}, id="pdm"),
        pytest.param({"pyproject.toml": PDM + '[tool.pdm]\nversion = { path = "a.py" }'}, id="pdm-file"),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + "[tool.setuptools.packages.find]\nwhere = ['src']"}, id="setuptools"
        ),
        pytest.param(
            {
                "pyproject.toml": build_system(
                    "setuptools.build_meta", "setuptools>=61", "wheel", "setuptools_scm[toml]>=8"
                )
            },
            id="setuptools-scm",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "pkg.version.VERSION"}',
                "src/pkg/version.py": "import sys\nVERSION: tuple = (1, 2)",
            },
            id="setuptools-attr-literal",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS,
                "MANIFEST.in": "include *.txt",
                "setup.cfg": "[metadata]\nname = a\nversion = attr: a.__version__\n[options]\npackages = find:\n"
                "setup_requires =\n  setuptools_scm\n[bdist_wheel]\nuniversal = 1\n[flake8]\ncmdclass = x",
                "a.py": "__version__ = '1'",
            },
            id="setup-cfg",
        ),
        pytest.param(
            {"setup.cfg": "[metadata]\nname = a", "setup.py": "import setuptools\nsetuptools.setup()"}, id="legacy"
        ),
        pytest.param({"pyproject.toml": SETUPTOOLS, "tests/sample.pyx": ""}, id="cython-sample-among-the-tests"),
        pytest.param(
            {
                "pyproject.toml": build_system(
                    "setuptools.build_meta",
                    "setuptools; python_version != '3.3'",
                    "setuptools<40; python_version == '3.3'",
                )
            },
            id="markers-that-hold-for-all-or-for-none",
        ),
        pytest.param(
            {"pyproject.toml": SCIKIT + "[tool.scikit-build]\nwheel.cmake = false"}, id="scikit-without-cmake"
        ),
        pytest.param(
            {
                "pyproject.toml": SCIKIT + '[tool.scikit-build.wheel]\npy-api = "py3"',
                "CMakeLists.txt": "project(tool C)",
            },
            id="scikit-program",
        ),
        pytest.param({"pyproject.toml": MATURIN + '[tool.maturin]\nbindings = "bin"'}, id="maturin-program"),
    ],
)
def test_what_is_recognised_as_harmless_is_independent(tmp_path: Path, files: dict[str, str]) -> None:
    evidence = judged(tmp_path, files)

    assert evidence.verdict is Verdict.INDEPENDENT, evidence
    assert len(evidence.because) == 1


@pytest.mark.parametrize(
    ("files", "because"),
    [
        pytest.param(
            {"pyproject.toml": FLIT + "dynamic = ['version']", "pkg.py": "from x import __version__"},
            "pkg.py: flit_core imports it for __version__",
            id="flit-imports-for-the-version",
        ),
        pytest.param(
            {"pyproject.toml": FLIT + "dynamic = ['description']", "pkg.py": ""},
            "docstring",
            id="flit-imports-for-the-docstring",
        ),
        pytest.param({"pyproject.toml": FLIT + "dynamic = ['version']"}, "imports pkg", id="flit-finds-no-module"),
        pytest.param(
            {"pyproject.toml": FLIT, "pkg/_x.cpython-312-x86_64-linux-gnu.so": ""},
            "pkg/_x.cpython-312-x86_64-linux-gnu.so",
            id="compiled-file-in-the-source",
        ),
        pytest.param({"pyproject.toml": SETUPTOOLS + 'backend-path = ["."]'}, "backend-path", id="backend-path"),
        pytest.param(
            {"pyproject.toml": own_backend("other", "poetry.core.masonry.api")},
            "backend-path",
            id="backend-of-another-project",
        ),
        pytest.param(
            {"pyproject.toml": own_backend("hatchling", "own")}, "backend-path", id="backend-with-another-one-inside"
        ),
        pytest.param(
            {
                "pyproject.toml": own_backend("hatchling", "hatchling.ouroboros") + "[tool.hatch.build.hooks.custom]",
            },
            "tool.hatch.build.hooks.custom",
            id="backend-by-itself-with-a-hook",
        ),
        pytest.param({"pyproject.toml": build_system("sipbuild.api", "sip-x")}, "sipbuild.api", id="unknown-backend"),
        pytest.param(
            {"pyproject.toml": HATCH + '[tool.hatch.build.hooks.custom]\npath = "hook.py"'},
            "tool.hatch.build.hooks.custom",
            id="hatch-custom-hook",
        ),
        pytest.param(
            {"pyproject.toml": HATCH + "[tool.hatch.build.targets.wheel.hooks.custom]"},
            "tool.hatch.build.targets.wheel.hooks.custom",
            id="hatch-wheel-hook",
        ),
        pytest.param(
            {"pyproject.toml": HATCH, "hatch.toml": "[build.hooks.custom]"},
            "hatch.toml: build.hooks.custom",
            id="hatch-toml-hook",
        ),
        pytest.param({"pyproject.toml": HATCH, "hatch.toml": "["}, "hatch.toml", id="hatch-toml-broken"),
        pytest.param(
            {"pyproject.toml": HATCH + "[tool.hatch.metadata.hooks.custom]"},
            "metadata.hooks.custom",
            id="hatch-metadata-hook",
        ),
        pytest.param(
            {"pyproject.toml": HATCH + '[tool.hatch.version]\nsource = "code"'}, "version.source", id="hatch-code"
        ),
        pytest.param(
            {"pyproject.toml": HATCH + "[tool.hatch.build.hooks.mypyc]\nenable-by-default = false"},
            "switch on",
            id="hatch-hook-off-by-default",
        ),
        pytest.param(
            {"pyproject.toml": build_system("hatchling.build", "hatchling", "hatch-odd")},
            "hatch-odd",
            id="hatch-plugin",
        ),
        pytest.param(
            {"pyproject.toml": POETRY + '[tool.poetry.build]\nscript = "build.py"'}, "build.py", id="poetry-script"
        ),
        pytest.param(
            {"pyproject.toml": POETRY + '[tool.poetry]\nbuild = "build.py"'}, "build.py", id="poetry-script-short"
        ),
        pytest.param(
            {"pyproject.toml": POETRY + "[tool.poetry.build]\ngenerate-setup-file = true"},
            "setup.py",
            id="poetry-setup-file",
        ),
        pytest.param(
            {"pyproject.toml": POETRY + "[tool.poetry]\nbuild = 1"}, "tool.poetry.build", id="poetry-nonsense"
        ),
        pytest.param({"pyproject.toml": PDM, "pdm_build.py": ""}, "pdm_build.py", id="pdm-default-hook"),
        pytest.param({"pyproject.toml": PDM + '[tool.pdm.build]\ncustom-hook = "h.py"'}, "h.py", id="pdm-hook"),
        pytest.param({"pyproject.toml": PDM + "[tool.pdm.build]\nis-purelib = false"}, "is-purelib", id="pdm-platlib"),
        pytest.param({"pyproject.toml": PDM + '[tool.pdm.version]\nsource = "call"'}, "call", id="pdm-version-call"),
        pytest.param({"pyproject.toml": PDM + "[tool.pdm.version]\nsource = ['scm']"}, "['scm']", id="pdm-list"),
        pytest.param(
            {"pyproject.toml": PDM + '[tool.pdm.version]\nsource = "scm"\nversion_format = "vf:fmt"'},
            "tool.pdm.version.version_format runs code",
            id="pdm-version-format",
        ),
        pytest.param({"pyproject.toml": HATCH + "[tool.hatch.version]\nsource = ['vcs']"}, "['vcs']", id="hatch-list"),
        pytest.param(
            {"pyproject.toml": HATCH + '[tool.hatch.version]\nsource = "vcs"\nraw-options.local_scheme = "a:b"'},
            "version.raw-options.local_scheme runs code",
            id="hatch-vcs-scheme-of-the-project",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + '[tool.setuptools_scm]\nversion_scheme = ["post", "a.b:c"]'},
            "tool.setuptools_scm.version_scheme runs code",
            id="setuptools-scm-scheme-of-the-project",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + '[project.entry-points."distutils.commands"]\nbuild_py = "a:b"'},
            "pyproject.toml: project.entry-points.distutils.commands: setuptools may run code",
            id="setuptools-command-by-an-entry-point",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS,
                "setup.cfg": "[options.entry_points]\nsetuptools.finalize_distribution_options =\n  a = b:c",
            },
            "setup.cfg: options.entry_points.setuptools.finalize_distribution_options",
            id="setup-cfg-command-by-an-entry-point",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS + '[tool.setuptools.dynamic]\nentry-points.file = "points.txt"',
                "points.txt": "[distutils.setup_keywords]\na = b:c",
            },
            "points.txt: setuptools may run code",
            id="entry-points-from-a-file",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS, "src/a.egg-info/entry_points.txt": "[egg_info.writers]\na = b:c"},
            "src/a.egg-info/entry_points.txt: setuptools may run code",
            id="entry-points-of-stored-metadata",
        ),
        pytest.param(
            {
                "pyproject.toml": build_system(
                    "setuptools.build_meta", "setuptools<69; python_version<'3.12'", "setuptools>=69"
                )
            },
            "what is built with depends on the interpreter (setuptools<69",
            id="backend-chosen-by-a-marker",
        ),
        pytest.param(
            {"pyproject.toml": build_system("flit_core.buildapi", "flit_core<3; implementation_name=='pypy'")},
            "what is built with depends on the interpreter (flit_core<3",
            id="flit-chosen-by-a-marker",
        ),
        pytest.param(
            {
                "pyproject.toml": SCIKIT + '[tool.scikit-build.wheel]\npy-api = "py3"',
                "CMakeLists.txt": "include(cmake/x.cmake)",
                "cmake/x.cmake": "find_package(Python)",
            },
            "cmake/x.cmake:1: CMake looks at the interpreter",
            id="cmake-looks-at-the-interpreter-in-a-module",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + "[tool.setuptools]\nnamespace-packages = ['a']"},
            "a file with the version of Python in its name",
            id="namespace-packages",
        ),
        pytest.param(
            {"setup.cfg": "[options]\nnamespace_packages = a", "setup.py": "import setuptools\nsetuptools.setup()"},
            "a file with the version of Python in its name",
            id="namespace-packages-in-setup-cfg",
        ),
        pytest.param(
            {"setup.py": "import setuptools\nsetuptools.setup(namespace_packages=['a'])"},
            "a file with the version of Python in its name",
            id="namespace-packages-in-setup-py",
        ),
        pytest.param(
            {"pyproject.toml": POETRY + "[project]\nname = 'a'\n[tool.poetry]\nname = 'a'"},
            "poetry-core 1",
            id="poetry-with-both-tables",
        ),
        pytest.param(
            {
                "pyproject.toml": HATCH
                + "[tool.hatch.build.hooks.version]\ndependencies = ['odd; python_version<\"3.12\"']"
            },
            "build.dependencies: requires odd, which may change what is built",
            id="hatch-dependencies-of-a-hook",
        ),
        pytest.param(
            {"pyproject.toml": HATCH, "hatch.toml": "[build.targets.wheel]\nrequire-runtime-dependencies = true"},
            "what the project requires is there in the build",
            id="hatch-runtime-dependencies",
        ),
        pytest.param(
            {"pyproject.toml": SCIKIT + "[tool.scikit-build.metadata.version]\nprovider = ['a']"},
            "has a provider that may do anything",
            id="scikit-list",
        ),
        pytest.param(
            {"pyproject.toml": build_system("pdm.backend", "pdm-backend", "pdm-build-odd")},
            "pdm-build-odd",
            id="pdm-plugin",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + '[tool.setuptools.cmdclass]\nbuild_py = "a.B"'},
            "cmdclass",
            id="setuptools-cmdclass",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + "[tool.setuptools]\nnovelty = 1"}, "novelty", id="setuptools-novelty"
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + "[tool.distutils.bdist_wheel]\npy-limited-api = 'cp39'"},
            "py-limited-api",
            id="setuptools-limited-api",
        ),
        pytest.param(
            {"pyproject.toml": build_system("setuptools.build_meta", "setuptools", "pbr")},
            "pbr",
            id="setuptools-plugin",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "a.V"}', "a.py": "V = f()"},
            "imports a ",
            id="setuptools-attr-code",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "V"}'},
            "imports V ",
            id="setuptools-attr-without-module",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS, "setup.cfg": "[metadata]\nversion = attr: none.V"},
            "imports none",
            id="setup-cfg-attr-missing",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS, "setup.cfg": "[options]\ncmdclass =\n  test = a.B"},
            "options.cmdclass",
            id="setup-cfg-cmdclass",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS, "setup.cfg": "[options]\nsetup_requires = odd"},
            "odd",
            id="setup-cfg-setup-requires",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS, "setup.cfg": "[options]\nsetup_requires = a b;c"},
            "no requirement",
            id="setup-cfg-odd-list",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS, "setup.cfg": "[build_py]\ncompile = 1"}, "compile", id="setup-cfg-compile"
        ),
        pytest.param({"pyproject.toml": SETUPTOOLS, "setup.cfg": "broken"}, "setup.cfg", id="setup-cfg-broken"),
        pytest.param({"pyproject.toml": SETUPTOOLS, "src/pkg/fast.pyx": ""}, "src/pkg/fast.pyx", id="cython-alone"),
        pytest.param(
            {
                "pyproject.toml": MESON,
                "meson.build": "project('a', 'c')\n# x.extension_module()",
                "tests/sample/meson.build": "py.extension_module('x')",
            },
            "meson.build",
            id="meson-without-extension",
        ),
        pytest.param({"pyproject.toml": SCIKIT}, "builder's tag", id="scikit"),
        pytest.param(
            {
                "pyproject.toml": SCIKIT + "[tool.scikit-build]\nwheel.py-api = 'py3'",
                "CMakeLists.txt": "find_package(Python)",
            },
            "CMakeLists.txt:1",
            id="scikit-asks-for-python",
        ),
        pytest.param(
            {"pyproject.toml": SCIKIT + "[tool.scikit-build]\nwheel.cmake = false\noverrides = [{}]"},
            "overrides",
            id="scikit-overrides",
        ),
        pytest.param(
            {"pyproject.toml": SCIKIT + "[tool.scikit-build]\nwheel.cmake = false\nmetadata.version.provider = 'odd'"},
            "metadata.version",
            id="scikit-provider",
        ),
        pytest.param(
            {"pyproject.toml": SCIKIT + "[tool.scikit-build]\nwheel.cmake = false\ngenerate = [{}]"},
            "generate",
            id="scikit-generate",
        ),
        pytest.param(
            {"pyproject.toml": SCIKIT + "[tool.scikit-build]\nwheel.cmake = false\nwheel.tags = ['a-b-c']"},
            "wheel.tags",
            id="scikit-tags",
        ),
        pytest.param({"pyproject.toml": MATURIN + "[tool.maturin]\nbindings = 'cffi'"}, "cffi", id="maturin-cffi"),
        pytest.param({"pyproject.toml": MATURIN, "Cargo.toml": "[package]"}, "Cargo.toml", id="maturin-unclear"),
        pytest.param({"pyproject.toml": MATURIN, "Cargo.toml": "["}, "cannot be read", id="maturin-broken"),
        pytest.param(
            {
                "pyproject.toml": FLIT + 'dynamic = ["version"]',
                "pkg/__init__.py": "import sys\n__version__ = None\nif sys.hexversion:\n    __version__ = '2'\n",
                "pkg/_version.py": "__version__ = '1'",
            },
            "flit_core imports it for __version__",
            id="flit-placeholder-for-the-version",
        ),
        pytest.param(
            {
                "pyproject.toml": FLIT + 'dynamic = ["version", "description"]',
                "pkg/__init__.py": '"""Doc."""\nimport sys\nfrom ._v import __version__\n__doc__ = sys.version\n',
                "pkg/_v.py": "__version__ = '1'",
            },
            "the docstring that it makes of itself",
            id="flit-docstring-of-an-imported-module",
        ),
        pytest.param(
            {
                "pyproject.toml": FLIT + 'dynamic = ["version"]',
                "pkg/__init__.py": "import sys\nfrom ._v import __version__\nglobals()['__version__'] = sys.version",
                "pkg/_v.py": "__version__ = '1'",
            },
            "flit_core imports it for __version__",
            id="flit-version-bound-unseen",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS + '[tool.setuptools.dynamic]\nversion = {attr = "pkg.v"}',
                "pkg/__init__.py": "v = '1'",
                "pkg.py": "import sys\nv = sys.version",
            },
            "imports pkg for its value",
            id="attr-of-a-module-beside-a-package",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS
                + '[tool.setuptools.package-dir]\npkg = "odd"\n[tool.setuptools.dynamic]\nversion = {attr = "pkg.v"}',
                "src/pkg/__init__.py": "v = '1'",
                "odd/__init__.py": "import sys\nv = sys.version",
            },
            "imports pkg for its value",
            id="attr-of-a-package-in-a-folder-of-its-own",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS,
                "setup.cfg": "[metadata]\nversion = attr: pkg.v\n[options]\npackage_dir =\n  = lib\n",
                "src/pkg/__init__.py": "v = '1'",
                "lib/pkg/__init__.py": "import sys\nv = sys.version",
            },
            "imports pkg for its value",
            id="attr-below-the-package-dir-of-setup-cfg",
        ),
        pytest.param(
            {"pyproject.toml": build_system("setuptools.build_meta", "setuptools @ https://example.org/s.whl")},
            "from a place of its own",
            id="backend-of-unknown-origin",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS,
                "hooks-1.dist-info/entry_points.txt": "[setuptools.finalize_distribution_options]\na = hooks:finish\n",
            },
            "may run code of the project",
            id="hooks-of-a-dist-info-in-the-tree",
        ),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS
                + '[tool.setuptools_scm]\ngit_describe_command = ["python", "-c", "print(1)"]',
            },
            "git_describe_command runs a program",
            id="scm-with-another-command",
        ),
        pytest.param(
            {
                "pyproject.toml": HATCH + "[tool.hatch.version]\nsource = 'vcs'\n"
                "[tool.hatch.version.raw-options]\nscm.git.describe_command = 'python -V'",
            },
            "describe_command runs a program",
            id="hatch-vcs-with-another-command",
        ),
        pytest.param(
            {
                "pyproject.toml": SCIKIT + '[tool.scikit-build.wheel]\npy-api = "py3"',
                "CMakeLists.txt": "add_subdirectory(examples)",
                "examples/CMakeLists.txt": "find_package(Python)",
            },
            "examples/CMakeLists.txt:1: CMake looks at the interpreter",
            id="scikit-samples-that-are-installed",
        ),
        pytest.param(
            {
                "pyproject.toml": SCIKIT + '[tool.scikit-build.wheel]\npy-api = "py3"',
                "CMakeLists.txt": "include(rules.inc)",
                "rules.inc": "find_package(Python)",
            },
            "CMakeLists.txt:1: CMake includes",
            id="scikit-file-of-another-name",
        ),
    ],
)
def test_what_is_not_recognised_is_unknown_and_the_reason_says_where(
    tmp_path: Path, files: dict[str, str], because: str
) -> None:
    evidence = judged(tmp_path, files)

    assert evidence.verdict is Verdict.UNKNOWN, evidence
    assert any(because in reason for reason in evidence.because), evidence


@pytest.mark.parametrize(
    ("files", "because"),
    [
        pytest.param(
            {"pyproject.toml": build_system("setuptools.build_meta", "setuptools", "Cython>=3")},
            "cython",
            id="cython-required",
        ),
        pytest.param(
            {"pyproject.toml": build_system("setuptools.build_meta", "setuptools", "mypy")}, "mypy", id="mypyc"
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + '[[tool.setuptools.ext-modules]]\nname = "x"'},
            "ext-modules",
            id="setuptools-declared",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS + '[[tool.setuptools-rust.ext-modules]]\ntarget = "x"'},
            "setuptools-rust",
            id="setuptools-rust",
        ),
        pytest.param(
            {"pyproject.toml": SETUPTOOLS, "setup.py": "print(1)", "fast.pyx": ""},
            "fast.pyx",
            id="cython-with-a-setup-py-not-understood",
        ),
        pytest.param(
            {"pyproject.toml": HATCH + "[tool.hatch.build.targets.wheel.hooks.mypyc]"}, "hooks.mypyc", id="hatch-mypyc"
        ),
        pytest.param({"pyproject.toml": HATCH + "[tool.hatch.build.hooks.cython]"}, "hooks.cython", id="hatch-cython"),
        pytest.param({"pyproject.toml": PDM + "[tool.pdm.build]\nrun-setuptools = true"}, "run-setuptools", id="pdm"),
        pytest.param(
            {"pyproject.toml": MESON, "src/meson.build": "\npy.extension_module('x')"}, "src/meson.build:2", id="meson"
        ),
        pytest.param(
            {"pyproject.toml": SCIKIT, "CMakeLists.txt": "Python_add_library (x)"}, "CMakeLists.txt:1", id="scikit"
        ),
        pytest.param({"pyproject.toml": MATURIN, "Cargo.toml": "[dependencies]\npyo3 = '1'"}, "pyo3", id="maturin"),
        pytest.param(
            {"pyproject.toml": MATURIN + "[tool.maturin]\nbindings = 'pyo3'"}, "bindings", id="maturin-bindings"
        ),
        pytest.param(
            {"pyproject.toml": build_system("own", "cffi") + 'backend-path = ["."]', "own.py": ""},
            "cffi",
            id="in-tree-backend-with-cffi",
        ),
        pytest.param(
            {"pyproject.toml": build_system("own", "x") + 'backend-path = ["."]', "a/b.pyx": ""},
            "a/b.pyx",
            id="in-tree-backend-with-cython-source",
        ),
    ],
)
def test_extension_modules_are_found(tmp_path: Path, files: dict[str, str], because: str) -> None:
    evidence = judged(tmp_path, files)

    assert evidence.verdict is Verdict.EXTENSION, evidence
    assert any(because in reason for reason in evidence.because), evidence


@pytest.mark.parametrize(
    ("files", "doubt"),
    [
        pytest.param({"pyproject.toml": MESON, "meson.build": "py.extension_module('x')"}, "meson.build", id="meson"),
        pytest.param(
            {
                "pyproject.toml": SETUPTOOLS
                + "[tool.setuptools]\next-modules = [{name = 'a'}, {name = 'b', optional = true}]"
            },
            "tool.setuptools.ext-modules are built",
            id="setuptools-optional",
        ),
        pytest.param(
            {"pyproject.toml": SCIKIT, "CMakeLists.txt": "python_add_library(x)"},
            "CMakeLists.txt: what is installed besides",
            id="cmake",
        ),
        pytest.param(
            {
                "pyproject.toml": MATURIN
                + "[tool.maturin]\nbindings = 'pyo3'\nfeatures = [{feature = 'abi3', python-version = '<3.13'}]"
            },
            "tool.maturin.features",
            id="maturin-features",
        ),
        pytest.param(
            {
                "pyproject.toml": MATURIN + "[tool.maturin]\nbindings = 'pyo3'",
                "build.rs": 'use std::fs;\nfn main() { fs::write("python/pkg/_config.py", text()); }',
            },
            "build.rs:2",
            id="maturin-build-script",
        ),
    ],
)
def test_beside_extension_modules_a_program_that_installs_is_in_doubt(
    tmp_path: Path, files: dict[str, str], doubt: str
) -> None:
    evidence = judged(tmp_path, files)
    assert evidence.verdict is Verdict.EXTENSION
    assert any(doubt in reason for reason in evidence.doubts)


def test_a_plain_maturin_project_is_not_in_doubt(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": MATURIN + "[tool.maturin]\nbindings = 'pyo3'\nfeatures = ['pyo3/abi3-py38']",
        "build.rs": "fn main() { pyo3_build_config::use_pyo3_cfgs(); }",
    }
    assert judged(tmp_path, files).doubts == ()


def test_a_condition_on_the_stable_abi_is_told_apart_from_doubts_of_the_rest(tmp_path: Path) -> None:
    setup_py = (
        "import sys\nfrom setuptools import Extension, setup\nlimited = sys.version_info < (3, 13)\n"
        "setup(ext_modules=[Extension('a', ['a.c'], py_limited_api=limited)])\n"
    )
    evidence = judged(tmp_path, {"pyproject.toml": SETUPTOOLS, "setup.py": setup_py})
    assert (evidence.doubts, evidence.tag_doubts) == ((), ("setup.py:3: limited depends on sys.version_info",))
    assert evidence.turning_points() == {13}


def test_modules_under_conditions_of_the_platform_and_the_implementation_need_no_proof(tmp_path: Path) -> None:
    setup_py = """\
import subprocess, sys, sysconfig
try:
    import setuptools
    from setuptools import Extension, setup
except ImportError:
    setuptools = None
    from distutils.core import Extension, setup
from _platform import POSIX
CPYTHON = sys.version_info[:2] >= (3, 6) and sys.implementation.name == "cpython"
if setuptools and CPYTHON and not sysconfig.get_config_var("Py_GIL_DISABLED"):
    limited = {"py_limited_api": True}
    options = {"bdist_wheel": {"py_limited_api": "cp36"}}
else:
    limited = {}
    options = {}
def text():
    return subprocess.check_output([sys.executable, "readme.py"], text=True)
if POSIX:
    module = Extension("a._posix", ["a.c"], **limited)
else:
    module = Extension("a._other", ["b.c"], **limited)
setup(name="a", version="1", packages=["a"], ext_modules=[module], options=options, long_description=text())
"""
    files = {"pyproject.toml": SETUPTOOLS, "setup.py": setup_py, "a/__init__.py": ""}
    evidence = judged(tmp_path, files | {"_platform.py": "import os\nPOSIX = os.name == 'posix'\n"})
    assert evidence.doubts == ()
    assert evidence.tag_doubts
