"""Signals beside the block in which they raise."""

import os
import signal

import pytest

from whorl.cli.interrupts import SignalledError, raising_where_told


def test_a_signal_before_the_block_raises_as_it_begins() -> None:
    began = False
    with pytest.raises(SignalledError) as raised, raising_where_told() as raising:  # noqa: PT012 - blocks are tested
        os.kill(os.getpid(), signal.SIGTERM)
        with raising():
            began = True
    assert (raised.value.number, began) == (signal.SIGTERM, False)


def test_a_signal_within_the_block_raises_at_once() -> None:
    with pytest.raises(SignalledError), raising_where_told() as raising, raising():  # noqa: PT012 - blocks are tested
        os.kill(os.getpid(), signal.SIGTERM)
        pytest.fail("it goes on")


def test_a_signal_behind_the_block_is_not_lost() -> None:
    before = signal.getsignal(signal.SIGTERM)
    went_on = False
    with pytest.raises(SignalledError), raising_where_told() as raising:  # noqa: PT012 - blocks are tested
        with raising():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        went_on = True
    assert went_on
    assert signal.getsignal(signal.SIGTERM) is before
