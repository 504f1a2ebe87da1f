from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pep517_multi.containment import LogWriter, Redaction, without_credentials
from pep517_multi.containment.output import END_KEPT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def written(log: Path, pieces: Sequence[bytes], *, limit: int = 1 << 20, redaction: Redaction | None = None) -> bytes:
    with LogWriter(log, redact=redaction or Redaction({}), limit=limit) as writer:
        for piece in pieces:
            writer.write(piece)
    return log.read_bytes()


def test_what_comes_in_pieces_is_whole_in_the_log(tmp_path: Path) -> None:
    assert written(tmp_path / "log", [b"one\ntw", b"o\n", b"", b"end"]) == b"one\ntwo\nend"


def test_of_too_much_output_the_beginning_and_the_end_are_kept(tmp_path: Path) -> None:
    lines = [b"%08d\n" % number for number in range(400_000)]
    kept = written(tmp_path / "log", lines, limit=9_000)
    first, note, last = kept.partition(b"\n# 2542424 bytes of output are left out here: it was too long\n")
    assert note
    assert first == b"".join(lines)[:9_000]
    assert last == b"".join(lines)[-END_KEPT:]
    assert len(first) + len(last) + 2_542_424 == 400_000 * 9


def test_what_is_hardly_too_much_is_whole(tmp_path: Path) -> None:
    data = b"x" * 99 + b"\n"
    assert written(tmp_path / "log", [data] * 3, limit=150) == data * 3


def test_a_line_without_end_takes_no_memory_without_end(tmp_path: Path) -> None:
    with LogWriter(tmp_path / "log", redact=Redaction({}), limit=1 << 30) as writer:
        for _ in range(100):
            writer.write(b"y" * 50_000)
            assert len(writer._line) < 120_000
    assert (tmp_path / "log").stat().st_size == 5_000_000


SECRET = "hunter-two/3"  # noqa: S105 - nobody's
ENVIRON = {
    "PIP_INDEX_URL": "https://me:hunter-two%2F3@index.example/simple",
    "HOME": "/home/me",
    "UV_TOKEN": "abcdefgh",
}


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param(b"at https://me:pw@host/x and", b"at https://****@host/x and", id="any-url"),
        pytest.param(b"git+https://token@host/x", b"git+https://****@host/x", id="user-alone"),
        pytest.param(b"git+ssh://git@host/x", b"git+ssh://git@host/x", id="git"),
        pytest.param(b"the password is hunter-two/3!", b"the password is ****!", id="as-it-stands"),
        pytest.param(b"hunter-two%2F3", b"****", id="as-urls-quote-it"),
        pytest.param(b"token=abcdefgh", b"token=****", id="a-variable-that-is-called-so"),
        pytest.param(b"someone@example.org wrote https://example.org", None, id="nothing-secret"),
    ],
)
def test_secrets_do_not_reach_a_log(tmp_path: Path, said: bytes, kept: bytes | None) -> None:
    assert written(tmp_path / "log", [said], redaction=Redaction(ENVIRON)) == (said if kept is None else kept)


def test_a_secret_that_comes_in_two_pieces_is_found(tmp_path: Path) -> None:
    data = b"z" * 65_530 + SECRET.encode() + b"z" * 70_000 + SECRET.encode()
    pieces = [data[place : place + 7] for place in range(0, len(data), 7)]
    assert SECRET.encode() not in written(tmp_path / "log", pieces, redaction=Redaction(ENVIRON))


def test_secrets_of_configuration_files_are_known(tmp_path: Path) -> None:
    redaction = Redaction({}, lambda: ["[global]\nindex-url = https://__token__:pypi-abc123@host/simple\n"])
    assert written(tmp_path / "log", [b"it was pypi-abc123"], redaction=redaction) == b"it was ****"


def test_a_message_hides_credentials_and_nothing_else() -> None:
    assert without_credentials("no ab://b:c@d, no e@f, no gh://h/i@j") == "no ab://****@d, no e@f, no gh://h/i@j"
