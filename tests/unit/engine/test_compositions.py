"""Compositions: which export satisfies which import, and what is said when one does not."""

from pathlib import Path

import pytest
import tool_guests as guests
import wasmtime
from tool_guests import compose, run

from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import MEMORY_EXPORT, ComponentSource, Composition, ExportOf, UnresolvedImport
from whorl.engine.tools import ComponentTools, cached_in
from whorl.errors import ToolError

LAB = Path(__file__).parents[2] / "guests/lab.wasm"


@pytest.fixture(scope="module")
def tools() -> ComponentTools:
    return ComponentTools(cached_in(CompiledCache()))


def dependency(root: bytes, wiring: dict[str, str | ExportOf], **others: bytes) -> Composition:
    sources = (ComponentSource(name, other) for name, other in others.items())
    return Composition((ComponentSource("guest", root, wiring), *sources))


def refusal(tools: ComponentTools, composition: Composition) -> str:
    with pytest.raises(ToolError) as caught:
        tools.compose(composition)
    return str(caught.value)


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
        root = ComponentSource("guest", guests.COMMAND)
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


class TestMeasuring:
    def test_the_root_tells_the_size_of_its_memory_beside_what_the_driver_exports(self, tools: ComponentTools) -> None:
        driver = ComponentSource("driver", guests.caller("ns:handler/handle@0.2.6", export="handle"))
        root = ComponentSource("guest", guests.provider("ns:handler/handle@0.2.6", 4, memory=7))
        composed = tools.compose(Composition((root,), driver=driver, measure_memory=True))
        assert composed.exports == ("handle", MEMORY_EXPORT)
        assert (run(composed.wasm, "handle"), run(composed.wasm, MEMORY_EXPORT)) == (4, 7)

    def test_nothing_is_measured_unless_asked(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.provider("ns:a/b", 4, memory=7))
        assert tools.compose(Composition((root,))).exports == ("ns:a/b",)

    def test_a_root_without_a_memory_of_its_own_is_composed_all_the_same(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.provider("ns:a/b", 4))
        assert tools.compose(Composition((root,), measure_memory=True)).exports == ("ns:a/b",)

    def test_the_memory_of_the_root_is_measured_and_not_that_of_another(self, tools: ComponentTools) -> None:
        root = ComponentSource("guest", guests.caller("ns:a/b"))
        adapter = ComponentSource("adapter", guests.provider("ns:a/b", 4, memory=7))
        assert tools.compose(Composition((root,), (adapter,), measure_memory=True)).exports == ("run",)

    def test_a_component_of_a_toolchain_is_measured(self, tools: ComponentTools) -> None:
        composed = tools.compose(Composition((ComponentSource("guest", LAB),), measure_memory=True))
        assert composed.exports[-1] == MEMORY_EXPORT
        tools.validate(composed.wasm)


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
