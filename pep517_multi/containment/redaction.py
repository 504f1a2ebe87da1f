"""Secrets that must not be read in logs, reports and messages: credentials in URLs, tokens, passwords."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

HIDDEN = "****"
_SHORTEST = 6
"""Characters; what is shorter is found in too many words that are no secret."""

_URL = r"([A-Za-z][A-Za-z0-9+.-]{1,20}://)([^\s/@'\"<>]+)@"
_CREDENTIALS, _CREDENTIALS_BYTES = re.compile(_URL), re.compile(_URL.encode())
_HARMLESS = frozenset({"git", "hg", "svn", "anonymous", HIDDEN, f"{HIDDEN}:{HIDDEN}"})
_NAMES = re.compile(r"(?:^|_)(?:PASSWORD|PASSWD|TOKEN|SECRET|API_KEY|CREDENTIALS)(?:_|$)")


def without_credentials(text: str) -> str:
    """Hide user names and passwords in the URLs of ``text``; a user name alone may be a token."""
    if "@" not in text:
        return text
    return _CREDENTIALS.sub(lambda match: match[0] if match[2] in _HARMLESS else f"{match[1]}{HIDDEN}@", text)


def names_a_secret(variable: str) -> bool:
    """Whether an environment variable is called as secrets are."""
    return bool(_NAMES.search(variable.upper()))


@dataclass(frozen=True)
class Redaction:
    """Hides credentials in URLs, whatever they are, and known secrets wherever they stand.

    :param environ: where secrets are looked for.
    :param files: gives further texts to look in, configuration files of installers; asked when first needed.
    """

    environ: Mapping[str, str] = field(repr=False)
    files: Callable[[], Iterable[str]] = tuple

    def __call__(self, data: bytes) -> bytes:
        """Return ``data`` without secrets."""
        for secret in self.secrets:
            if secret in data:
                data = data.replace(secret, HIDDEN.encode())
        if b"@" not in data or b"://" not in data:
            return data
        return _CREDENTIALS_BYTES.sub(_hidden, data)

    @cached_property
    def secrets(self) -> tuple[bytes, ...]:
        """Known secrets, as they stand and as URLs quote them, the longest first."""
        from urllib.parse import quote, unquote

        found = {value for name, value in self.environ.items() if names_a_secret(name)}
        for text in (*self.environ.values(), *self.files()):
            found.update(_in_urls(text))
        forms = {form for text in found if text for form in (text, quote(text, safe=""), unquote(text))}
        long = (form.encode(errors="surrogateescape") for form in forms if len(form) >= _SHORTEST)
        return tuple(sorted(long, key=lambda secret: (-len(secret), secret)))


def _hidden(match: re.Match[bytes]) -> bytes:
    return match[0] if match[2].decode(errors="replace") in _HARMLESS else match[1] + HIDDEN.encode() + b"@"


def _in_urls(text: str) -> Iterator[str]:
    """Yield the passwords in the URLs of ``text``, as they stand; where there is a user name alone, that is a token."""
    if "@" not in text:
        return
    for match in _CREDENTIALS.finditer(text):
        user, _, password = match[2].partition(":")
        if match[2] not in _HARMLESS:
            yield password or user
