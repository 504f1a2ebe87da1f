from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from pep517_multi.sources.evidence import Evidence, Verdict, judge
from pep517_multi.sources.tree import BuildSystem

if TYPE_CHECKING:
    from pathlib import Path

SETUPTOOLS = BuildSystem("setuptools.build_meta:__legacy__", ("setuptools>=40.8.0",), declared=False)


def judged(tree: Path, setup_py: str, **modules: str) -> Evidence:
    (tree / "setup.py").write_text(textwrap.dedent(setup_py), encoding="utf-8")
    (tree / "pkg").mkdir(exist_ok=True)
    for name, text in modules.items():
        path = tree / "pkg" / "__init__.py" if name == "pkg" else tree / "pkg" / f"{name}.py"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    return judge(tree, SETUPTOOLS, {})


HARMLESS = {
    "bare": """
        from setuptools import setup
        setup()
    """,
    "imported-on-the-spot": "__import__('setuptools').setup()",
    "only-when-run": """
        import setuptools
        if __name__ == "__main__":
            packages = setuptools.find_packages("src", exclude=["tests*"])
            setuptools.setup(name="a", packages=packages, package_dir={"": "src"})
    """,
    "guard": """
        import sys
        from setuptools import setup
        if sys.version_info < (3, 8):
            sys.exit("too old")
        setup()
    """,
    "guard-with-a-long-story": """
        import sys, platform
        from setuptools import setup
        if sys.version_info < (3, 8):
            message = "needs 3.8, not {}".format(platform.python_version())
            sys.stderr.write(message)
            raise SystemExit(1)
        else:
            setup(name="a")
    """,
    "python-2-left-behind": """
        import sys
        from setuptools import setup
        PY2 = sys.version_info[0] == 2
        if sys.version_info[:2] < (3, 0):
            import odd
            packages = odd.packages
        elif not sys.version_info >= (3, 8):
            packages = []
        else:
            packages = ["a"]
        open_ = open if sys.version_info.major > 2 else odd.open
        setup(packages=packages, zip_safe=PY2)
    """,
    "one-name-for-two-of-a-kind": """
        from os.path import exists
        if exists("a"):
            from codecs import open
            from setuptools import setup
        else:
            from io import open
            from distutils.core import setup
        setup(description=open("a").read())
    """,
    "guard-by-a-name": """
        import sys
        from setuptools import setup
        CURRENT = sys.version_info[:2]
        REQUIRED = (3, 8)
        if CURRENT < REQUIRED:
            sys.stderr.write("needs {}.{}, not {}.{}".format(*(REQUIRED + CURRENT)))
            sys.exit(1)
        setup()
    """,
    "failure-with-a-word-on-it": """
        import sys
        from setuptools import setup
        try:
            from setuptools.command.bdist_wheel import bdist_wheel
        except (ImportError, SyntaxError) as error:
            sys.stderr.write("cannot be had: {}".format(error))
            sys.exit(1)
        setup()
    """,
    "guard-by-several-bounds": """
        import sys
        from setuptools import setup
        OLDEST = (3, 9)
        too_old = sys.version_info < OLDEST
        if too_old or sys.version_info.minor < 10 or not sys.hexversion >= 0x030B0000:
            sys.exit("too old")
        if sys.version_info[:2] >= (3, 10):
            setup()
        else:
            raise RuntimeError("too old")
        assert (3, 10) <= sys.version_info
    """,
    "file-that-may-be-missing": """
        import os
        from setuptools import setup
        def read(name):
            return open(os.path.join(os.path.dirname(__file__), name)).read()
        try:
            text = read("README")
        except Exception:
            text = ""
        try:
            with open("HISTORY", newline="") as stream:
                text += stream.read()
        except:
            pass
        setup(long_description=text)
    """,
    "patterns-that-mean-the-same": """
        import glob
        from pathlib import Path
        from setuptools import setup
        names = [path.name for path in Path("pkg").glob("**/*.txt")] + glob.glob("*.txt")
        setup(package_data={"pkg": names})
    """,
    "keyword-that-stops-old-versions": "import setuptools\nsetuptools.setup(keywords=list(zip('a', 'b', strict=True)))",
    "entry-points-that-only-installers-read": """
        from setuptools import setup
        setup(entry_points={"console_scripts": ["a = pkg:main"]}, use_scm_version={"local_scheme": "no-local-version"})
    """,
    "guard-by-assertion": """
        import sys
        from setuptools import setup
        assert sys.version_info >= (3, 8), "too old"
        setup()
    """,
    "guard-in-a-function": """
        import sys
        from setuptools import setup
        def check():
            if sys.version_info < (3, 8):
                raise RuntimeError("too old")
        check()
        setup()
    """,
    "publish-shortcut": """
        import os, sys
        from setuptools import setup
        if sys.argv[-1] == "publish":
            os.system("python setup.py sdist upload")
            sys.exit()
        setup()
    """,
    "distutils-as-fallback": """
        try:
            from setuptools import setup
        except ImportError:
            from distutils.core import setup
        setup(name="a", py_modules=["a"])
    """,
    "readme": """
        import codecs, os
        from setuptools import setup
        here = os.path.abspath(os.path.dirname(__file__))
        def read(*parts):
            with codecs.open(os.path.join(here, *parts), encoding="utf-8") as stream:
                return stream.read()
        try:
            history = read("HISTORY.rst")
        except IOError:
            history = ""
        setup(long_description=read("README.rst") + "\\n\\n" + history)
    """,
    "version-by-regular-expression": """
        import re
        from pathlib import Path
        from setuptools import setup
        text = (Path(__file__).parent / "pkg" / "__init__.py").read_text(encoding="utf-8")
        match = re.search(r"^__version__ = ['\\"](.*)['\\"]", text, re.M)
        if not match:
            raise RuntimeError("no version")
        setup(version=match.group(1))
    """,
    "requirements-from-a-file": """
        from setuptools import setup
        with open("requirements.txt") as f:
            install_requires = [line.strip() for line in f if not line.startswith("#")]
        extras = {"dev": ["pytest"]}
        extras["all"] = sorted(set(sum(extras.values(), [])))
        setup(install_requires=install_requires, extras_require=extras, python_requires=">=3.8",
              classifiers=["Programming Language :: Python :: 3.%d" % minor for minor in (8, 9)])
    """,
    "environment-markers": """
        from setuptools import setup
        setup(install_requires=["tomli; python_version < '3.11'", "colorama; sys_platform == 'win32'"])
    """,
    "keyword-arguments-in-a-dictionary": """
        from setuptools import setup
        arguments = dict(name="a", version="1")
        arguments["packages"] = ["a"]
        arguments.update({"zip_safe": False}, license="MIT")
        setup(**arguments)
    """,
    "no-extensions-after-all": """
        from setuptools import setup
        setup(name="a", ext_modules=[], cffi_modules=None)
    """,
    "command-that-no-wheel-build-runs": """
        import sys
        from setuptools import setup, Command
        from setuptools.command.test import test as TestCommand
        class PyTest(TestCommand):
            user_options = [("args=", "a", "arguments")]
            def run_tests(self):
                import pytest
                sys.exit(pytest.main(self.args))
        class BuildDoc(Command):
            @staticmethod
            def run(self):
                print(sys.version_info)
        commands = {"test": PyTest}
        commands["build_docs"] = BuildDoc
        setup(cmdclass=commands)
    """,
    "setup-requires-only-sometimes": """
        import sys
        from setuptools import setup
        needs_pytest = {"pytest", "test"}.intersection(sys.argv)
        pytest_runner = ["pytest-runner"] if needs_pytest else []
        setup(setup_requires=["setuptools_scm"] + pytest_runner, use_scm_version={"write_to": "pkg/_version.py"})
    """,
    "own-folder": """
        import os
        from setuptools import setup
        here = os.path.dirname(os.path.abspath(__file__))
        os.chdir(here)
        setup()
    """,
    "nested-dictionaries": """
        from setuptools import setup
        base = {"name": "a"}
        setup(**{**base, "version": "1"}, **dict({"url": "u"}, license="MIT"))
    """,
    "cleaning-up": """
        import os
        from setuptools import setup
        try:
            names = [name for name in os.listdir(".") if name.endswith(".txt") and not name.startswith("_")]
        finally:
            print("done")
        i = 0
        while i < len(names):
            i += 1
        for first, *rest in [(1, 2)]:
            continue
        del i
        setup(data_files=[("share", names[:-1])], keywords=f"{len(names):d} files", name=str.lower("A"))
    """,
    "lambda": """
        from setuptools import setup
        read = lambda name, mode="r": open(name, mode).read()
        setup(long_description=read("README"))
    """,
    "stale-manifest": """
        import os
        from setuptools import setup
        if os.path.exists("MANIFEST"):
            os.remove("MANIFEST")
        setup(options={"bdist_wheel": {"universal": "1"}})
    """,
}


@pytest.mark.parametrize("setup_py", [pytest.param(text, id=name) for name, text in HARMLESS.items()])
def test_what_cannot_reach_the_wheel_is_harmless(tmp_path: Path, setup_py: str) -> None:
    evidence = judged(tmp_path, setup_py)

    assert evidence.verdict is Verdict.INDEPENDENT, evidence


ORDERED = "from setuptools import setup\nWORDS = set(open('words').read().split())\nsetup(name='a', {})\n"


@pytest.mark.parametrize(
    "use",
    [
        "description=' '.join(sorted(WORDS))",
        "zip_safe='a' in WORDS",
        "version=str(len(WORDS))",
        "keywords=sorted(WORDS - {'a', 'b'} | set())",
    ],
)
def test_a_set_is_harmless_as_long_as_its_order_is_not_seen(tmp_path: Path, use: str) -> None:
    assert judged(tmp_path, ORDERED.format(use)).verdict is Verdict.INDEPENDENT


@pytest.mark.parametrize(
    "use",
    [
        "description=' '.join(WORDS)",
        "keywords=list(WORDS)",
        "keywords=[word for word in WORDS]",
        "description=str({'a', 'b'})",
        "keywords=' '.join(frozenset('abc'))",
        "keywords=list({'a': 1}.keys() - {'b'})",
        "keywords=' '.join(WORDS.union('ab'))",
        "keywords=[words := set(), words.update('abc')] and list(words)",
    ],
)
def test_a_set_whose_order_gets_into_the_wheel_depends_on_the_interpreter(tmp_path: Path, use: str) -> None:
    evidence = judged(tmp_path, ORDERED.format(use))

    assert evidence.verdict is Verdict.UNKNOWN
    assert any("the order of a set" in reason for reason in evidence.because), evidence


TELLING = {
    "text-of-an-error": (
        """
        import json
        from setuptools import setup
        try:
            json.loads("[1,]")
        except ValueError as error:
            told = str(error)
        setup(description=told)
        """,
        "setup.py:6: what an error says",
    ),
    "text-of-an-ordered-dictionary": (
        """
        from collections import OrderedDict
        from setuptools import setup
        setup(description=str(OrderedDict(a=1)))
        """,
        "setup.py:4: how collections.OrderedDict looks",
    ),
    "set-that-is-filled-later": (
        """
        from setuptools import setup
        words = set()
        for word in "a b c".split():
            words.add(word)
        setup(keywords=", ".join(words))
        """,
        "setup.py:3: words depends on the order of a set",
    ),
    "format-that-reaches-far": (
        """
        from setuptools import setup
        def f(): pass
        setup(description="{0.__globals__[sys].version}".format(f))
        """,
        "setup.py:4: a format that reaches into objects",
    ),
    "what-the-system-knows": (
        """
        import os
        from setuptools import setup
        setup(description=os.path.realpath("/proc/self/exe"))
        """,
        "setup.py:4: it looks at what the system knows",
    ),
    "text-of-an-object": (
        """
        from setuptools import setup
        setup(description=repr(chr(129768)))
        """,
        "setup.py:3: repr is not known",
    ),
    "tree-chosen-by-version": (
        """
        import sys
        from setuptools import setup
        folder = "py%d.%d" % sys.version_info[:2]
        setup(package_dir={"": folder})
        """,
        "setup.py:4: folder depends on sys.version_info",
    ),
    "argument": (
        """
        import os
        from setuptools import setup
        setup(install_requires=["a"] if os.name == "nt" else [])
        """,
        "setup.py:4: install_requires depends on os.name",
    ),
    "condition": (
        """
        import sys
        from setuptools import setup
        requires = ["a"]
        if sys.platform.startswith("linux"):
            requires += ["b"]
        setup(install_requires=requires)
        """,
        "setup.py:5: requires depends on sys.platform",
    ),
    "by-another-name": (
        """
        from platform import python_implementation as which
        from setuptools import setup
        setup(packages=[which()])
        """,
        "setup.py:4: packages depends on platform",
    ),
    "module-handed-around": ("import sys, setuptools\nf = [sys]\nsetuptools.setup()", "sys is not known"),
    "environment": ("import os, setuptools\nsetuptools.setup(name=os.environ['X'])", "os.environ"),
    "debug-flag": ("import setuptools\nsetuptools.setup(zip_safe=__debug__)", "__debug__"),
    "debug-flag-behind-a-parameter": (
        "import setuptools\ndef f(getattr): pass\nsetuptools.setup(name=getattr(setuptools, '__version__'))",
        "getattr",
    ),
    "version-of-setuptools": (
        "import setuptools\nsetuptools.setup(name=setuptools.__version__)",
        "setuptools.__version__",
    ),
    "probing-by-import": (
        """
        from setuptools import setup
        try:
            import argparse
            requires = []
        except ImportError:
            requires = ["argparse"]
        setup(install_requires=requires)
        """,
        "setup.py:4: what is done depends on whether argparse can be imported",
    ),
    "probing-by-from-import": (
        """
        from setuptools import setup
        try:
            from importlib.metadata import version
        except ImportError:
            pass
        setup()
        """,
        "importlib.metadata",
    ),
    "probing-by-attribute": (
        """
        from setuptools import setup
        text = "x"
        try:
            text = text.strip()
        except AttributeError:
            text = "y"
        setup(name=text)
        """,
        "AttributeError",
    ),
    "guard-that-is-caught": (
        """
        import sys
        from setuptools import setup
        old = False
        try:
            if sys.version_info < (3, 10):
                raise RuntimeError
        except RuntimeError:
            old = True
        setup(packages=["old" if old else "new"])
        """,
        "setup.py:6: what is done depends on sys.version_info",
    ),
    "guard-that-is-caught-elsewhere": (
        """
        import sys
        from setuptools import setup
        def check():
            if sys.version_info < (3, 10):
                raise RuntimeError
        packages = ["a"]
        try:
            check()
        except RuntimeError:
            packages = []
        setup(packages=packages)
        """,
        "sys.version_info",
    ),
    "guard-against-another-implementation": (
        """
        import platform, sys
        from setuptools import setup
        if platform.python_implementation() == "PyPy":
            sys.exit("CPython only")
        setup()
        """,
        "setup.py:4: what is done depends on platform",
    ),
    "guard-against-newer-versions": (
        """
        import sys
        from setuptools import setup
        if sys.version_info < (3, 9) or sys.version_info >= (3, 13):
            sys.exit("too old or too new")
        setup()
        """,
        "setup.py:4: what is done depends on sys.version_info",
    ),
    "guard-against-newer-versions-the-other-way-round": (
        """
        import sys
        from setuptools import setup
        if (3, 13) > sys.version_info:
            setup()
        else:
            raise RuntimeError
        """,
        "setup.py:4: what is done depends on sys.version_info",
    ),
    "guard-against-newer-versions-by-a-name": (
        """
        import sys
        from setuptools import setup
        CURRENT = sys.version_info[:2]
        if CURRENT > (3, 12):
            sys.exit("too new")
        setup()
        """,
        "setup.py:4: CURRENT depends on sys.version_info",
    ),
    "assertion-against-newer-versions": (
        "import sys, setuptools\nassert sys.version_info < (3, 13)\nsetuptools.setup()",
        "setup.py:2: it looks at sys.version_info",
    ),
    "pattern-that-versions-read-differently": (
        "from pathlib import Path\nimport setuptools\nsetuptools.setup(data_files=list(Path('a').glob('b/**')))",
        "setup.py:3: what glob() finds",
    ),
    "pattern-that-cannot-be-told": (
        "from pathlib import Path\nimport setuptools\np = '*'\nsetuptools.setup(data_files=list(Path('a').rglob(p)))",
        "setup.py:4: what rglob() finds",
    ),
    "pattern-method-handed-around": (
        "from pathlib import Path\nimport setuptools\nfind = Path('a').glob\nsetuptools.setup()",
        "the attribute glob",
    ),
    "keyword-that-only-newer-versions-know": (
        """
        import glob
        from setuptools import setup
        try:
            found = glob.glob("*.py", root_dir="pkg")
        except ValueError:
            found = []
        setup(py_modules=found)
        """,
        "setup.py:5: not every supported Python knows the keyword root_dir",
    ),
    "probing-by-any-error": (
        """
        from setuptools import setup
        try:
            keywords = [str(int("1" * 5000))]
        except:
            keywords = []
        setup(keywords=keywords)
        """,
        "setup.py:5: what is done depends on any error",
    ),
    "probing-by-exception": (
        """
        import re
        from setuptools import setup
        def probe():
            return re.compile("a++")
        try:
            keywords = [probe().pattern]
        except Exception:
            keywords = []
        setup(keywords=keywords)
        """,
        "setup.py:8: what is done depends on Exception",
    ),
    "command-of-its-own-by-an-entry-point": (
        "import setuptools\nsetuptools.setup(entry_points={'distutils.commands': ['build_py = pkg:Mine']})",
        "setup.py:2: entry_points may let setuptools run code of the project",
    ),
    "command-of-its-own-by-an-entry-point-in-a-text": (
        """
        import setuptools
        E = "[console_scripts]\\na = b:c\\n[egg_info.writers]\\na.txt = b:c"
        setuptools.setup(entry_points=E)
        """,
        "setup.py:4: entry_points may let setuptools run code of the project",
    ),
    "version-scheme-of-its-own": (
        "import setuptools\nscm = {'version_scheme': 'pkg.scm:scheme'}\nsetuptools.setup(use_scm_version=scm)",
        "setup.py:3: use_scm_version may let setuptools run code of the project",
    ),
    "sum-of-a-thousand-terms": (
        f"import setuptools\nsetuptools.setup(keywords={' + '.join(['[1]'] * 1000)})",
        "setup.py: it is nested too deeply",
    ),
    "assertion-that-binds": (
        "import sys, setuptools\nassert (new := sys.version_info)\nsetuptools.setup(name=str(new))",
        "sys.version_info",
    ),
    "assertion-that-is-caught": (
        """
        import sys
        from setuptools import setup
        packages = ["a"]
        try:
            assert sys.version_info > (3, 10)
        except AssertionError:
            packages = []
        setup(packages=packages)
        """,
        "sys.version_info",
    ),
    "guard-that-builds-first": (
        """
        import sys
        from setuptools import setup
        if sys.version_info < (3, 10):
            setup(packages=["old"])
            sys.exit()
        setup(packages=["new"])
        """,
        "sys.version_info",
    ),
    "guard-that-builds-first-elsewhere": (
        """
        import sys
        from setuptools import setup
        def build(name):
            setup(packages=[name])
        if sys.version_info < (3, 10):
            build("old")
            sys.exit()
        build("new")
        """,
        "sys.version_info",
    ),
    "guard-that-runs-anything": (
        """
        import sys, setuptools
        if sys.version_info < (3, 10):
            import old_setup
            sys.exit()
        setuptools.setup()
        """,
        "sys.version_info",
    ),
    "guard-that-returns": (
        """
        import sys
        from setuptools import setup
        def name():
            if sys.version_info < (3, 10):
                if sys.argv:
                    return "old"
                raise RuntimeError
            return "new"
        setup(name=name())
        """,
        "sys.version_info",
    ),
    "guard-whose-test-binds": (
        """
        import sys
        from setuptools import setup
        if (old := sys.version_info < (3, 10)) and not old:
            raise RuntimeError
        setup(packages=["a"] if old else [])
        """,
        "sys.version_info",
    ),
    "guard-that-finally-drops": (
        """
        import sys
        from setuptools import setup
        def packages():
            try:
                if sys.version_info < (3, 10):
                    raise RuntimeError
            finally:
                return []
        setup(packages=packages())
        """,
        "sys.version_info",
    ),
    "keyword-arguments-of-a-function": (
        """
        from setuptools import setup
        def run(**arguments):
            setup(**arguments)
        run(name="a", distclass=str)
        """,
        "cannot be told",
    ),
    "setup-requires-changed": (
        """
        from setuptools import setup
        requires = []
        requires.append("odd")
        setup(setup_requires=requires)
        """,
        "setup_requires cannot be told",
    ),
    "class-that-runs-code-for-others": (
        """
        from setuptools import setup
        class C:
            def __init_subclass__(cls):
                odd()
        setup()
        """,
        "__init_subclass__",
    ),
    "another-folder": ("import os, setuptools\nos.chdir('docs')\nsetuptools.setup()", "current folder"),
    "subprocess": ("import subprocess, setuptools\nsetuptools.setup(name=subprocess.check_output('x'))", "subprocess"),
    "eval": ("import setuptools\nsetuptools.setup(name=eval('1'))", "eval"),
    "exec-of-a-text": ("import setuptools\nexec('x = 1')\nsetuptools.setup(name=x)", "exec()"),
    "exec-of-nothing": ("import setuptools\nexec()\nsetuptools.setup()", "exec()"),
    "unknown-import": ("import odd\nimport setuptools\nsetuptools.setup()", "odd is imported"),
    "star-import": ("from os import *\nfrom setuptools import setup\nsetup()", "everything is imported from os"),
    "build-command": (
        """
        from setuptools import setup
        from setuptools.command.build_py import build_py
        class Mine(build_py):
            pass
        setup(cmdclass={"build_py": Mine})
        """,
        "setup.py:6: cmdclass replaces build_py",
    ),
    "commands-from-elsewhere": (
        "import setuptools\nsetuptools.setup(cmdclass=commands())\ndef commands():\n    return {}",
        "cmdclass replaces commands",
    ),
    "command-class-with-code": (
        """
        import sys, setuptools
        class C(setuptools.Command):
            x = sys.platform
        setuptools.setup(cmdclass={'test': C})
        """,
        "x depends on sys.platform",
    ),
    "command-class-decorated": (
        "import setuptools\nclass C(setuptools.Command):\n    @odd\n    def f(self): pass\nsetuptools.setup()",
        "f is decorated",
    ),
    "class-that-is-used": (
        "import setuptools\nclass C:\n    def __str__(self): return odd()\nsetuptools.setup(name=str(C()))",
        "C is not known to be harmless",
    ),
    "value-that-is-called": (
        "import setuptools\nclass C: pass\nmake = C\nsetuptools.setup(name=make())",
        "make is called",
    ),
    "entry-that-is-called": (
        "import setuptools\nd = {'a': print}\nsetuptools.setup(name=d['a']())",
        "is called, and it cannot be told what that is",
    ),
    "other-commands-changed": (
        """
        import setuptools
        from distutils.command.build import build
        build.sub_commands.append(('x', None))
        setuptools.setup()
        """,
        "distutils.command.build.build.sub_commands",
    ),
    "module-changed": ("import setuptools\nsetuptools.dist.Distribution = None\nsetuptools.setup()", "is changed"),
    "argument-unheard-of": ("import setuptools\nsetuptools.setup(pbr=True)", "pbr is given to setup()"),
    "positional-argument": ("import setuptools\nsetuptools.setup('a')", "positional"),
    "setup-handed-around": (
        "from setuptools import setup\nbuild = setup\nbuild()",
        "setup is used without being called",
    ),
    "setup-requires-a-plugin": ("import setuptools\nsetuptools.setup(setup_requires=['odd'])", "requires odd"),
    "setup-requires-computed": (
        "import setuptools\nsetuptools.setup(setup_requires=list('a'))",
        "setup_requires cannot be told",
    ),
    "keyword-arguments-from-elsewhere": ("import setuptools\nsetuptools.setup(**dict([('a', 1)]))", "cannot be told"),
    "keyword-arguments-changed": (
        "import setuptools\nk = {}\nfor name in 'ab':\n    k[name] = 1\nsetuptools.setup(**k)",
        "cannot be told",
    ),
    "keyword-arguments-in-a-circle": (
        "import setuptools\nk = {'pbr': 1}\nk = dict(k)\nsetuptools.setup(**k)",
        "pbr is given",
    ),
    "options": ("import setuptools\nsetuptools.setup(options={'bdist_wheel': {'plat_name': 'x'}})", "plat_name"),
    "options-computed": ("import setuptools\nsetuptools.setup(options=dict())", "options cannot be told"),
    "one-name-for-two-kinds": (
        "import setuptools\nfrom platform import node as f\nfrom io import open as f\nsetuptools.setup(name=f())",
        "f (imported from several places) is not known to be harmless",
    ),
    "version-that-some-have": (
        "import sys, setuptools\nsetuptools.setup(zip_safe=sys.version_info < (3, 9))",
        "zip_safe depends on sys.version_info",
    ),
    "versions-compared-with-no-literal": (
        "import sys, setuptools\nnow = 3, 0\nif sys.version_info < now: now = ()\nsetuptools.setup(zip_safe=now)",
        "now depends on sys.version_info",
    ),
    "versions-compared-with-a-text": (
        "import sys, setuptools\nsetuptools.setup(zip_safe=sys.version_info < '3')",
        "zip_safe depends on sys.version_info",
    ),
    "version-of-something-else": (
        "import sys, setuptools\nsys = object()\nif sys.version_info[0] < 3: import odd\nsetuptools.setup()",
        "odd",
    ),
    "guard-and-more-by-a-name": (
        "import sys, setuptools\nold = sys.version_info < (3, 9)\nif old: sys.exit(1)\nsetuptools.setup(zip_safe=old)",
        "old depends on sys.version_info",
    ),
    "guard-by-a-name-that-runs-code": (
        "import subprocess, sys, setuptools\nx = subprocess.run('y')\nif x: sys.exit(1)\nsetuptools.setup()",
        "subprocess",
    ),
    "name-that-does-not-only-stop": (
        "import sys, setuptools\nold = sys.maxsize\nif old: print()\nsetuptools.setup()",
        "old depends on sys.maxsize",
    ),
    "name-in-a-function": (
        "import sys, setuptools\ndef f():\n    old = sys.maxsize\n    return locals()\nsetuptools.setup(**f())",
        "old depends on sys.maxsize",
    ),
    "failure-that-one-way-goes-on-after": (
        "import setuptools\ntry: import odd\nexcept ImportError: raise\nexcept SyntaxError: pass\nsetuptools.setup()",
        "whether odd can be imported",
    ),
    "failure-with-a-way-out": (
        "import setuptools\ntry: import odd\nexcept ImportError: raise\nfinally: setuptools.setup()",
        "whether odd can be imported",
    ),
    "failure-after-which-setup-runs": (
        "import sys, setuptools\ntry: import odd\nexcept ImportError:\n    setuptools.setup()\n    sys.exit(0)",
        "whether odd can be imported",
    ),
    "unknown-method": ("import setuptools\nsetuptools.setup(name='a'.removesuffix('b'))", "the attribute removesuffix"),
    "unknown-statement": ("import setuptools\nasync def f(): pass\nsetuptools.setup()", "AsyncFunctionDef"),
    "unknown-expression": ("import setuptools\ndef f():\n    yield 1\nsetuptools.setup()", "Yield"),
    "no-setup": ("print('hello')", "no call of setup()"),
    "python-2": ("print 'hello'", "cannot be parsed"),
}


@pytest.mark.parametrize(("setup_py", "because"), [pytest.param(*case, id=name) for name, case in TELLING.items()])
def test_what_is_not_recognised_is_unknown_with_file_and_line(tmp_path: Path, setup_py: str, because: str) -> None:
    evidence = judged(tmp_path, setup_py)

    assert evidence.verdict is Verdict.UNKNOWN, evidence
    assert any(because in reason for reason in evidence.because), evidence


EXTENSIONS = {
    "plain": "from setuptools import setup, Extension\nsetup(ext_modules=[Extension('a', ['a.c'])])",
    "given-by-name": "from setuptools import setup\nfrom odd import modules\nsetup(ext_modules=modules)",
    "cffi": "from setuptools import setup\nsetup(cffi_modules=['build.py:ffi'])",
    "rust": "from setuptools import setup\nfrom setuptools_rust import Binding\nsetup(rust_extensions=[Binding('a')])",
    "cython": "from setuptools import setup\nimport Cython.Build as b\nsetup(**{'ext_modules': b.cythonize(1)})",
    "setup-requires": "from setuptools import setup\nsetup(setup_requires=['cffi>=1'])",
    "added-to-a-dictionary": "from setuptools import setup\nk = {}\nk['ext_modules'] = modules()\nsetup(**k)",
    "optional-with-fallback": """
        import os, platform, sys
        from setuptools import setup, Extension
        from setuptools.command.build_ext import build_ext
        def run_setup(with_extension):
            setup(ext_modules=[Extension("pkg._speed", ["pkg/_speed.c"])] if with_extension else [])
        try:
            run_setup(platform.python_implementation() != "PyPy")
        except Exception:
            run_setup(False)
    """,
    "optional-with-limited-api": """
        import os, sys
        from setuptools import setup
        from setuptools.extension import Extension
        kwargs = {}
        if os.environ.get("PKG_EXTENSION") != "0":
            kwargs["ext_modules"] = [Extension("pkg.speed", ["pkg/speed.c"], py_limited_api=True, optional=True)]
        setup(**kwargs)
    """,
}


@pytest.mark.parametrize("setup_py", [pytest.param(text, id=name) for name, text in EXTENSIONS.items()])
def test_extension_modules_are_found_even_optional_ones(tmp_path: Path, setup_py: str) -> None:
    evidence = judged(tmp_path, setup_py)

    assert evidence.verdict is Verdict.EXTENSION, evidence
    assert all(reason.startswith("setup.py:") for reason in evidence.because)


SWITCH = """
    import sys
    from setuptools import setup, Extension
    {text}
    setup({more} ext_modules=[Extension("pkg._x", ["x.c"], define_macros=macros, **limited)], options=options)
"""
FLOWING = """
    new = sys.version_info >= (3, 12)
    macros = [("NEW", str(int(new)))]
    if new and sys.implementation.name == "cpython":
        limited = {"py_limited_api": True}
        options = {"bdist_wheel": {"py_limited_api": "cp312"}}
        macros.append(("Py_LIMITED_API", "0x030C0000"))
    else:
        limited = {}
        options = {}
"""


@pytest.mark.parametrize(
    ("more", "doubts"),
    [
        pytest.param("", (), id="extensions-and-tag-only"),
        pytest.param("packages=['new' if new else 'old'],", ("new depends on sys.version_info",), id="packages-too"),
        pytest.param("keywords=[sys.executable],", ("keywords depends on sys.executable",), id="something-else"),
        pytest.param(
            "cmdclass={'build_ext': odd()},", ("cmdclass replaces build_ext",), id="command-that-compiles-and-more"
        ),
        pytest.param("long_description=sys.version,", ("long_description depends on sys.version",), id="prose"),
        pytest.param("cmdclass={'build_py': odd()},", ("cmdclass replaces build_py",), id="command-that-copies"),
    ],
)
def test_beside_extension_modules_only_what_reaches_the_rest_of_the_wheel_is_in_doubt(
    tmp_path: Path, more: str, doubts: tuple[str, ...]
) -> None:
    setup_py = textwrap.dedent(SWITCH).format(text=textwrap.dedent(FLOWING), more=more)

    evidence = judged(tmp_path, setup_py)

    assert evidence.verdict is Verdict.EXTENSION
    told = {reason.partition(": ")[2] for reason in evidence.doubts}
    assert all(any(reason.startswith(doubt) for reason in told) for doubt in doubts), evidence
    assert bool(told) == bool(doubts), evidence


OPTIONAL = "which extension modules are built may depend on whether they can be compiled"


def optional_ones(tree: Path, modules: str) -> Evidence:
    setup_py = f"from setuptools import Extension, setup\nmore = dict(optional=True)\nsetup(ext_modules={modules})"
    return judged(tree, setup_py)


@pytest.mark.parametrize(
    "modules",
    [
        pytest.param("[Extension('a', ['a.c']), Extension('b', ['b.c'], optional=True)]", id="one-of-two"),
        pytest.param("[Extension(name, [name + '.c'], optional=True) for name in ('a', 'b')]", id="in-a-loop"),
        pytest.param("[Extension('a', ['a.c']), Extension('b', ['b.c'], **more)]", id="by-arguments"),
    ],
)
def test_an_optional_extension_module_beside_others_is_in_doubt(tmp_path: Path, modules: str) -> None:
    assert any(OPTIONAL in doubt for doubt in optional_ones(tmp_path, modules).doubts)


@pytest.mark.parametrize(
    "modules",
    [
        pytest.param("[Extension('a', ['a.c'], optional=True)]", id="the-only-one"),
        pytest.param("[Extension('a', ['a.c']), Extension('b', ['b.c'], optional=False)]", id="none"),
    ],
)
def test_without_it_no_wheel_would_be_shared_or_nothing_can_be_missing(tmp_path: Path, modules: str) -> None:
    evidence = optional_ones(tmp_path, modules)
    assert (evidence.verdict, evidence.doubts) == (Verdict.EXTENSION, ())


def test_which_extension_modules_there_are_is_in_doubt_where_the_version_decides(tmp_path: Path) -> None:
    setup_py = """
        import sys
        from setuptools import Extension, setup
        modules = [Extension("a", ["a.c"], py_limited_api=True)]
        if sys.version_info >= (3, 10):
            modules.append(Extension("b", ["b.c"], py_limited_api=True))
        setup(ext_modules=modules)
    """
    assert judged(tmp_path, setup_py).doubts == ("setup.py:5: what is done depends on sys.version_info",)


@pytest.mark.parametrize(
    ("question", "doubted"),
    [
        pytest.param("platform.python_implementation() == 'CPython'", set(), id="implementation"),
        pytest.param("not sysconfig.get_config_var('Py_GIL_DISABLED')", set(), id="free-threading"),
        pytest.param("os.environ.get('WITH_B') != '0'", set(), id="environment"),
        pytest.param("sysconfig.get_config_var('SOABI')", {"what is done depends on sysconfig"}, id="abi"),
        pytest.param("platform.python_version() > '3.9'", {"what is done depends on platform"}, id="version"),
    ],
)
def test_what_all_of_one_abi_family_answer_alike_is_no_doubt_of_a_stable_abi(
    tmp_path: Path, question: str, doubted: set[str]
) -> None:
    setup_py = (
        "import os, platform, sysconfig\nfrom setuptools import Extension, setup\nmodules = [Extension('a', ['a.c'])]\n"
        f"if {question}:\n    modules.append(Extension('b', ['b.c']))\nsetup(ext_modules=modules)"
    )
    evidence = judged(tmp_path, setup_py)
    assert evidence.verdict is Verdict.EXTENSION
    assert {doubt.partition(": ")[2] for doubt in evidence.doubts} == doubted


NEWER_NAMES = {
    "typing": """
        from setuptools import setup
        try:
            from typing import ParamSpec
            needed = []
        except ImportError:
            needed = ["typing_extensions"]
        setup(install_requires=needed)
    """,
    "in-a-function-that-is-tried": """
        from setuptools import setup
        def newer():
            from functools import cache
            return ["pkg.new"]
        try:
            packages = newer()
        except ImportError:
            packages = []
        setup(packages=packages)
    """,
    "mode-that-newer-ones-refuse": """
        from setuptools import setup
        try:
            text = open("README", "rU").read()
        except ValueError:
            text = ""
        setup(long_description=text)
    """,
    "encoding-that-older-ones-do-not-know": """
        from setuptools import setup
        try:
            text = open("README", encoding="locale").read()
        except LookupError:
            text = ""
        setup(long_description=text)
    """,
    "docstring-with-a-margin": '''
        """A package.

            Usage
            Licence
        """
        from setuptools import setup
        setup(description=__doc__.split("    ")[1])
    ''',
    "docstring-of-a-module": """
        from setuptools import setup
        import pkg.about
        setup(description=pkg.about.__doc__.split("    ")[1])
    """,
    "docstring-of-an-executed-file": """
        from setuptools import setup
        about = {}
        exec(open("pkg/about.py").read(), about)
        setup(description=about["__doc__"])
    """,
    "order-of-a-walk": """
        from pathlib import Path
        from setuptools import setup
        news = [path.read_text() for path in Path("news").rglob("*.rst")]
        setup(long_description="".join(news))
    """,
    "order-of-keys-under-another-name": """
        from setuptools import setup
        known = {"a": 1, "b": 2}
        keys = known.keys()
        more = ["c"]
        setup(keywords=",".join(keys | more))
    """,
    "order-of-joined-sets": """
        from setuptools import setup
        setup(keywords=", ".join(set.union({"a"}, ["b", "c"])))
    """,
}


@pytest.mark.parametrize("setup_py", [pytest.param(text, id=name) for name, text in NEWER_NAMES.items()])
def test_what_only_some_pythons_have_or_do_is_not_independent(tmp_path: Path, setup_py: str) -> None:
    about = '''"""About.\n\n    More\n"""'''
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "about.py").write_text(about, encoding="utf-8")
    assert judged(tmp_path, setup_py, pkg="").verdict is Verdict.UNKNOWN


def test_what_a_module_does_through_another_when_it_is_imported_counts(tmp_path: Path) -> None:
    generating = """
        import sys
        def generate():
            with open("pkg/tables.py", "w") as stream:
                stream.write(sys.version)
    """
    setup_py = "from setuptools import setup\nfrom pkg import VERSION\nsetup(version=VERSION)"
    called = judged(tmp_path, setup_py, pkg="from .gen import generate\ngenerate()\nVERSION = '1'", gen=generating)
    renamed = "from . import gen\nmake = gen.generate\nmake()\nVERSION = '1'"
    by_another_name = judged(tmp_path, setup_py, pkg=renamed, gen=generating)
    imported_so = "from .gen import generate as make\nmake()\nVERSION = '1'"
    by_its_import = judged(tmp_path, setup_py, pkg=imported_so, gen=generating)
    kept = judged(tmp_path, setup_py, pkg="from . import gen\nmake = gen.generate\nVERSION = '1'", gen=generating)

    assert called.verdict is by_another_name.verdict is by_its_import.verdict is Verdict.UNKNOWN
    assert kept.verdict is Verdict.INDEPENDENT


def test_of_two_modules_of_one_name_it_is_not_guessed_which_is_imported(tmp_path: Path) -> None:
    setup_py = (
        "import sys\nsys.path.insert(0, {})\nfrom setuptools import setup\nfrom pkg import NAME\nsetup(name=NAME)"
    )
    (tmp_path / "tools" / "pkg").mkdir(parents=True)
    (tmp_path / "tools" / "pkg" / "__init__.py").write_text("import sys\nNAME = sys.version", encoding="utf-8")
    own = judged(tmp_path, setup_py.format("'.'"), pkg="NAME = 'a'")
    other = judged(tmp_path, setup_py.format("'tools'"), pkg="NAME = 'a'")

    assert "setup.py:4: it cannot be told which pkg is imported" in other.because
    assert own.verdict is Verdict.INDEPENDENT


def test_the_order_of_a_walk_does_not_matter_where_it_is_sorted_or_no_text_is_made(tmp_path: Path) -> None:
    start = "from pathlib import Path\nfrom setuptools import setup\nwalk = Path('pkg').rglob('*.json')\n"
    as_files = start + "setup(package_data={'pkg': [str(path) for path in walk]})"
    as_text = start + "setup(long_description=''.join(sorted(path.read_text() for path in walk)))"
    assert judged(tmp_path, as_files).verdict is Verdict.INDEPENDENT
    assert judged(tmp_path, as_text).verdict is Verdict.INDEPENDENT


def test_names_that_every_python_has_and_flush_docstrings_are_harmless(tmp_path: Path) -> None:
    setup_py = '''
        """A package.

        Usage
            More
        """
        try:
            from setuptools import find_packages, setup
            from typing import TYPE_CHECKING
        except ImportError:
            from distutils.core import setup
        setup(long_description=__doc__)
    '''
    assert judged(tmp_path, setup_py).verdict is Verdict.INDEPENDENT


def test_a_project_without_extension_modules_has_no_doubts_besides_the_verdict(tmp_path: Path) -> None:
    assert judged(tmp_path, "import sys, setuptools\nsetuptools.setup(name=sys.platform)").doubts == ()


USES = "import pkg\nfrom setuptools import setup\nsetup(version=pkg.__version__)"
IMPORTS = "from setuptools import setup\nfrom pkg import __version__ as version\nsetup(version=version)"
CALLS = "from setuptools import setup\nfrom pkg.helper import get\nsetup(version=get())"
EXECUTES = """
    import os
    from setuptools import setup
    here = os.path.abspath(os.path.dirname(__file__))
    about = {}
    with open(os.path.join(here, "pkg", "about.py")) as f:
        exec(compile(f.read(), "about.py", "exec"), about)
    with open("README") as f:
        readme = f.read()
    setup(version=about["__version__"], long_description=readme)
"""
LITERAL = "import sys\n__version__ = '1'\ndef f(): return sys.platform"
LITERAL_BESIDE_VALUES = """
    import sys
    from pkg import __version__ as again
    __version__ = "1"
    PY3 = sys.version_info[0] == 3
    if PY3:
        tables = {"old" if sys.maxsize < 2 ** 32 else "new": getattr(sys, "platform")}
    else:
        exec("x = 1")
    class Writer:
        def __init__(self):
            self.lines = []
        def save(self, path):
            open(path, "w").write("".join(self.lines))
    writer = Writer()
"""
COMPUTED = "parts = (1, 2)\n__version__ = '.'.join(str(part) for part in parts)"
HELPER = "import re\ndef get():\n    return re.sub('a', 'b', open('VERSION').read())"


@pytest.mark.parametrize(
    ("setup_py", "modules"),
    [
        pytest.param(USES, {"pkg": LITERAL}, id="literal-used"),
        pytest.param(IMPORTS, {"pkg": LITERAL}, id="literal-imported"),
        pytest.param(IMPORTS, {"pkg": COMPUTED}, id="computed"),
        pytest.param(USES, {"pkg": LITERAL_BESIDE_VALUES}, id="literal-beside-values-of-any-kind"),
        pytest.param(IMPORTS, {"pkg": "from .about import __version__", "about": LITERAL}, id="relative-import"),
        pytest.param(
            IMPORTS, {"pkg": "from . import about\nfrom .about import __version__", "about": COMPUTED}, id="submodule"
        ),
        pytest.param(CALLS, {"pkg": "", "helper": HELPER}, id="function"),
        pytest.param(CALLS, {"pkg": "", "helper": f"import pkg.helper\n{HELPER}"}, id="circle"),
        pytest.param(EXECUTES, {"about": COMPUTED}, id="executed"),
        pytest.param(
            "from setuptools import setup\nexec(open('pkg/about.py').read())\nsetup(version=__version__)",
            {"about": COMPUTED},
            id="executed-in-place",
        ),
        pytest.param(
            "from setuptools import setup\nfrom pathlib import Path\nns = {}\n"
            "path = Path(__file__).resolve().parent / 'pkg' / 'about.py'\n"
            "exec(path.read_text(), ns)\nsetup(version=ns['__version__'])",
            {"about": COMPUTED},
            id="executed-path",
        ),
        pytest.param(
            "from setuptools import setup\nimport io\nns = {}\nstream = io.open('pkg/about.py')\n"
            "text = stream.read()\nexec(text, ns)\nsetup()",
            {"about": COMPUTED},
            id="executed-by-name",
        ),
    ],
)
def test_harmless_modules_of_the_project_may_be_used(tmp_path: Path, setup_py: str, modules: dict[str, str]) -> None:
    evidence = judged(tmp_path, setup_py, **modules)

    assert evidence.verdict is Verdict.INDEPENDENT, evidence


ASKS = "import sys\n__version__ = str(sys.maxsize)"


@pytest.mark.parametrize(
    ("setup_py", "modules", "because"),
    [
        pytest.param(USES, {"pkg": ASKS}, "pkg/__init__.py:2: __version__ depends on sys.maxsize", id="used"),
        pytest.param(IMPORTS, {"pkg": ASKS}, "pkg/__init__.py:2: __version__ depends on sys.maxsize", id="imported"),
        pytest.param(IMPORTS, {"pkg": "__version__ = '1'\nif odd():\n    __version__ = '2'"}, "odd", id="bound-twice"),
        pytest.param(IMPORTS, {"pkg": "__version__ = '1'\nfrom odd import *"}, "everything", id="perhaps-overwritten"),
        pytest.param(IMPORTS, {"pkg": "print 1"}, "cannot be parsed", id="python-2"),
        pytest.param(
            CALLS.replace("get()", "str(get)"),
            {"pkg": "", "helper": "import sys\nget = sys.maxsize"},
            "pkg/helper.py:2: get depends on sys.maxsize",
            id="value-that-another-file-uses",
        ),
        pytest.param(
            IMPORTS,
            {"pkg": "import sys\n__version__ = '1'\nif sys.maxsize > 2:\n    open('pkg/table.py', 'w').write('')"},
            "pkg/__init__.py:3: what is done depends on sys.maxsize",
            id="literal-beside-code-that-runs",
        ),
        pytest.param(
            IMPORTS,
            {
                "pkg": "from . import other\n__version__ = '1'",
                "other": "import sys\nopen(sys.platform, 'w')",
            },
            "pkg/other.py:2: it looks at sys.platform",
            id="literal-beside-code-of-another-module",
        ),
        pytest.param(CALLS, {"pkg": "import odd", "helper": HELPER}, "odd", id="package-above"),
        pytest.param(
            CALLS, {"helper": f"from setuptools import setup\nsetup()\n{HELPER}"}, "calls setup()", id="calls-setup"
        ),
        pytest.param(
            "import pkg\nfrom setuptools import setup\nsetup()", {"pkg": "import odd"}, "odd", id="side-effects"
        ),
        pytest.param(EXECUTES, {"about": ASKS}, "exec() runs a file, and pkg/about.py:2", id="executed"),
        pytest.param(EXECUTES, {}, "exec()", id="executed-and-missing"),
        pytest.param(EXECUTES.replace('"about.py")) as', '"..", "..", "x")) as'), {}, "exec()", id="executed-outside"),
        pytest.param(
            "from setuptools import setup\ntry:\n    from pkg import __version__\nexcept ImportError:\n"
            "    __version__ = ''\nsetup(version=__version__)",
            {"pkg": LITERAL},
            "whether pkg can be imported",
            id="tried",
        ),
        pytest.param("import random\nfrom setuptools import setup\nsetup()", {}, "", id="shadowed"),
    ],
)
def test_modules_of_the_project_that_ask_for_the_interpreter_are_found(
    tmp_path: Path, setup_py: str, modules: dict[str, str], because: str
) -> None:
    (tmp_path / "random.py").touch()  # for the case in which a file of the project has the name of a standard module

    evidence = judged(tmp_path, setup_py, **modules)

    assert evidence.verdict is Verdict.UNKNOWN, evidence
    assert any(because in reason for reason in evidence.because), evidence


def test_without_the_project_on_the_path_an_import_may_find_what_is_installed(tmp_path: Path) -> None:
    build_meta = BuildSystem("setuptools.build_meta", ("setuptools",))
    judged(tmp_path, IMPORTS, pkg="__version__ = '1'")

    assert judge(tmp_path, build_meta, {}).verdict is Verdict.UNKNOWN

    judged(tmp_path, f"import os, sys\nsys.path.insert(0, os.path.dirname(__file__))\n{IMPORTS}")

    assert judge(tmp_path, build_meta, {}).verdict is Verdict.INDEPENDENT


@pytest.mark.parametrize(
    ("guard", "below"),
    [
        pytest.param("if sys.version_info < (3, 11): sys.exit('old')", 11, id="tuple"),
        pytest.param("if sys.version_info < (3, 11, 2): sys.exit('old')", 12, id="patch-release"),
        pytest.param("if not sys.version_info[:2] >= (3, 11): sys.exit('old')", 11, id="not"),
        pytest.param("assert sys.version_info > (3, 10)", 10, id="assert"),
        pytest.param("if sys.version_info >= (3, 12): pass\nelse: raise SystemExit(1)", 12, id="else"),
        pytest.param("OLDEST = (3, 12)\nif sys.version_info < OLDEST: sys.exit('old')", 12, id="by-name"),
        pytest.param("if sys.version_info[1] < 11: sys.exit('old')", 100, id="not-followed"),
        pytest.param("if sys.version_info < (3, 6): sys.exit('old')", 0, id="older-than-any"),
    ],
)
def test_what_stops_for_old_pythons_is_independent_and_it_is_noted_from_where_on(
    tmp_path: Path, guard: str, below: int
) -> None:
    evidence = judged(tmp_path, f"import sys\nfrom setuptools import setup\n{guard}\nsetup()")

    assert (evidence.verdict, evidence.stops_below) == (Verdict.INDEPENDENT, below)


def test_a_module_of_the_project_that_stops_for_old_pythons_counts_as_well(tmp_path: Path) -> None:
    evidence = judged(
        tmp_path,
        "from setuptools import setup\nfrom pkg import NAMES\nsetup(name=NAMES[0])",
        pkg="import sys\nNAMES = ['a', *'b']\nif sys.version_info < (3, 11):\n    raise RuntimeError('old')",
    )

    assert (evidence.verdict, evidence.stops_below) == (Verdict.INDEPENDENT, 11)


def test_a_literal_may_come_from_a_module_that_imports_what_every_python_has(tmp_path: Path) -> None:
    evidence = judged(
        tmp_path,
        "from setuptools import setup\nimport pkg\nsetup(version=pkg.__version__)",
        pkg="import bisect, decimal, _thread\n__version__ = '1'\nLOCK = _thread.allocate_lock()",
    )

    assert evidence.verdict is Verdict.INDEPENDENT, evidence
