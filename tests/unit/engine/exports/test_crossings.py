"""Handles of one call: what may be lent and given, and what is gone once the call begins."""

from typing import Any

import pytest

from whorl.engine.bridges.frames import MOST_THINGS
from whorl.engine.exports.callees import Callee
from whorl.engine.exports.crossings import Crossing
from whorl.engine.packing import MalformedError


class Owner:
    """Holds nothing."""

    def hold(self, resource: int, handle: int) -> Any:
        return resource, handle


class Thing:
    """A resource."""

    def __init__(self, owner: Owner, handle: int, resource: int = 0) -> None:
        self.owner = owner
        self.resource = resource
        self.handle: int | None = handle


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def crossing(owner: Owner) -> Crossing:
    crossing = Crossing(owner, ("shelf", "book"))
    crossing.begin(0)
    return crossing


def test_a_thing_is_lent_more_than_once(crossing: Crossing, owner: Owner) -> None:
    thing = Thing(owner, 3)
    assert (crossing.lend(0, thing), crossing.lend(0, thing)) == (3, 3)
    assert crossing.gone() == 0
    assert thing.handle == 3


@pytest.mark.parametrize("first", ["lend", "give"])
@pytest.mark.parametrize("second", ["lend", "give"])
def test_what_is_given_is_passed_once(crossing: Crossing, owner: Owner, first: str, second: str) -> None:
    thing = Thing(owner, 3)
    getattr(crossing, first)(0, thing)
    if "give" in (first, second):
        with pytest.raises(TypeError, match="is passed twice in a call that takes it away"):
            getattr(crossing, second)(0, thing)
    else:
        getattr(crossing, second)(0, thing)


def test_what_is_given_is_gone_once_the_call_begins(crossing: Crossing, owner: Owner) -> None:
    thing = Thing(owner, 3)
    crossing.give(0, thing)
    assert thing.handle == 3
    assert crossing.gone() == 1
    assert thing.handle is None


def test_a_call_that_is_begun_again_gives_again(crossing: Crossing, owner: Owner) -> None:
    thing = Thing(owner, 3)
    crossing.give(0, thing)
    crossing.begin(1)
    assert crossing.give(0, thing) == 3


def test_a_resource_of_another_type_is_refused(crossing: Crossing, owner: Owner) -> None:
    with pytest.raises(TypeError, match="is not a `shelf`"):
        crossing.lend(0, Thing(owner, 3, resource=1))


def test_python_holds_so_many_resources_of_an_instance() -> None:
    callee = Callee(object(), [], lambda _owner, _resource, handle: handle)  # type: ignore[arg-type]
    for handle in range(MOST_THINGS):
        callee.hold(0, handle)
    with pytest.raises(MalformedError, match="which gives one more"):
        callee.hold(0, 1)
    callee.let_go(1)
    assert callee.hold(0, 7) == 7
