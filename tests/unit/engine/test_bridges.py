"""Bridges as they run: which frames reach the host, and what becomes of its replies."""

import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import wasmtime
from bridge_guests import INTERFACE, RESOURCES, SHELF_GIVER, SHELF_USER, TYPES, UTF_16_SPEAKER
from bridge_hosts import (
    ARENA,
    HOST,
    SLOTS,
    TASKS,
    Bridge,
    Host,
    Reply,
    bridge_of,
    done,
    done_with,
    resolving,
    waiting,
)
from wasmtime import component as wasm

from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.tools import ComponentTools, cached_in

Make = Callable[..., Bridge]


@pytest.fixture(scope="module")
def tools() -> ComponentTools:
    return ComponentTools(cached_in(CompiledCache()))


@pytest.fixture
def store() -> Iterator[wasmtime.Store]:
    with wasmtime.Store(wasmtime.Engine()) as store:
        yield store


@pytest.fixture
def bridge(tools: ComponentTools, store: wasmtime.Store) -> Make:
    """Give a function that makes the bridge of an interface's declarations."""
    return partial(bridge_of, tools, store)


class TestFrames:
    @pytest.mark.parametrize(
        ("ty", "value", "slot"),
        [
            ("bool", True, struct.pack("<I", 1)),
            ("u8", 255, struct.pack("<I", 255)),
            ("s8", -1, struct.pack("<i", -1)),
            ("u16", 65535, struct.pack("<I", 65535)),
            ("s16", -2, struct.pack("<i", -2)),
            ("u32", 4294967295, struct.pack("<I", 4294967295)),
            ("s32", -3, struct.pack("<i", -3)),
            ("u64", 2**64 - 1, struct.pack("<Q", 2**64 - 1)),
            ("s64", -4, struct.pack("<q", -4)),
            ("f32", 1.5, struct.pack("<f", 1.5)),
            ("f64", -2.5, struct.pack("<d", -2.5)),
            ("char", "€", struct.pack("<I", 0x20AC)),
            ("$color", "blue", struct.pack("<I", 2)),
            ("$few", {"a", "c"}, struct.pack("<I", 5)),
            ("$many", {"b", "q"}, struct.pack("<I", 0x10002)),
        ],
    )
    def test_a_flat_parameter_has_a_slot(self, bridge: Make, ty: str, value: object, slot: bytes) -> None:
        frame = bridge(f'{TYPES} (export "f" (func (param "before" u64) (param "x" {ty})))').frame("f", 1, value)
        assert frame[SLOTS : SLOTS + 8] == struct.pack("<Q", 1)
        assert frame[SLOTS + 8 : SLOTS + 8 + len(slot)] == slot
        assert len(frame) == ARENA

    def test_a_string_lies_in_the_arena(self, bridge: Make) -> None:
        frame = bridge('(export "f" (func (param "x" string) (param "y" string)))').frame("f", "häuser", "\0\U0001f40d")
        x, x_length, y, y_length = struct.unpack_from("<QQQQ", frame, SLOTS)
        assert (frame[x : x + x_length].decode(), frame[y : y + y_length].decode()) == ("häuser", "\0\U0001f40d")
        assert (x, len(frame) % 8) == (ARENA, 0)

    def test_bytes_of_every_value_arrive(self, bridge: Make) -> None:
        content = bytes(range(256)) * 3
        frame = bridge('(export "f" (func (param "x" (list u8))))').frame("f", content)
        address, length = struct.unpack_from("<QQ", frame, SLOTS)
        assert frame[address : address + length] == content

    def test_a_record_in_a_list_is_stored_as_the_canonical_abi_says(self, bridge: Make) -> None:
        made = bridge(f'{TYPES} (export "f" (func (param "x" (list $item))))')
        items = [wasm.Record(), wasm.Record()]
        for item, name in zip(items, ("one", "two"), strict=True):
            item.__dict__.update(name=name, count=len(name), tags=[name, "tag"])
        frame = made.frame("f", items)
        address, length = struct.unpack_from("<QQ", frame, SLOTS)
        assert length == 2
        name, name_length, count, tags, tag_count = struct.unpack_from("<IIHxxII", frame, address + 20)
        assert (frame[name : name + name_length], count, tag_count) == (b"two", 3, 2)
        first, first_length, second, second_length = struct.unpack_from("<IIII", frame, tags)
        assert (frame[first : first + first_length], frame[second : second + second_length]) == (b"two", b"tag")

    def test_sixteen_flat_parameters_have_a_slot_each(self, bridge: Make) -> None:
        params = "".join(f'(param "p{n}" u64)' for n in range(16))
        frame = bridge(f'(export "f" (func {params}))').frame("f", *range(16))
        assert struct.unpack_from("<16Q", frame, SLOTS) == tuple(range(16))
        assert len(frame) == ARENA

    def test_more_than_sixteen_are_found_by_the_first_slot(self, bridge: Make) -> None:
        params = "".join(f'(param "p{n}" u8)' for n in range(16))
        frame = bridge(f'(export "f" (func {params} (param "last" string)))').frame("f", *range(16), "last")
        (address,) = struct.unpack_from("<Q", frame, SLOTS)
        assert frame[address : address + 16] == bytes(range(16))
        last, length = struct.unpack_from("<II", frame, address + 16)
        assert frame[last : last + length] == b"last"

    def test_every_function_has_its_number(self, bridge: Make) -> None:
        made = bridge('(export "f" (func)) (export "g" (func)) (export "h" (func))')
        for name in ("h", "f", "g"):
            made.frame(name)
        assert [call[1] for call in made.host.calls] == [2, 0, 1]
        assert [each["name"] for each in made.description["functions"]] == ["f", "g", "h"]


class TestResults:
    @pytest.mark.parametrize(
        ("ty", "stored", "value"),
        [
            ("bool", b"\x01", True),
            ("u8", b"\xff", 255),
            ("s8", b"\xff", -1),
            ("u16", b"\xff\xff", 65535),
            ("s16", b"\xfe\xff", -2),
            ("u32", b"\xff\xff\xff\xff", 2**32 - 1),
            ("s32", b"\xfd\xff\xff\xff", -3),
            ("u64", b"\xff" * 8, 2**64 - 1),
            ("s64", b"\xfc" + b"\xff" * 7, -4),
            ("f32", struct.pack("<f", 1.5), 1.5),
            ("f64", struct.pack("<d", -2.5), -2.5),
            ("char", struct.pack("<I", 0x1F40D), "\U0001f40d"),
            ("$color", b"\x02", "blue"),
            ("$few", b"\x05", {"a", "c"}),
            ("$some", b"\x01\x01", {"a", "i"}),
            ("$many", b"\x02\x00\x01\x00", {"b", "q"}),
            ("(tuple (tuple s8))", b"\x80", ((-128,),)),
        ],
    )
    def test_one_flat_value_is_loaded(self, bridge: Make, ty: str, stored: bytes, value: object) -> None:
        made = bridge(f'{TYPES} (export "f" (func (result {ty})))')
        # What lies behind it must not be read.
        assert made.answer(done(stored + b"\x55" * 16), "f") == value

    def test_one_flat_value_in_a_record_is_loaded(self, bridge: Make) -> None:
        made = bridge(f'{TYPES} (export "f" (func (result $one)))')
        assert made.answer(done(b"\xfe\xff\x55\x55"), "f").only == -2

    def test_a_variant_without_payloads_is_loaded(self, bridge: Make) -> None:
        made = bridge(f'{TYPES} (export "f" (func (result $answer))) (export "g" (func (result (result))))')
        assert made.answer(done(b"\x01\x55"), "f").tag == "no"
        assert made.answer(done(b"\x01\x55"), "g").tag == "err"

    def test_a_string_is_where_the_result_says(self, bridge: Make) -> None:
        made = bridge('(export "f" (func (result string)))')
        assert made.answer(done_with("häuser \U0001f40d"), "f") == "häuser \U0001f40d"

    def test_bytes_of_every_value_arrive(self, bridge: Make) -> None:
        made = bridge('(export "f" (func (result (list u8))))')
        assert made.answer(done_with(bytes(range(256))), "f") == bytes(range(256))

    def test_a_record_with_strings_arrives(self, bridge: Make) -> None:
        made = bridge(f'{TYPES} (export "f" (func (result $item)))')
        item = made.answer(done_with("name", 7, b""), "f")
        assert (item.name, item.count, item.tags) == ("name", 7, [])

    def test_nothing_is_returned_without_a_result(self, bridge: Make) -> None:
        assert bridge('(export "f" (func))').answer(done(), "f") is None


class TestArena:
    @pytest.mark.parametrize("result", ["", "(result u8)", "(result string)"])
    def test_it_is_empty_after_each_call(self, bridge: Make, result: str) -> None:
        made = bridge(f'(export "f" (func (param "x" string) {result}))')
        for _ in range(3):
            made.answer(done_with("result"), "f", "parameter")
        assert {(len(frame), *struct.unpack_from("<QQ", frame, SLOTS)) for frame in made.host.frames} == {
            (ARENA + 16, ARENA, 9)
        }

    def test_it_grows(self, bridge: Make) -> None:
        made = bridge('(export "f" (func (param "x" string) (result string)))')
        for size in (70_000, 5_000_000, 1):
            # Each byte of the reply takes two of UTF-8: the engine asks for too much, and gives it back.
            content = "þ" * size
            assert made.answer(done_with(content), "f", content) == content
            address, length = struct.unpack_from("<QQ", made.host.frames[-1], SLOTS)
            assert made.host.frames[-1][address : address + length].decode() == content

    def test_a_limit_of_the_memory_is_a_trap(self, bridge: Make, store: wasmtime.Store) -> None:
        store.set_limits(memory_size=1 << 20)
        made = bridge('(export "f" (func (param "x" string)))')
        assert made.frame("f", "x" * 900_000)
        with pytest.raises(wasmtime.WasmtimeError, match="`unreachable`"):
            made.frame("f", "x" * 1_100_000)


class TestWaiting:
    def test_the_reply_to_finish_counts_once_the_task_is_ready(self, bridge: Make) -> None:
        made = bridge('(export "f" (func (param "x" string) (result string)))')
        made.host.replies = [waiting(7), waiting(12, "7 12"), done_with("late")]
        assert made("f", "argument") == "late"
        assert made.host.calls[1:] == [
            ("wait", "7", 2**64 - 1),
            ("finish", 7),
            ("wait", "7 12", 2**64 - 1),
            ("finish", 12),
        ]

    def test_the_frame_is_still_there_when_the_reply_comes(self, bridge: Make) -> None:
        made = bridge('(export "f" (func (param "x" string) (result string)))')
        made.host.replies = [waiting(1), done(struct.pack("<II", ARENA, 8))]
        assert made("f", "argument") == "argument"


class TestResources:
    def test_a_result_becomes_a_resource_of_the_guest(self, bridge: Make) -> None:
        made = bridge(RESOURCES)
        shelf = opened(made)
        assert made.answer(done(struct.pack("<I", 3)), "[method]shelf.size", shelf) == 3
        assert struct.unpack_from("<I", made.host.frames[-1], SLOTS) == (42,)

    def test_resources_in_a_list_do_too(self, bridge: Make) -> None:
        made = bridge(RESOURCES)
        books = made.answer(books_of(10, 11, 12), "[static]book.all")
        assert made.answer(done(b"\x03"), "count", books) == 3
        address, length = struct.unpack_from("<QQ", made.host.frames[-1], SLOTS)
        assert struct.unpack_from(f"<{length}I", made.host.frames[-1], address) == (10, 11, 12)

    def test_the_host_hears_of_one_that_is_dropped(self, bridge: Make, store: wasmtime.Store) -> None:
        made = bridge(RESOURCES)
        first, second = made.answer(books_of(10, 11), "[static]book.all")
        second.drop(store)
        first.drop(store)
        assert made.host.calls[1:] == [("drop", 1, 11), ("drop", 1, 10)]

    def test_it_does_not_hear_of_what_keeps_nothing(self, bridge: Make, store: wasmtime.Store) -> None:
        made = bridge(RESOURCES, keeps_nothing=(f"{INTERFACE}/book",))
        shelf = opened(made)
        (book,) = made.answer(books_of(10), "[static]book.all")
        made.host.calls.clear()
        book.drop(store)
        shelf.drop(store)
        assert made.host.calls == [("drop", 0, 42)]
        assert [each["keeps_nothing"] for each in made.description["resources"]] == [False, True]

    def test_what_is_given_back_reaches_the_host_and_is_dropped_when_all_is_done(self, bridge: Make) -> None:
        made = bridge(RESOURCES)
        shelf, books = opened(made), made.answer(books_of(10, 11), "[static]book.all")
        made.host.calls.clear()
        made.host.replies = [resolving_burned(made.host), waiting(5), done(struct.pack("<I", 99), ((0, 1),))]
        burned = made("burn", books, shelf)
        _, (_, frame), *rest = made.host.calls
        triples = list(struct.iter_unpack("<III", frame))
        assert [(resource, rep) for resource, _, rep in triples] == [(1, 10), (1, 11), (0, 42)]
        assert rest == [("wait", "5", 2**64 - 1), ("finish", 5), ("drop", 1, 10), ("drop", 1, 11), ("drop", 0, 42)]
        assert made.answer(done(b"\x01"), "count", [burned]) == 1
        (address,) = struct.unpack_from("<Q", made.host.frames[-1], SLOTS)
        assert struct.unpack_from("<I", made.host.frames[-1], address) == (99,)

    def test_it_may_be_resolved_after_a_wait(self, bridge: Make) -> None:
        made = bridge(RESOURCES)
        shelf, (book,) = opened(made), made.answer(books_of(10), "[static]book.all")
        made.host.calls.clear()
        made.host.replies = [waiting(5), resolving_added(made.host), done()]
        made("[method]shelf.add", shelf, book)
        assert [call[0] for call in made.host.calls] == ["call", "wait", "finish", "resolved", "drop"]
        assert struct.unpack("<III", made.host.calls[3][1])[::2] == (1, 10)

    def test_the_handles_of_a_bridge_are_used_again(self, bridge: Make) -> None:
        made = bridge(RESOURCES)
        shelf = opened(made)
        for _ in range(3):
            (book,) = made.answer(books_of(10), "[static]book.all")
            made.host.replies = [resolving_added(made.host), done()]
            made("[method]shelf.add", shelf, book)
        handles = {struct.unpack("<III", call[1])[1] for call in made.host.calls if call[0] == "resolved"}
        assert len(handles) == 1


def opened(made: Bridge) -> Any:
    """Return a shelf that the host knows by 42."""
    return made.answer(done(struct.pack("<I", 42), ((0, 0),)), "[constructor]shelf", "top")


def books_of(*reps: int) -> Reply:
    """Reply with a list of books."""

    def reply(base: int) -> bytes:
        result = struct.pack(f"<II{len(reps)}I", base + 24, len(reps), *reps)
        return done(result, tuple((8 + 4 * n, 1) for n in range(len(reps))))(base)

    return reply


def resolving_burned(host: Host) -> Reply:
    """Ask for the resources that a call of `burn` gives back."""

    def reply(base: int) -> bytes:
        address, length, shelf = struct.unpack_from("<QQI", host.frames[-1], SLOTS)
        books = struct.unpack_from(f"<{length}I", host.frames[-1], address)
        return resolving(*((1, book) for book in books), (0, shelf))(base)

    return reply


def resolving_added(host: Host) -> Reply:
    """Ask for the book that a call of `shelf.add` gives back."""

    def reply(base: int) -> bytes:
        (book,) = struct.unpack_from("<I", host.frames[-1], SLOTS + 8)
        return resolving((1, book))(base)

    return reply


class TestTraps:
    """What a host must not say: nothing of it reaches the guest."""

    @pytest.mark.parametrize(
        "reply",
        [
            pytest.param(lambda base: struct.pack("<IIII", 4, base, base, 0), id="an unknown status"),
            pytest.param(lambda _base: bytes(15), id="too short"),
            pytest.param(lambda _base: b"", id="empty"),
            pytest.param(lambda base: struct.pack("<IIII", 0, 0xFFFF_0000, base, 0), id="a result that is nowhere"),
            pytest.param(lambda _base: struct.pack("<IIII", 1, 0xFFFF_0000, 5, 1), id="a task that is nowhere"),
            pytest.param(lambda base: struct.pack("<IIII", 2, 0, base, 0), id="resources that nobody gave"),
        ],
    )
    def test_it_is_a_trap(self, bridge: Make, reply: Reply) -> None:
        made = bridge('(export "f" (func (result u32)))')
        with pytest.raises(wasmtime.WasmtimeError):
            made.answer(reply, "f")

    def test_characters_above_latin1_are_a_trap(self, bridge: Make) -> None:
        made = bridge('(export "f" (func))')
        made.host.call = lambda *_arguments: done()(ARENA).decode("latin-1") + "€"  # type: ignore[method-assign]
        with pytest.raises(wasmtime.WasmtimeError, match="`unreachable`"):
            made("f")

    @pytest.mark.parametrize(
        "reply",
        [
            pytest.param(done(struct.pack("<I", 42), ((0, 2),)), id="a resource that is none"),
            pytest.param(done(struct.pack("<I", 42), ((0xFFFF_0000, 0),)), id="a fix-up that is nowhere"),
            pytest.param(done(struct.pack("<I", 42)), id="no fix-up"),
            pytest.param(resolving((2, 1)), id="giving back a resource that is none"),
            pytest.param(resolving((1, 77)), id="giving back a handle that is none"),
        ],
    )
    def test_so_are_mistakes_about_resources(self, bridge: Make, reply: Reply) -> None:
        with pytest.raises(wasmtime.WasmtimeError):
            bridge(RESOURCES).answer(reply, "[constructor]shelf", "top")

    def test_resources_are_resolved_at_most_once(self, bridge: Make) -> None:
        made = bridge(RESOURCES)
        shelf, (book,) = opened(made), made.answer(books_of(10), "[static]book.all")
        made.host.replies = [resolving_added(made.host), resolving_added(made.host), done()]
        with pytest.raises(wasmtime.WasmtimeError, match="`unreachable`"):
            made("[method]shelf.add", shelf, book)
        assert len(made.host.replies) == 1

    def test_what_a_host_raises_reaches_the_caller(self, bridge: Make) -> None:
        def fail(*_arguments: object) -> str:
            raise OSError("the shelf is on fire")

        made = bridge('(export "f" (func))')
        made.host.call = fail  # type: ignore[assignment, method-assign]
        with pytest.raises(OSError, match="on fire"):
            made("f")


class TestComposed:
    def test_a_guest_calls_the_host_through_its_bridge(self, tools: ComponentTools, store: wasmtime.Store) -> None:
        run, host = composed(tools, store, SHELF_USER)
        host.replies = [done(struct.pack("<I", 42), ((0, 0),)), waiting(3), done_with("träge")]
        assert run() == "träge"
        name, length = struct.unpack_from("<QQ", host.frames[0], SLOTS)
        assert host.frames[0][name : name + length].decode() == "café"
        assert [call[0] for call in host.calls] == ["call", "call", "wait", "finish", "drop"]
        assert host.calls[-1] == ("drop", 0, 42)

    def test_a_guest_gives_a_resource_back(self, tools: ComponentTools, store: wasmtime.Store) -> None:
        def resolving_first(base: int) -> bytes:
            return resolving((0, struct.unpack_from("<I", host.frames[-1], SLOTS)[0]))(base)

        run, host = composed(tools, store, SHELF_GIVER)
        opened, closed = (done(struct.pack("<I", rep), ((0, 0),)) for rep in (42, 43))
        host.replies = [opened, resolving_first, closed]
        run()
        assert [call[0] for call in host.calls] == ["call", "call", "resolved", "drop", "drop"]
        assert struct.unpack("<III", host.calls[2][1])[::2] == (0, 42)
        assert host.calls[3:] == [("drop", 0, 42), ("drop", 0, 43)]

    @pytest.mark.parametrize("text", ["plain", "häuser", "\U0001f40d" * 300, "a" * 400 + "€" * 400])
    def test_strings_of_utf_16_are_packed_as_utf_8(
        self, tools: ComponentTools, store: wasmtime.Store, text: str
    ) -> None:
        units = text.encode("utf-16-le")
        escaped = "".join(f"\\{byte:02x}" for byte in units)
        run, host = composed(tools, store, (UTF_16_SPEAKER % (escaped, len(units) // 2)).encode())
        host.replies = [done()]
        run()
        x, x_length, y, y_length = struct.unpack_from("<QQQQ", host.frames[0], SLOTS)
        assert host.frames[0][x : x + x_length].decode() == text
        assert host.frames[0][y : y + y_length].decode() == units[:4].decode("utf-16-le")
        assert (x, y) == (ARENA, x + x_length)


def composed(tools: ComponentTools, store: wasmtime.Store, guest: bytes) -> tuple[Callable[[], Any], Host]:
    """Return what runs a guest that is composed with its bridge, and the host of that."""
    made, _ = tools.bridge(guest, [INTERFACE])
    sources = (ComponentSource("guest", guest),), (ComponentSource("bridge", made),)
    composition = tools.compose(Composition(*sources, exports=("run",)))
    assert {each.name for each in composition.unresolved} == {HOST, TASKS}
    linker, host = wasm.Linker(store.engine), Host()
    host.add_to(linker)
    instance = linker.instantiate(store, wasm.Component(store.engine, composition.wasm))
    run = instance.get_func(store, "run")
    assert isinstance(run, wasm.Func)
    return partial(run, store), host
