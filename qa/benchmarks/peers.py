"""The ways to get from a source to one compiled root for each implementation, each as a shell script.

A script finds its words in variables: ``SOURCE`` (a tree of its own), ``WORK`` (an empty folder), ``TOOLS`` (the folder
of the environments), ``IMPLS`` (canonical names), ``BACKEND``, ``LEVELS`` (``0,1,2``). Roots go to ``$WORK/roots``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL_LEVELS, LOWEST_LEVEL = "0,1,2", "0"

_MULTIBUILD = """
set -- ; for impl in $IMPLS; do set -- "$@" "$TOOLS/$impl/bin/python"; done
cd "$SOURCE"
exec "$TOOLS/multibuild/bin/multibuild" --workdir "$WORK/state" --roots "$WORK/roots" --no-isolation --quiet \
    --compile "$LEVELS" --impls "$@"
"""

# Gentoo's rule: a wheel that names no Python, or the stable ABI, serves all that follow.
_GPEP517 = """
cd "$SOURCE"
wheel=
for impl in $IMPLS; do
    python=$TOOLS/$impl/bin/python
    case $REUSE$wheel in
        yes*-none-any.whl | yes*-abi3-*.whl) ;;
        *)
            mkdir -p "$WORK/wheels/$impl"
            wheel=$WORK/wheels/$impl/$("$python" -m gpep517 build-wheel --backend "$BACKEND" --output-fd 3 \
                --wheel-dir "$WORK/wheels/$impl" 3>&1 >&2)
            ;;
    esac
    "$python" -m gpep517 install-wheel --destdir "$WORK/roots/$impl" --interpreter "/usr/bin/$impl" --prefix /usr \
        --optimize all "$wheel"
done
"""

_BUILD_INSTALLER = """
cd "$SOURCE"
for impl in $IMPLS; do
    python=$TOOLS/$impl/bin/python
    "$python" -m build --wheel --no-isolation --outdir "$WORK/wheels/$impl"
    "$python" -m installer --destdir "$WORK/roots/$impl" --prefix /usr --compile-bytecode 0 --compile-bytecode 1 \
        --compile-bytecode 2 "$WORK/wheels/$impl"/*.whl
done
"""

_UV = """
cd "$SOURCE"
for impl in $IMPLS; do
    python=$TOOLS/$impl/bin/python
    "$TOOLS/multibuild/bin/uv" build --quiet --offline --wheel --no-build-isolation --python "$python" \
        --out-dir "$WORK/wheels/$impl"
    "$TOOLS/multibuild/bin/uv" pip install --quiet --offline --no-deps --no-cache --compile-bytecode \
        --python "$python" --prefix "$WORK/roots/$impl/usr" "$WORK/wheels/$impl"/*.whl
done
"""


@dataclass(frozen=True)
class Tool:
    """One way.

    :param levels: for which levels of optimisation it compiles; only ways with the same levels are compared.
    :param variables: what its script needs besides.
    """

    name: str
    script: str
    levels: str = ALL_LEVELS
    variables: Mapping[str, str] | None = None


OURS, OURS_AT_LOWEST = "multibuild", "multibuild (level 0)"
REUSE, REPEAT, UV = "gpep517, reuse", "gpep517", "uv (level 0)"

TOOLS = (
    Tool(OURS, _MULTIBUILD),
    Tool(REUSE, _GPEP517, variables={"REUSE": "yes"}),
    Tool(REPEAT, _GPEP517, variables={"REUSE": "no"}),
    Tool("build + installer", _BUILD_INSTALLER),
    Tool(OURS_AT_LOWEST, _MULTIBUILD, LOWEST_LEVEL),
    Tool(UV, _UV, LOWEST_LEVEL),
)
