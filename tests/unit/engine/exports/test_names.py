"""Names of exported functions: which function is meant, and what is said where that cannot be told."""

import pytest

from whorl.engine.bridges.descriptions import Function, Resource
from whorl.engine.bridges.types import Handle, ListOf, Text, Type
from whorl.engine.exports.descriptions import CallerDescription, Refused
from whorl.engine.exports.exports import Exports
from whorl.engine.exports.names import NoExportError

SHOP, OTHER = "a:b/shop@1.0.0", "a:b/other@2.1.0"


@pytest.fixture
def exports() -> Exports:
    functions = (
        Function("", "run", (), None),
        Function(SHOP, "sell", (), None),
        Function(SHOP, "[constructor]item", (), Handle(0, is_owned=True)),
        Function(SHOP, "[method]item.cost", (("self", Handle(0, is_owned=False)),), None),
        Function(SHOP, "[static]item.find", (), None),
        Function(OTHER, "sell", (), None),
        Function(OTHER, "run", (), None),
    )
    refused = (Refused(OTHER, "listen", "listen: func() -> stream<u8>", "it uses a stream"),)
    signatures = tuple(f"{each.name}: func()" for each in functions)
    return Exports(
        "shop", CallerDescription("whorl:host/caller@0.1.0", (Resource(SHOP, "item"),), functions, signatures, refused)
    )


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("run", ("", "run")),
        ("a:b/shop@1.0.0#sell", (SHOP, "sell")),
        ("a:b/other#sell", (OTHER, "sell")),
        ("other#run", (OTHER, "run")),
        ("item", (SHOP, "[constructor]item")),
        ("item.cost", (SHOP, "[method]item.cost")),
        ("[method]item.cost", (SHOP, "[method]item.cost")),
        ("shop#item.find", (SHOP, "[static]item.find")),
        ("shop#[static]item.find", (SHOP, "[static]item.find")),
    ],
)
def test_a_function_is_found_by_its_names(exports: Exports, name: str, found: tuple[str, str]) -> None:
    function = exports.find(name).function
    assert (function.interface, function.name) == found
    assert exports.find(name) is exports.find(name)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sell", "component `shop` has several exports `sell`: `a:b/shop@1.0.0#sell`, `a:b/other@2.1.0#sell`"),
        (
            "buy",
            "component `shop` has no export `buy`; there are `run`, `a:b/shop@1.0.0#sell`, `a:b/shop@1.0.0#item`, ",
        ),
        ("item.costs", "component `shop` has no export `item.costs`; did you mean `item.cost`?; there are "),
        ("b/shop#sell", "component `shop` has no export `b/shop#sell`; did you mean "),
        (
            "listen",
            f"component `shop`: Python cannot call `listen: func() -> stream<u8>` of `{OTHER}`: it uses a stream",
        ),
    ],
)
def test_what_is_not_found_is_told(exports: Exports, name: str, message: str) -> None:
    with pytest.raises(NoExportError) as raised:
        exports.find(name)
    assert str(raised.value).startswith(message)


def test_what_can_be_called_is_listed_as_wit(exports: Exports) -> None:
    assert exports.signatures[:2] == ["run: func()", f"{SHOP}#sell: func()"]


def test_a_function_of_too_many_types_is_told_and_others_are_called() -> None:
    deep: Type = Text()
    for _ in range(30):
        deep = ListOf(deep)
    functions = (Function(SHOP, "deep", (("x", deep),), None), Function(SHOP, "sell", (), None))
    described = CallerDescription("whorl:host/caller@0.1.0", (), functions, ("deep: func(x: l)", "sell: func()"), ())
    exports = Exports("shop", described)
    assert exports.find("sell").function.name == "sell"
    with pytest.raises(NoExportError, match=r"Python cannot call `deep: func\(x: l\)`.*has 61 types, 31 in each other"):
        exports.find("deep")
