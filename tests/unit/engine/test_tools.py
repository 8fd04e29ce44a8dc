"""The component tools: what they answer, and what they say when they refuse."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tool_guests as guests
import wasmtime
from hypothesis import given, settings
from hypothesis import strategies as st
from tool_guests import compose, run

from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import Description
from whorl.engine.tools import ComponentTools, cached_in
from whorl.errors import ToolError

SHOP = Path(__file__).parents[2] / "guests/shop/plain.wasm"
SHOP_PREVIEW1 = SHOP.with_name("preview1.wasm")


@pytest.fixture(scope="module")
def tools() -> ComponentTools:
    return ComponentTools(cached_in(CompiledCache()))


class TestDescribe:
    def test_a_component_is_described_by_its_imports_and_exports(self, tools: ComponentTools) -> None:
        described = tools.describe(guests.relay("ns:a/b@1.0.0", "ns:c/d"))
        assert described == Description("component", ("ns:c/d",), ("ns:a/b@1.0.0",), has_world=True)

    def test_a_core_module_is_described_by_the_modules_that_it_imports(self, tools: ComponentTools) -> None:
        described = tools.describe(guests.COMMAND)
        assert described == Description("module", ("wasi_snapshot_preview1",), ("memory", "_start"), has_world=False)

    def test_a_core_module_with_a_world_says_so(self, tools: ComponentTools) -> None:
        assert tools.describe(SHOP).has_world

    def test_a_file_is_read_in_place(self, tools: ComponentTools, tmp_path: Path) -> None:
        file = tmp_path / "a name with spaces.wasm"
        file.write_bytes(wasmtime.wat2wasm(guests.COMMAND))
        link = tmp_path / "link.wasm"
        link.symlink_to(file)
        assert tools.describe(file) == tools.describe(link) == tools.describe(guests.COMMAND)

    @pytest.mark.parametrize(
        ("content", "complaint"),
        [
            (b"", "this is neither WebAssembly nor its text format"),
            (b"\x7fELF(\0", "this is neither WebAssembly nor its text format"),
            (b"\0asm", "this is not WebAssembly"),
            (b"\0asm\x02\0\0\0", "this is WebAssembly of a version that is not supported"),
            (b"\0asm\x01\0\0\0\x01\x7f", "the file is cut off"),
            (b"\0asm\x01\0\0\0\x63\x00", "there is no section with the number 99"),
        ],
    )
    def test_what_is_not_webassembly_is_refused(self, tools: ComponentTools, content: bytes, complaint: str) -> None:
        with pytest.raises(ToolError, match=f"^{re.escape(complaint)}$"):
            tools.describe(content)

    def test_text_with_a_mistake_is_refused_with_its_place(self, tools: ComponentTools) -> None:
        with pytest.raises(
            ToolError, match="^the text format cannot be assembled: expected valid module field at 1:10$"
        ):
            tools.describe(b"(module (funk))")

    def test_a_file_that_is_not_there_is_named(self, tools: ComponentTools, tmp_path: Path) -> None:
        with pytest.raises(ToolError, match=f"^`{tmp_path}/a.wasm` cannot be read: No such file or directory$"):
            tools.describe(tmp_path / "a.wasm")


class TestComponentize:
    def test_a_component_passes_through_unchanged(self, tools: ComponentTools) -> None:
        component = bytes(wasmtime.wat2wasm(guests.provider("ns:a/b", 1)))
        assert tools.componentize(component) == component

    def test_a_core_module_becomes_the_component_of_its_world(self, tools: ComponentTools) -> None:
        component = tools.componentize(SHOP)
        assert tools.describe(component) == Description("component", ("test:shop/prices",), ("run",), has_world=True)
        assert run(compose(tools, component, guests.provider("test:shop/prices", 42)).wasm) == 42

    def test_wasi_0_1_is_adapted(self, tools: ComponentTools) -> None:
        described = tools.describe(tools.componentize(SHOP_PREVIEW1))
        assert described.exports == ("run",)
        assert "test:shop/prices" in described.imports
        assert any(name.startswith("wasi:clocks/wall-clock@0.2.") for name in described.imports)

    def test_a_program_without_a_world_becomes_a_command(self, tools: ComponentTools) -> None:
        (export,) = tools.describe(tools.componentize(guests.COMMAND)).exports
        assert export.startswith("wasi:cli/run@0.2.")

    def test_an_import_without_a_world_is_refused_by_name(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError) as caught:
            tools.componentize(SHOP.with_suffix(".wat"))
        assert str(caught.value) == (
            "the core module cannot be made a component, for it does not carry the world that it was built for: module"
            " requires an import interface named `test:shop/prices`"
        )

    def test_a_damaged_module_is_refused(self, tools: ComponentTools) -> None:
        module = bytes(wasmtime.wat2wasm(guests.COMMAND))
        with pytest.raises(ToolError, match="^the core module cannot be read: "):
            tools.componentize(module[:-3])


class TestWit:
    def test_the_world_of_a_component_is_printed(self, tools: ComponentTools) -> None:
        component = tools.componentize(SHOP)
        assert tools.wit(component) == (
            "package root:component;\n\nworld root {\n  import test:shop/prices;\n\n  export run: func() -> u32;\n}\n"
            "package test:shop {\n  interface prices {\n    get: func() -> u32;\n  }\n}\n"
        )

    def test_a_core_module_has_none(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError, match="^this is a core module, not a component: componentize it first$"):
            tools.wit(guests.COMMAND)


class TestValidate:
    def test_what_is_valid_passes(self, tools: ComponentTools) -> None:
        tools.validate(guests.caller("ns:a/b", "ns:c/d"))

    def test_a_function_that_is_not_valid_is_refused_with_its_offset(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError, match=r"^type mismatch: expected i32 but nothing on stack at offset 0x18$"):
            tools.validate(b"(module (func (result i32)))")


class TestDamage:
    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4))
    def test_damaged_bytes_are_refused_in_one_line_or_not_at_all(
        self, tools: ComponentTools, damage: list[tuple[float, int]]
    ) -> None:
        content = bytearray(wasmtime.wat2wasm(guests.relay("ns:a/b@1.0.0", "ns:c/d")))
        for place, value in damage:
            content[4 + int(place * (len(content) - 5))] = value
        for use in (tools.describe, tools.componentize, tools.wit, tools.validate):
            assert complaint(use, bytes(content)).count("\n") == 0


def complaint(use: Callable[[bytes], object], content: bytes) -> str:
    try:
        use(content)
    except ToolError as error:
        return str(error)
    return ""


class TestProcess:
    def test_nothing_is_compiled_before_the_first_call(self) -> None:
        calls: list[int] = []

        def load(engine: wasmtime.Engine, wasm: bytes) -> wasmtime.Module:
            calls.append(len(wasm))
            return cached_in(CompiledCache())(engine, wasm)

        tools = ComponentTools(load)
        assert calls == []
        tools.describe(guests.COMMAND)
        tools.describe(guests.COMMAND)
        assert len(calls) == 1

    def test_threads_may_call_at_the_same_time(self, tools: ComponentTools) -> None:
        def answer(number: int) -> object:
            return run(compose(tools, guests.caller("ns:a/b"), guests.provider("ns:a/b", number)).wasm)

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(answer, range(32))) == list(range(32))

    def test_compiled_tools_are_found_again_on_disk(self, tmp_path: Path) -> None:
        cache = CompiledCache(tmp_path / "cache")
        ComponentTools(cached_in(cache)).describe(guests.COMMAND)
        (file,) = cache.directory.glob("*.cwasm")
        written = file.stat().st_mtime_ns
        assert ComponentTools(cached_in(cache)).describe(guests.COMMAND).kind == "module"
        assert file.stat().st_mtime_ns == written

    def test_a_component_of_40_mb_is_composed(self, tools: ComponentTools) -> None:
        padding = b'(core module (memory 1000) (data (i32.const 0) "%s"))' % (b"x" * 40_000_000)
        root = guests.caller("ns:a/b").replace(b"(component", b"(component " + padding, 1)
        assert len(compose(tools, root, guests.provider("ns:a/b", 1)).wasm) > 40_000_000
