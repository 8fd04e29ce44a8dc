"""Bridges as the component tools make them: what they import and export, how frames are described, what is refused."""

import json
import re

import pytest
from bridge_guests import INTERFACE, RESOURCES, TYPED, TYPES, guest
from bridge_hosts import TASKS

from whorl.engine.cache import CompiledCache
from whorl.engine.tools import ComponentTools, cached_in
from whorl.errors import ToolError

ONE_RESOURCE = '(export "r" (type $r (sub resource))) (export "f" (func (result (own $r))))'


@pytest.fixture(scope="module")
def tools() -> ComponentTools:
    return ComponentTools(cached_in(CompiledCache()))


class TestWhatIsMade:
    @pytest.mark.parametrize(
        ("declarations", "keeps_nothing", "functions"),
        [
            ('(export "f" (func (param "x" u8)))', (), set()),
            (RESOURCES, (), {"resolved", "drop"}),
            (ONE_RESOURCE, (), {"drop"}),
            (ONE_RESOURCE, (f"{INTERFACE}/r", f"{INTERFACE}/unknown"), set()),
        ],
    )
    def test_only_what_is_used_is_imported(
        self, tools: ComponentTools, declarations: str, keeps_nothing: tuple[str, ...], functions: set[str]
    ) -> None:
        always = {"call", "finish", "enter", "fill", "challenge", "locate"}
        assert imported_functions(tools, declarations, *keeps_nothing) == always | functions

    def test_its_number_is_in_the_name_of_what_it_imports(self, tools: ComponentTools) -> None:
        made, description = tools.bridge(guest('(export "f" (func))'), [INTERFACE], number=12)
        assert tools.describe(made).imports == ("whorl:host/bridge-12@0.1.0", TASKS)
        assert json.loads(description)["interface"] == "whorl:host/bridge-12@0.1.0"

    def test_the_same_input_gives_the_same_bytes(self, tools: ComponentTools) -> None:
        bridges = [tools.bridge(guest(TYPES + RESOURCES), [INTERFACE]) for _ in range(2)]
        assert bridges[0] == bridges[1]

    def test_interfaces_whose_types_are_used_are_exported_too(self, tools: ComponentTools) -> None:
        made, description = tools.bridge(TYPED, ["a:b/user"])
        assert tools.describe(made).exports == ("a:b/types", "a:b/more", "a:b/user")
        assert [each["interface"] for each in json.loads(description)["functions"]] == ["a:b/user"] * 2

    def test_functions_that_the_guest_exports_are_not_bridged(self, tools: ComponentTools) -> None:
        relay = b"""(component
            (import "a:b/c" (instance $c (export "f" (func))))
            (core module $code (func (export "g")))
            (core instance $code (instantiate $code))
            (func $g (canon lift (core func $code "g")))
            (instance $exported (export "f" (func $c "f")) (export "g" (func $g)))
            (export "a:b/c" (instance $exported)))"""
        _, description = tools.bridge(relay, ["a:b/c"])
        assert [each["name"] for each in json.loads(description)["functions"]] == ["f"]

    def test_types_are_described_once_and_without_aliases(self, tools: ComponentTools) -> None:
        _, description = tools.bridge(TYPED, ["a:b/user", "a:b/types"])
        read = json.loads(description)
        assert read["types"] == [
            {"record": [["x", "u8"]], "name": "point"},
            {"option": 0},
            {"list": 0},
            {"variant": [["here", 0], ["nowhere", None]], "name": "place"},
            {"result": [3, None]},
            {"tuple": ["s64", "f32"]},
            {"enum": ["a", "b"], "name": "e"},
            {"flags": ["a", "b"], "name": "l"},
        ]
        assert read["functions"] == [
            {"interface": "a:b/user", "name": "f", "params": [["p", 0], ["q", 1], ["r", 2]], "result": 4},
            {"interface": "a:b/user", "name": "g", "params": [["t", 5], ["e", 6], ["l", 7], ["o", 1]], "result": None},
        ]
        assert read["resources"] == []


def imported_functions(tools: ComponentTools, declarations: str, *keeps_nothing: str) -> set[str]:
    """Return the functions that a bridge imports of its host."""
    made, _ = tools.bridge(guest(declarations), [INTERFACE], keeps_nothing=keeps_nothing)
    interface = tools.wit(made).partition("interface bridge-0")[2].partition("interface")[0]
    return set(re.findall(r"(\S+): func\(", interface))


class TestRefusals:
    @pytest.mark.parametrize(
        ("declarations", "complaint"),
        [
            ('(export "f" (func async))', "the function `f` is async, which a bridge is not"),
            ('(export "f" (func (param "x" (stream u8))))', "the function `f` uses a stream"),
            ('(export "f" (func (result (future))))', "the function `f` uses a future"),
            ('(export "f" (func (param "x" (list u8 4))))', "the function `f` uses a list of fixed length"),
            ('(export "f" (func (param "x" (list (map string u8)))))', "the function `f` uses a map"),
            ('(export "f" (func (param "x" error-context)))', "the function `f` uses an error-context"),
        ],
    )
    def test_what_cannot_be_passed_is_named(self, tools: ComponentTools, declarations: str, complaint: str) -> None:
        with pytest.raises(ToolError, match=f"^`{INTERFACE}`: {complaint}$"):
            tools.bridge(guest(declarations), [INTERFACE])

    @pytest.mark.parametrize(
        ("interface", "complaint"),
        [
            ("a:b/d", "the component does not import `a:b/d`"),
            ("plain", "`plain` is not an interface"),
            (
                "a:b/user",
                "`a:b/user`: the function `f` uses the resource `r` of `a:b/owner`, which is not bridged with it",
            ),
            ("a:b/alias", "`a:b/alias` uses the resource `r` of `a:b/owner`, which is not bridged with it"),
            (
                "a:b/value",
                "`a:b/value` uses types of `a:b/owner`, which has functions or resources and is not bridged with it",
            ),
        ],
    )
    def test_what_is_not_bridged_with_it_is_named(self, tools: ComponentTools, interface: str, complaint: str) -> None:
        component = b"""(component
            (import "plain" (func))
            (import "a:b/owner" (instance $owner
                (export "r" (type (sub resource)))
                (type $v' (enum "v"))
                (export "v" (type (eq $v')))))
            (alias export $owner "r" (type $r))
            (alias export $owner "v" (type $v))
            (import "a:b/user" (instance
                (alias outer 1 $r (type $r'))
                (export "r" (type $r (eq $r')))
                (export "f" (func (param "r" (borrow $r))))))
            (import "a:b/alias" (instance (alias outer 1 $r (type $r')) (export "r" (type (eq $r')))))
            (import "a:b/value" (instance (alias outer 1 $v (type $v')) (export "v" (type (eq $v'))))))"""
        with pytest.raises(ToolError, match=f"^{re.escape(complaint)}$"):
            tools.bridge(component, [interface])

    def test_a_core_module_is_refused(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError, match="^this is a core module, not a component: componentize it first$"):
            tools.bridge(b"(module)", [INTERFACE])

    def test_no_interface_is_none_too_few(self, tools: ComponentTools) -> None:
        with pytest.raises(ToolError, match="^the plan names no interface$"):
            tools.bridge(guest('(export "f" (func))'), [])

    def test_what_belongs_to_the_host_is_not_bridged(self, tools: ComponentTools) -> None:
        component = b"""(component
            (import "a:b/c@1.0.0" (instance (export "f" (func))))
            (import "whorl:host/tasks@0.1.0" (instance (export "wait" (func)))))"""
        with pytest.raises(ToolError, match="^the component imports `whorl:host`"):
            tools.bridge(component, [INTERFACE])
