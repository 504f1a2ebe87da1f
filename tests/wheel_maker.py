"""Small wheels for tests, right to the last RECORD row unless a fault is asked for."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, TypeAlias

from packaging.tags import parse_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

Row: TypeAlias = tuple[str, str, str]

TIME = (2020, 2, 2, 2, 2, 2)
"""Time of every member, as a wheel stores it; read as UTC this is :data:`TIMESTAMP`."""
TIMESTAMP = 1580608922


def make_wheel(
    folder: Path,
    name: str = "sample",
    files: Mapping[str, str | bytes] | None = None,
    *,
    version: str = "1.0",
    tags: str = "py3-none-any",
    wheel_tags: Iterable[str] | None = None,
    requires_python: str | None = None,
    entry_points: Mapping[str, str] | str | None = None,
    purelib: bool = True,
    generator: str = "wheel_maker",
    executable: Iterable[str] = (),
    metadata: str | bytes | None = None,
    dist_info: str | None = None,
    extra: Sequence[tuple[zipfile.ZipInfo, bytes]] = (),
    record: Callable[[list[Row]], list[Row]] = lambda rows: rows,
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """Write ``<folder>/<name>-<version>-<tags>.whl`` and return its path; the same arguments give the same bytes.

    :param files: path in the wheel (``sample/__init__.py``, ``sample-1.0.data/scripts/tool``) → content;
        without it one small module ``<name>.py``.
    :param tags: as in the file name; compressed sets as usual. ``build-tag`` goes in front: ``1-py3-none-any``.
    :param wheel_tags: the ``Tag:`` lines of WHEEL, where they shall differ from the file name's.
    :param entry_points: console scripts (``{"tool": "sample:main"}``), or the whole text of ``entry_points.txt``.
    :param executable: those of ``files`` that carry the executable bit.
    :param metadata: the whole METADATA, instead of a proper one.
    :param dist_info: name of the ``.dist-info`` folder, where it shall not be ``<name>-<version>.dist-info``.
    :param extra: further members exactly as given, after the others; they get proper RECORD rows.
    :param record: changes the RECORD rows (path, hash, size) before they are written.
    """
    info = dist_info or f"{name}-{version}.dist-info"
    content: dict[str, str | bytes] = dict(files) if files is not None else {f"{name}.py": f'NAME = "{name}"\n'}
    content[f"{info}/METADATA"] = metadata or _metadata(name, version, requires_python)
    content[f"{info}/WHEEL"] = _wheel(tags, wheel_tags, generator=generator, purelib=purelib)
    if entry_points is not None:
        content[f"{info}/entry_points.txt"] = _entry_points(entry_points)
    modes = dict.fromkeys(executable, 0o755)
    members = [(_member(path, modes.get(path, 0o644)), _bytes(data)) for path, data in content.items()]
    members += extra
    record_path = f"{info}/RECORD"
    rows = [_row(member.filename, data) for member, data in members if not member.filename.endswith("/")]
    members.append((_member(record_path, 0o644), _record([*rows, (record_path, "", "")], record)))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tags}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in members:
            archive.writestr(member, data, compress_type=compression)
    return path


def _member(path: str, mode: int) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(path, TIME)
    member.external_attr = (0o100000 | mode) << 16
    return member


def _bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


def _row(path: str, data: bytes) -> Row:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    return path, f"sha256={digest}", str(len(data))


def _record(rows: list[Row], change: Callable[[list[Row]], list[Row]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(change(rows))
    return stream.getvalue().encode()


def _metadata(name: str, version: str, requires_python: str | None) -> str:
    wanted = f"Requires-Python: {requires_python}\n" if requires_python else ""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{wanted}"


def _wheel(tags: str, wheel_tags: Iterable[str] | None, *, generator: str, purelib: bool) -> str:
    name_tags = "-".join(tags.split("-")[-3:])
    lines = wheel_tags if wheel_tags is not None else sorted(str(tag) for tag in parse_tag(name_tags))
    head = f"Wheel-Version: 1.0\nGenerator: {generator}\nRoot-Is-Purelib: {str(purelib).lower()}\n"
    return head + "".join(f"Tag: {tag}\n" for tag in lines)


def _entry_points(entry_points: Mapping[str, str] | str) -> str:
    if isinstance(entry_points, str):
        return entry_points
    return "[console_scripts]\n" + "".join(f"{name} = {value}\n" for name, value in entry_points.items())
