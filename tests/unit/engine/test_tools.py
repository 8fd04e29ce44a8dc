"""The component tools: what they answer, and what they say when they refuse."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tool_guests as guests
import wasmtime
from wasmtime import component as wasm

from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import (
    ComponentSource,
    ComposedComponent,
    Composition,
    Description,
    ExportOf,
    UnresolvedImport,
)
from whorl.engine.tools import ComponentTools, cached_in, compile_module
from whorl.errors import ToolError


@pytest.fixture(scope="session")
def tools() -> ComponentTools:
    """Return the tools, compiled once for all tests."""
    return ComponentTools()


def compose(tools: ComponentTools, root: bytes, *adapters: bytes) -> ComposedComponent:
    sources = tuple(ComponentSource(f"adapter{n}", adapter) for n, adapter in enumerate(adapters))
    return tools.compose(Composition((ComponentSource("guest", root),), sources))


def dependency(root: bytes, wiring: dict[str, str | ExportOf], **others: bytes) -> Composition:
    sources = (ComponentSource(name, other) for name, other in others.items())
    return Composition((ComponentSource("guest", root, wiring), *sources))


def run(component: bytes, export: str = "run") -> object:
    """Return what a component that imports nothing answers."""
    engine = wasmtime.Engine()
    with wasmtime.Store(engine) as store:
        instance = wasm.Linker(engine).instantiate(store, wasm.Component(engine, component))
        function = instance.get_func(store, export)
        assert function is not None
        return function(store)


def refusal(tools: ComponentTools, composition: Composition) -> str:
    with pytest.raises(ToolError) as caught:
        tools.compose(composition)
    return str(caught.value)


class TestDescribe:
    def test_a_component_is_described_by_its_imports_and_exports(self, tools: ComponentTools) -> None:
        described = tools.describe(guests.relay("ns:a/b@1.0.0", "ns:c/d"))
        assert described == Description("component", ("ns:c/d",), ("ns:a/b@1.0.0",), has_world=True)

    def test_a_core_module_is_described_by_the_modules_that_it_imports(self, tools: ComponentTools) -> None:
        described = tools.describe(guests.PREVIEW1_MODULE)
        imports = ("test:shop/prices", "wasi_snapshot_preview1")
        assert described == Description("module", imports, ("memory", "cabi_realloc", "run"), has_world=False)

    def test_a_core_module_with_a_world_says_so(self, tools: ComponentTools, tmp_path: Path) -> None:
        (tmp_path / "shop.wit").write_text(guests.WORLD)
        assert tools.describe(tools.embed(guests.MODULE, tmp_path, "shop")).has_world

    def test_a_file_is_read_in_place(self, tools: ComponentTools, tmp_path: Path) -> None:
        file = tmp_path / "a name with spaces.wasm"
        file.write_bytes(wasmtime.wat2wasm(guests.MODULE))
        link = tmp_path / "link.wasm"
        link.symlink_to(file)
        assert tools.describe(file) == tools.describe(link) == tools.describe(guests.MODULE)

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
        with pytest.raises(ToolError, match="^the text format cannot be assembled: expected valid module field at 1:10$"):
            tools.describe(b"(module (funk))")


class TestComponentize:
    def test_a_component_passes_through_unchanged(self, tools: ComponentTools) -> None:
        component = bytes(wasmtime.wat2wasm(guests.provider("ns:a/b", 1)))
        assert tools.componentize(component) == component

    def test_a_core_module_becomes_the_component_of_its_world(self, tools: ComponentTools, tmp_path: Path) -> None:
        component = tools.componentize(shop_module(tools, tmp_path, guests.MODULE))
        assert tools.describe(component) == Description("component", ("test:shop/prices",), ("run",), has_world=True)
        assert run(compose(tools, component, guests.provider("test:shop/prices", 42)).wasm) == 42

    def test_wasi_0_1_is_adapted(self, tools: ComponentTools, tmp_path: Path) -> None:
        described = tools.describe(tools.componentize(shop_module(tools, tmp_path, guests.PREVIEW1_MODULE)))
        assert described.exports == ("run",)
        assert "test:shop/prices" in described.imports
        assert any(name.startswith("wasi:clocks/wall-clock@0.2.") for name in described.imports)

    def test_a_program_without_a_world_becomes_a_command(self, tools: ComponentTools) -> None:
        (export,) = tools.describe(tools.componentize(guests.COMMAND)).exports
        assert export.startswith("wasi:cli/run@0.2.")

    def test_an_import_that_is_not_of_its_world_is_refused_by_name(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError, match="`test:shop/prices`"):
            tools.componentize(guests.MODULE)

    def test_a_damaged_module_is_refused(self, tools: ComponentTools) -> None:
        module = bytes(wasmtime.wat2wasm(guests.MODULE))
        with pytest.raises(ToolError, match="^the core module cannot be read: "):
            tools.componentize(module[:-3])


def shop_module(tools: ComponentTools, folder: Path, module: bytes) -> bytes:
    (folder / "shop.wit").write_text(guests.WORLD)
    return tools.embed(module, folder, "shop")


class TestEmbed:
    def test_a_world_that_is_not_there_is_refused(self, tools: ComponentTools, tmp_path: Path) -> None:
        (tmp_path / "shop.wit").write_text(guests.WORLD)
        with pytest.raises(ToolError, match="has no world `stall`"):
            tools.embed(guests.MODULE, tmp_path, "stall")


class TestWit:
    def test_the_world_of_a_component_is_printed(self, tools: ComponentTools, tmp_path: Path) -> None:
        component = tools.componentize(shop_module(tools, tmp_path, guests.MODULE))
        assert tools.wit(component) == (
            "package root:component;\n\nworld root {\n  import test:shop/prices;\n\n  export run: func() -> u32;\n}\n"
            "package test:shop {\n  interface prices {\n    get: func() -> u32;\n  }\n}\n"
        )

    def test_a_core_module_has_none(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError, match="^this is a core module, not a component: componentize it first$"):
            tools.wit(guests.MODULE)


class TestValidate:
    def test_what_is_valid_passes(self, tools: ComponentTools) -> None:
        tools.validate(guests.caller("ns:a/b", "ns:c/d"))

    def test_a_function_that_is_not_valid_is_refused_with_its_offset(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError, match=r"^type mismatch: expected i32 but nothing on stack at offset 0x18$"):
            tools.validate(b"(module (func (result i32)))")


class TestCompose:
    def test_an_adapter_satisfies_an_import_of_its_name(self, tools: ComponentTools) -> None:
        composed = compose(tools, guests.caller("ns:a/b@0.2.1"), guests.provider("ns:a/b@0.2.1", 5))
        assert (composed.unresolved, composed.adapters, composed.exports) == ((), ("adapter0",), ("run",))
        assert run(composed.wasm) == 5

    def test_an_adapter_satisfies_any_version_of_its_semver_track(self, tools: ComponentTools) -> None:
        for version in ("0.2.0", "0.2.12"):
            composed = compose(tools, guests.caller(f"ns:a/b@{version}"), guests.provider("ns:a/b@0.2.6", 5))
            assert run(composed.wasm) == 5, version

    def test_an_exact_name_goes_before_a_compatible_one(self, tools: ComponentTools) -> None:
        compatible, exact = guests.provider("ns:a/b@0.2.6", 1), guests.provider("ns:a/b@0.2.0", 2)
        assert run(compose(tools, guests.caller("ns:a/b@0.2.0"), compatible, exact).wasm) == 2

    def test_the_first_adapter_that_fits_is_taken(self, tools: ComponentTools) -> None:
        first, second = guests.provider("ns:a/b@0.2.6", 1), guests.provider("ns:a/b@0.2.7", 2)
        composed = compose(tools, guests.caller("ns:a/b@0.2.0"), first, second)
        assert (run(composed.wasm), composed.adapters) == (1, ("adapter0",))

    def test_an_import_that_nobody_satisfies_stays_and_is_reported(self, tools: ComponentTools) -> None:
        composed = compose(tools, guests.caller("ns:a/b", "ns:c/d@1.0.0"), guests.provider("ns:a/b", 1))
        assert composed.unresolved == (UnresolvedImport("guest", "ns:c/d@1.0.0"),)
        assert tools.describe(composed.wasm).imports == ("ns:c/d@1.0.0",)

    def test_a_pre_release_is_satisfied_by_itself_alone(self, tools: ComponentTools) -> None:
        composed = compose(tools, guests.caller("ns:a/b@0.2.0-draft2"), guests.provider("ns:a/b@0.2.0", 1))
        assert composed.unresolved == (UnresolvedImport("guest", "ns:a/b@0.2.0-draft2"),)

    def test_an_adapter_that_nobody_needs_is_left_out(self, tools: ComponentTools) -> None:
        needed, idle = guests.provider("ns:a/b", 1), guests.provider("ns:c/d", 1)
        composed = compose(tools, guests.caller("ns:a/b"), idle, needed)
        assert composed.adapters == ("adapter1",)
        assert (
            composed.wasm
            == tools.compose(
                Composition(
                    (ComponentSource("guest", guests.caller("ns:a/b")),), (ComponentSource("adapter1", needed),)
                )
            ).wasm
        )

    def test_adapters_may_import_from_each_other(self, tools: ComponentTools) -> None:
        composed = compose(
            tools, guests.caller("ns:a/b"), guests.relay("ns:a/b", "ns:c/d"), guests.provider("ns:c/d", 1)
        )
        assert (run(composed.wasm), composed.adapters) == (2, ("adapter0", "adapter1"))

    def test_adapters_that_need_each_other_are_refused(self, tools: ComponentTools) -> None:
        adapters = (
            ComponentSource("one", guests.relay("ns:a/b", "ns:c/d")),
            ComponentSource("two", guests.relay("ns:c/d", "ns:a/b")),
        )
        root = ComponentSource("guest", guests.caller("ns:a/b"))
        assert refusal(tools, Composition((root,), adapters)) == (
            "components import from each other in a circle: `one`, `two`"
        )

    def test_an_adapter_whose_types_differ_is_refused_by_the_name_of_the_import(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError) as caught:
            compose(tools, guests.caller("ns:a/b@0.2.9"), guests.provider("ns:a/b@0.2.6", 1, functions=("fetch",)))
        assert str(caught.value) == (
            "component `guest`: import `ns:a/b@0.2.9` does not fit export `ns:a/b@0.2.6` of `adapter0`: instance is"
            " missing expected function export `get`"
        )

    def test_an_import_with_types_of_an_adapter_cannot_stay_an_import(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError) as caught:
            compose(tools, guests.RESOURCE_USER, guests.RESOURCE_PROVIDER)
        assert str(caught.value) == (
            "component `guest`: nothing provides import `ns:data/batch@0.2.0`, which uses types of"
            " `ns:data/store@0.2.0` of `adapter0`"
        )

    def test_the_same_composition_gives_the_same_bytes(self, tools: ComponentTools) -> None:
        adapters = [guests.provider(f"ns:a/b{n}", n) for n in range(9)]
        root = guests.caller(*(f"ns:a/b{n}" for n in range(12)))
        assert compose(tools, root, *adapters) == compose(tools, root, *adapters)

    def test_a_core_module_is_refused(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.MODULE)
        assert refusal(tools, Composition((root,))) == ("component `guest` is a core module: componentize it first")

    def test_a_damaged_component_is_refused_by_name(self, tools: ComponentTools) -> None:
        damaged = bytes(wasmtime.wat2wasm(guests.provider("ns:a/b", 1))).replace(b"answer", b"answre", 1)
        with pytest.raises(ToolError, match="^component `adapter0` is not valid: .*offset"):
            compose(tools, guests.caller("ns:a/b"), damaged)

    def test_only_the_exports_that_are_asked_for_are_exported(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.provider("ns:a/b", 1))
        assert tools.compose(Composition((root,), exports=())).exports == ()
        assert refusal(tools, Composition((root,), exports=("ns:c/d",))) == "component `guest` does not export `ns:c/d`"


class TestDriver:
    def test_the_driver_calls_the_root_and_is_what_is_exported(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.relay("ns:handler/handle@0.2.3", "ns:a/b"))
        driver = ComponentSource("driver", guests.caller("ns:handler/handle@0.2.6", "ns:a/b", export="handle"))
        adapter = ComponentSource("adapter", guests.provider("ns:a/b", 10))
        composed = tools.compose(Composition((root,), (adapter,), driver))
        assert (composed.exports, composed.unresolved) == (("handle",), ())
        assert run(composed.wasm, "handle") == 21

    def test_a_root_without_what_the_driver_calls_is_reported(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.provider("ns:a/b", 1))
        driver = ComponentSource("driver", guests.caller("ns:handler/handle@0.2.6"))
        unresolved = tools.compose(Composition((root,), driver=driver)).unresolved
        assert unresolved == (UnresolvedImport("driver", "ns:handler/handle@0.2.6"),)


class TestWiring:
    @pytest.mark.parametrize("key", ["ns:a/b@1.2.0", "ns:a/b", "ns:a@1.2", "ns:a@1.2.0", "ns:a"])
    def test_a_dependency_names_an_import_its_interface_or_its_package(self, tools: ComponentTools, key: str) -> None:
        composition = dependency(
            guests.caller("ns:a/b@1.2.0"), {key: "other"}, other=guests.provider("ns:a/b@1.2.0", 3)
        )
        assert run(tools.compose(composition).wasm) == 3

    def test_a_dependency_goes_before_an_adapter(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.caller("ns:a/b"), {"ns:a": "other"})
        other = ComponentSource("other", guests.provider("ns:a/b", 3))
        adapter = ComponentSource("adapter", guests.provider("ns:a/b", 4))
        composed = tools.compose(Composition((root, other), (adapter,)))
        assert (run(composed.wasm), composed.adapters) == (3, ())

    def test_the_most_precise_key_counts(self, tools: ComponentTools) -> None:
        composition = dependency(
            guests.caller("ns:a/b", "ns:a/c"),
            {"ns:a": "some", "ns:a/c": "other"},
            some=guests.provider("ns:a/b", 100),
            other=guests.provider("ns:a/c", 3),
        )
        assert run(tools.compose(composition).wasm) == 103

    def test_an_export_of_another_name_satisfies_an_import(self, tools: ComponentTools) -> None:
        wiring: dict[str, str | ExportOf] = {"ns:a/b": ExportOf("other", "ns:c/d@2.0.0")}
        composition = dependency(guests.caller("ns:a/b"), wiring, other=guests.provider("ns:c/d@2.0.0", 3))
        assert run(tools.compose(composition).wasm) == 3

    def test_a_dependency_is_shared_by_those_that_import_it(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.caller("ns:a/b", "ns:c/d"), {"ns:a": "relay", "ns:c": "base"})
        relay = ComponentSource("relay", guests.relay("ns:a/b", "ns:c/d"), {"ns:c": "base"})
        base = ComponentSource("base", guests.provider("ns:c/d", 10))
        composed = tools.compose(Composition((root, relay, base)))
        assert run(composed.wasm) == 21
        shared = len(bytes(wasmtime.wat2wasm(guests.provider("ns:c/d", 10))))
        assert composed.wasm.count(bytes(wasmtime.wat2wasm(guests.provider("ns:c/d", 10)))) == 1, shared

    def test_a_component_may_be_restricted_to_some_adapters(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.caller("ns:a/b"), adapters=("second",))
        adapters = (
            ComponentSource("first", guests.provider("ns:a/b", 1)),
            ComponentSource("second", guests.provider("ns:a/b", 2)),
        )
        assert run(tools.compose(Composition((root,), adapters)).wasm) == 2

    def test_a_dependency_that_matches_no_import_is_refused(self, tools: ComponentTools) -> None:
        composition = dependency(guests.caller("ns:a/b"), {"ns:c": "other"}, other=guests.provider("ns:a/b", 3))
        assert refusal(tools, composition) == "component `guest`: dependency `ns:c` does not match any of its imports"

    def test_a_dependency_without_the_export_is_refused(self, tools: ComponentTools) -> None:
        composition = dependency(guests.caller("ns:a/b"), {"ns:a": "other"}, other=guests.provider("ns:c/d", 3))
        assert refusal(tools, composition) == (
            "component `guest`: dependency `ns:a`: `other` does not export `ns:a/b` to satisfy import `ns:a/b`"
        )

    def test_a_dependency_that_is_not_there_is_refused(self, tools: ComponentTools) -> None:
        composition = dependency(guests.caller("ns:a/b"), {"ns:a": "othre"}, other=guests.provider("ns:a/b", 3))
        assert refusal(tools, composition) == "component `guest`: the plan has no component named `othre`"


class TestProcess:
    def test_nothing_is_compiled_before_the_first_call(self) -> None:
        calls: list[int] = []

        def load(engine: wasmtime.Engine, wasm: bytes) -> wasmtime.Module:
            calls.append(len(wasm))
            return compile_module(engine, wasm)

        tools = ComponentTools(load)
        assert calls == []
        tools.describe(guests.MODULE)
        tools.describe(guests.MODULE)
        assert len(calls) == 1

    def test_threads_may_call_at_the_same_time(self, tools: ComponentTools) -> None:
        def answer(number: int) -> object:
            return run(compose(tools, guests.caller("ns:a/b"), guests.provider("ns:a/b", number)).wasm)

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(answer, range(32))) == list(range(32))

    def test_compiled_tools_are_found_again_on_disk(self, tmp_path: Path) -> None:
        cache = CompiledCache(tmp_path / "cache")
        ComponentTools(cached_in(cache)).describe(guests.MODULE)
        (file,) = cache.directory.glob("*.cwasm")
        written = file.stat().st_mtime_ns
        assert ComponentTools(cached_in(cache)).describe(guests.MODULE).kind == "module"
        assert file.stat().st_mtime_ns == written

    def test_a_component_of_40_mb_is_composed(self, tools: ComponentTools) -> None:
        padding = b'(core module (memory 1000) (data (i32.const 0) "%s"))' % (b"x" * 40_000_000)
        root = guests.caller("ns:a/b").replace(b"(component", b"(component " + padding, 1)
        assert len(compose(tools, root, guests.provider("ns:a/b", 1)).wasm) > 40_000_000
