"""Modules of the standard library that not every target has, so that none is taken for a missing dependency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_REMOVED: Mapping[tuple[int, int], str] = {
    # Python that no longer has them → their names
    (3, 8): "macpath",
    (3, 9): "_dummy_threading dummy_threading",
    (3, 10): "formatter parser symbol",
    (3, 11): "binhex",
    (3, 12): "asynchat asyncore distutils imp smtpd",
    (3, 13): "aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap msilib nis nntplib ossaudiodev pipes sndhdr"
    " spwd sunau telnetlib uu xdrlib",
}
_OF_PYTHON_2 = (
    "__builtin__ ConfigParser Cookie HTMLParser Queue SocketServer StringIO Tkinter cPickle cStringIO commands"
    " cookielib exceptions httplib sets thread urllib2 urlparse"
)
_OF_WINDOWS = "_winapi _winreg msvcrt nt winreg winsound"
_PROVIDERS: Mapping[str, frozenset[str]] = {
    # projects other than standard-<name> that bring such a module back
    "distutils": frozenset({"setuptools"}),
    "imp": frozenset({"zombie-imp"}),
    "cgi": frozenset({"legacy-cgi"}),
    "cgitb": frozenset({"legacy-cgi"}),
    "audioop": frozenset({"audioop-lts"}),
    "asyncore": frozenset({"pyasyncore"}),
    "asynchat": frozenset({"pyasynchat"}),
    "lib2to3": frozenset({"fissix"}),
}


@dataclass(frozen=True)
class Absence:
    """Why a target lacks a module of the standard library.

    :param told: a relative clause.
    :param elsewhere: other platforms have it, so that the module which needs it may be for them.
    """

    told: str
    elsewhere: bool = False


def why_absent(name: str, python: tuple[int, int]) -> Absence | None:
    """Say why ``python`` lacks the module ``name``; ``None`` where the standard library never had it."""
    if name in _OF_WINDOWS.split():
        return Absence("which only Windows has", elsewhere=True)
    if name in _OF_PYTHON_2.split():
        return Absence("which is a module of Python 2")
    for since, names in _REMOVED.items():
        if name in names.split() and python >= since:
            return Absence(f"which Python {since[0]}.{since[1]} removed")
    return None


def provider_of(name: str) -> frozenset[str]:
    """Return the normalised names of projects that bring the module ``name``, once it is removed."""
    return frozenset({f"standard-{name}"}) | _PROVIDERS.get(name, frozenset())
