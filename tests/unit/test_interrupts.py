from __future__ import annotations

import threading

import pytest

from pep517_multi import interrupts


def test_an_interrupt_comes_at_once_where_nothing_is_said() -> None:
    with pytest.raises(KeyboardInterrupt):
        interrupts.interrupt()


def test_an_interrupt_waits_for_the_end_of_the_outermost_block() -> None:
    done: list[str] = []

    def act() -> None:
        with interrupts.deferred():
            with interrupts.deferred():
                interrupts.interrupt()
                done.append("inner")
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        act()
    assert done == ["inner", "outer"]
    with interrupts.deferred():
        pass  # it has come, once


def test_an_interrupt_that_waited_follows_an_error_of_the_block() -> None:
    def act() -> None:
        with interrupts.deferred():
            interrupts.interrupt()
            raise OSError

    with pytest.raises(KeyboardInterrupt) as caught:
        act()
    assert isinstance(caught.value.__context__, OSError)


def test_a_block_in_another_thread_holds_up_nothing() -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with interrupts.deferred():
            entered.set()
            leave.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    entered.wait(60)
    with pytest.raises(KeyboardInterrupt):
        interrupts.interrupt()
    leave.set()
    thread.join()
