"""The guests as `wasmtime serve` gets them."""

from pathlib import Path

from bench.guests import without_informational_responses
from wasmtime import Engine
from wasmtime.component import Component, ComponentInstanceType

GUESTS = Path(__file__).parents[2] / "guests"


def imported(component: bytes) -> set[str]:
    """Return what a component imports of `wasi:http/types`; it must be a valid one."""
    engine = Engine()
    interface = Component(engine, component).type.imports(engine)["wasi:http/types@0.2.12"].ty
    assert isinstance(interface, ComponentInstanceType)
    return set(interface.exports(engine))


def test_only_the_import_that_wasmtime_serve_lacks_is_taken_out() -> None:
    lab = (GUESTS / "lab.wasm").read_bytes()
    before, after = imported(lab), imported(without_informational_responses(lab))
    assert before - after == {"[method]response-outparam.send-informational"}
    assert after < before


def test_a_guest_that_does_not_import_it_stays_what_it_is() -> None:
    hello = (GUESTS / "hello.wasm").read_bytes()
    assert without_informational_responses(hello) == hello
