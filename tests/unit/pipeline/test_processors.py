from __future__ import annotations

from pep517_multi.pipeline.processors import Processors


def test_what_builds_leave_is_spare() -> None:
    processors = Processors(2)

    with processors.slot(), processors.spare() as first, processors.spare() as second:
        assert (first, second) == (True, False)
    with processors.slot(), processors.slot(), processors.spare() as third:
        assert not third
    with processors.spare() as first, processors.spare() as second:
        assert (first, second) == (True, True)


def test_a_build_never_waits_for_what_is_done_beside_it() -> None:
    processors = Processors(1)

    with processors.spare() as first, processors.slot(), processors.spare() as second:
        assert (first, second) == (True, False)
