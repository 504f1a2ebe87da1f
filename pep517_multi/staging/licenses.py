"""Which files of a ``.dist-info`` folder are licences."""

from __future__ import annotations

import re

_FOLDERS = ("licenses", "license_files")  # PEP 639; some backends before it
_NAME = re.compile(r"(AUTHORS|COPYING|COPYRIGHT|(UN)?LICEN[CS]ES?|NOTICES?|PATENTS)([-._ ].*)?\Z", re.IGNORECASE)


def declared(metadata: bytes) -> frozenset[str]:
    """Return the ``License-File`` entries of METADATA."""
    from email.parser import BytesParser  # slow to import, and most runs leave licences where they are

    entries = BytesParser().parsebytes(metadata, headersonly=True).get_all("License-File", [])
    return frozenset(str(entry).strip() for entry in entries)


def license_name(path: str, entries: frozenset[str]) -> str | None:
    """Return under which name a licence is known, or ``None`` if it is none.

    :param path: below ``.dist-info``: ``licenses/LICENSE``, or ``LICENSE`` as it was before :pep:`639`.
    :param entries: see :func:`declared`.
    """
    folder, _, rest = path.partition("/")
    if rest and folder in _FOLDERS:
        return rest
    if path in entries or ("/" not in path and _NAME.match(path)):
        return path
    return None
