"""What is written for the C API: only what it takes, all else is refused before it is seen.

How the library takes what is let through is tested in `test_values_fuzzed.py`, in a process of its own.
"""

import ctypes
from typing import Any

import pytest
from engine_guests import ECHO
from engine_probe import Link, Probe
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import component as wasm

from whorl.engine import bindings
from whorl.engine.components import LinkedComponent
from whorl.engine.engines import Engine
from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType
from whorl.engine.instances import instantiate
from whorl.engine.limits import InstanceLimits
from whorl.engine.packing import Text, is_utf8, pack, unpack
from whorl.engine.traps import Trap
from whorl.engine.values import BadValueError, make_reader, make_writer
from whorl.errors import ComponentError

UNTOUCHED = b"\xaa" * bindings.VALUE_SIZE


class LongBytes(bytes):
    """Says that it is longer than it is."""

    __slots__ = ()

    def __len__(self) -> int:
        return 1 << 40


BAD = [
    (ValueType.STRING, b"\xff"),
    (ValueType.STRING, b"ok then \xed\xa0\x80"),
    (ValueType.STRING, "text"),
    (ValueType.STRING, bytearray(b"text")),
    (ValueType.STRING, LongBytes(b"text")),
    (ValueType.STRING, None),
    (ValueType.STRING, 7),
    (ValueType.BOOL, 1),
    (ValueType.BOOL, None),
    (ValueType.U32, -1),
    (ValueType.U32, 1 << 32),
    (ValueType.U32, True),
    (ValueType.U32, 1.0),
    (ValueType.U64, -1),
    (ValueType.U64, 1 << 64),
    (ValueType.S64, 1 << 63),
    (ValueType.S64, b"7"),
]


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_what_is_not_of_its_type_is_refused_by_name_and_nothing_is_written(kind: ValueType, value: Any) -> None:
    space = ctypes.create_string_buffer(UNTOUCHED, bindings.VALUE_SIZE)
    with pytest.raises(BadValueError, match="`keys` of the host answered .*, which is not a "):
        make_writer(kind, "keys")(ctypes.addressof(space), value)
    assert space.raw == UNTOUCHED


GOOD = [
    (ValueType.STRING, b""),
    (ValueType.STRING, b"a\0b"),
    (ValueType.STRING, "grün ☃ 😀".encode()),
    (ValueType.STRING, Text("grün".encode())),
    (ValueType.BOOL, True),
    (ValueType.U32, (1 << 32) - 1),
    (ValueType.U64, (1 << 64) - 1),
    (ValueType.S64, -(1 << 63)),
]


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_what_is_written_is_read(kind: ValueType, value: Any) -> None:
    space = ctypes.create_string_buffer(bindings.VALUE_SIZE)
    address = ctypes.addressof(space)
    make_writer(kind)(address, value)
    assert make_reader((kind,))(address) == [value]


@given(st.binary())
def test_a_text_is_utf8(data: bytes) -> None:
    if is_utf8(data):
        assert Text(data) == data
    else:
        with pytest.raises(UnicodeDecodeError):
            Text(data)


@given(st.binary() | st.text().map(str.encode))
def test_what_is_packed_can_cross_and_comes_back(data: bytes) -> None:
    assert is_utf8(pack(data))
    assert unpack(pack(data)) == data


@pytest.mark.anyio
async def test_an_answer_that_is_not_utf8_is_a_trap_of_the_guest_that_asked(link: Link) -> None:
    linked, probe = link(ECHO)
    probe.answer = b"\xff"
    instance = await instantiate(linked, InstanceLimits())
    with pytest.raises(Trap, match=r"`echo` of the host answered b'\\xff', which is not a string in UTF-8"):
        await instance.call()
    instance.close()


@pytest.mark.parametrize(
    ("params", "result"),
    [
        ((ValueType.STRING,) * 4, ValueType.STRING),
        ((ValueType.BOOL, ValueType.U32, ValueType.S64), ValueType.STRING),
        ((ValueType.BOOL, ValueType.U32, ValueType.S64, ValueType.STRING), None),
        ((ValueType.BOOL, ValueType.U32, ValueType.S64, ValueType.STRING), ValueType.U64),
    ],
)
def test_a_function_of_other_types_than_the_import_is_not_linked(
    engine: Engine, params: tuple[ValueType, ...], result: ValueType | None
) -> None:
    whole = Probe().interface()
    echo = HostFunction("echo", params, result, lambda *_: None)
    functions = (*(each for each in whole.functions if each.name != "echo"), echo)
    with pytest.raises(ComponentError, match="`echo` of `test:host/probe@0.1.0` has other types here"):
        LinkedComponent(engine, "shop", wasm.Component(engine.wasmtime, ECHO), [HostInterface(whole.name, functions)])
