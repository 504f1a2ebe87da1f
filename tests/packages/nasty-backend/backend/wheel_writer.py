"""Write a wheel with nothing but the standard library: what the backends inside sample trees have in common.

Each of these trees holds the same copy of this file, because a tree must be complete in itself; a test keeps the
copies identical. Runs on every Python from 3.8 on. The same input gives the same bytes: nothing is compressed, and
every member has one fixed time.
"""

import base64
import hashlib
import os
import zipfile

_TIME = (2020, 1, 1, 0, 0, 0)


def write_wheel(directory, name, version, files, tag="py3-none-any", wheel_tags=None, metadata=(), dist_info=None):
    """Write one wheel into ``directory`` and return its file name.

    ``files`` maps names in the archive to bytes; what lies in ``.data/scripts`` becomes executable. ``wheel_tags``
    are the tags that the WHEEL file claims, those of the file name if not given. ``metadata`` are further lines of
    METADATA, ``dist_info`` maps further file names in the .dist-info folder to text.
    """
    stem = "{}-{}".format(name.replace("-", "_"), version)
    info = stem + ".dist-info/"
    members = dict(files)
    members[info + "METADATA"] = _lines("Metadata-Version: 2.1", "Name: " + name, "Version: " + version, *metadata)
    members[info + "WHEEL"] = _lines(
        "Wheel-Version: 1.0",
        "Generator: wheel_writer 1.0",
        "Root-Is-Purelib: " + ("true" if tag.endswith("-none-any") else "false"),
        *("Tag: " + each for each in wheel_tags or _expanded(tag))
    )
    for file_name, text in (dist_info or {}).items():
        members[info + file_name] = text.encode("utf-8")
    record = ["{},sha256={},{}".format(*row) for row in _rows(members)]
    members[info + "RECORD"] = _lines(*(record + [info + "RECORD,,"]))
    file_name = "{}-{}.whl".format(stem, tag)
    with zipfile.ZipFile(os.path.join(directory, file_name), "w", zipfile.ZIP_STORED) as archive:
        for member, content in members.items():
            entry = zipfile.ZipInfo(member, _TIME)
            entry.create_system = 3  # Unix, so that the mode below counts
            entry.external_attr = (0o100755 if ".data/scripts/" in member else 0o100644) << 16
            archive.writestr(entry, content)
    return file_name


def files_below(folder, prefix=""):
    """Map the names of all files below ``folder``, with ``prefix`` before them, to their bytes, in sorted order."""
    found = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each != "__pycache__")
        for name in sorted(names):
            path = os.path.join(parent, name)
            with open(path, "rb") as stream:
                found[prefix + os.path.relpath(path, folder).replace(os.sep, "/")] = stream.read()
    return found


def _expanded(tag):
    pythons, abis, platforms = (part.split(".") for part in tag.split("-"))
    return ["-".join((python, abi, platform)) for python in pythons for abi in abis for platform in platforms]


def _lines(*lines):
    return ("\n".join(lines) + "\n").encode("utf-8")


def _rows(members):
    for name, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode("ascii")
        yield ('"{}"'.format(name) if "," in name else name), digest, len(content)
