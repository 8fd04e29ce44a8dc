"""What the house style promises about the tree, read from the tree."""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path
from statistics import median
from typing import TypeVar

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "platform" / "whorl"
MODULES = sorted(PACKAGE.rglob("*.py"))
LAYERS = ("cli", "server", "triggers", "app", "capabilities", "engine")
LEAVES = frozenset({"errors", "types", "values", "guest"})
_RUST_CRATES = ("async-runtime", "heap", "packing", "tools", "wasi")
RUST_CRATES = [ROOT / "platform" / "adapter" / name / "src" for name in _RUST_CRATES]

_Module = TypeVar("_Module")

_RUST_TESTS = "#[cfg(test)]\nmod tests {"  # clippy has them come last
_RUST_COMMENT_OR_TEXT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|\bb?r(#*)".*?"\1|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])'""", re.DOTALL
)
_RUST_GROUP = re.compile(r"(\w+(?:::\w+)*)::\{([^{}]*)\}")
_RUST_PATH = re.compile(r"(?<![\w:])\w+(?:::(?:\w+|\*))+")


def imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


def layer(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(PACKAGE)))
def test_imports_point_one_way(module: Path) -> None:
    own = layer(module)
    if own not in LAYERS:
        allowed = {"server", "cli", *LEAVES} if own in {"__init__", "__main__"} else set(LEAVES)
    else:
        allowed = {*LAYERS[LAYERS.index(own) :], *LEAVES}
    whorl_imports = {name.split(".")[1] for name in imports(module) if name.startswith("whorl.")}
    assert whorl_imports <= allowed, f"{own} imports {whorl_imports - allowed}"


def test_only_the_engine_imports_wasmtime() -> None:
    importers = {
        layer(module) for module in MODULES if any(name.split(".")[0] == "wasmtime" for name in imports(module))
    }
    assert importers == {"engine"}


def test_only_the_command_line_prints_and_exits() -> None:
    def ends_or_prints(module: Path) -> bool:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "print",
                "sys.exit",
                "exit",
                "quit",
                "os._exit",
            }:
                return True
        return False

    assert {layer(module) for module in MODULES if ends_or_prints(module)} <= {"cli"}


def test_platform_is_no_package() -> None:
    """`platform/__init__.py` would shadow the standard library's `platform`."""
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_modules_are_small() -> None:
    sizes = {module: len(module.read_text().splitlines()) for module in MODULES}
    assert median(sizes.values()) <= 150
    assert max(sizes.values()) <= 500, max(sizes, key=sizes.__getitem__)
    assert sum(size > 300 for size in sizes.values()) <= len(sizes) // 20


def test_functions_are_small() -> None:
    lengths = []
    for module in MODULES:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                docstring = node.body[0].end_lineno - node.body[0].lineno + 1 if ast.get_docstring(node) else 0  # type: ignore[operator]
                lengths.append(((node.end_lineno or 0) - node.lineno + 1 - docstring, f"{module.name}:{node.name}"))
    long = sorted(name for length, name in lengths if length > 35)
    assert len(long) <= len(lengths) // 100, long
    assert sum(length <= 10 for length, _ in lengths) > len(lengths) / 2


def test_every_module_says_what_it_is_for() -> None:
    assert [str(module) for module in MODULES if not ast.get_docstring(ast.parse(module.read_text()))] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = {"utils", "common", "helpers", "misc", "manager", "util", "helper"}
    assert {module.stem for module in MODULES} & vague == set()


def circle_among(imported: Mapping[_Module, set[_Module]]) -> list[_Module]:
    """Return modules of which each imports the next, and the last one is the first; nothing if none do."""
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return []


def imported_names(code: str, package: str) -> Iterator[str]:
    """Yield what a module in `package` imports, wherever it does: modules, and names in modules."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def python_circle(package: Path) -> str:
    """Return a circle of modules of a package, nothing if there is none."""
    names = {}
    for file in package.rglob("*.py"):
        *parents, stem = file.relative_to(package.parent).with_suffix("").parts
        module = ".".join(parents if stem == "__init__" else [*parents, stem])
        names[module] = list(imported_names(file.read_text(), ".".join(parents)))
    imported: dict[str, set[str]] = {module: set() for module in names}
    for module, targets in names.items():
        for target in targets:
            while target and target not in names:
                target = target.rpartition(".")[0]  # noqa: PLW2901 - as long as it is no module
            imported[module] |= {target} - {module, ""}
    return " -> ".join(circle_among(imported))


def test_modules_do_not_import_each_other_in_circles() -> None:
    assert python_circle(PACKAGE) == ""


@pytest.mark.parametrize(
    ("cart", "circle"),
    [
        ("from shop.other import Name", True),
        ("import os, shop.other as there", True),
        ("from shop import other", True),
        ("from . import other", True),
        ("from .other import Name", True),
        ("from shop import run", True),
        ("if TYPE_CHECKING:\n    from shop.other import Name", True),
        ("def call():\n    from shop.other import Name", True),
        ("from shop.prices import other", False),
        ("import other, another.shop.other", False),
        ('"""from shop.other import Name"""', False),
    ],
)
def test_a_circle_of_modules_is_found(cart: str, circle: bool, tmp_path: Path) -> None:  # noqa: FBT001
    package = tmp_path / "shop"
    package.mkdir()
    sources = {
        "__init__": "from shop.cart import run",
        "cart": cart,
        "other": "def name():\n    import shop.cart",
        "prices": "other = 1",
    }
    for name, code in sources.items():
        (package / f"{name}.py").write_text(code)
    assert ("shop.cart" in python_circle(package)) == circle


def rust_module(file: Path) -> tuple[str, ...]:
    """Return the path of the module that a file of a crate is; that of the crate itself is empty."""
    module = file.with_suffix("").parts
    return module[:-1] if module[-1] in {"lib", "main", "mod"} else module


def rust_paths(code: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths in Rust code, each of a group by itself."""
    code = _RUST_COMMENT_OR_TEXT.sub("", code.partition(_RUST_TESTS)[0])
    while group := _RUST_GROUP.search(code):
        paths = (f"{group[1]}::{item.strip()}" for item in group[2].split(",") if item.strip())
        code = code[: group.start()] + ", ".join(paths) + code[group.end() :]
    yield from (tuple(path.split("::")) for path in _RUST_PATH.findall(code))


def absolute(path: tuple[str, ...], module: tuple[str, ...]) -> tuple[str, ...]:
    """Return a path of `module` as it is in the crate; one into another crate seems to lead into `module`."""
    match path:
        case ("crate", *rest):
            return tuple(rest)
        case ("self", *rest):
            return absolute(tuple(rest), module)
        case ("super", *rest):
            return absolute(tuple(rest), module[:-1])
        case _:
            return (*module, *path)


def rust_circle(crate: Path) -> str:
    """Return a circle of modules of a crate, nothing if there is none."""
    files = [file for file in crate.rglob("*.rs") if file.name != "tests.rs"]
    imported: dict[tuple[str, ...], set[tuple[str, ...]]] = {
        rust_module(file.relative_to(crate)): set() for file in files
    }
    for file in files:
        module = rust_module(file.relative_to(crate))
        for path in rust_paths(file.read_text()):
            target = absolute(path, module)
            while target not in imported:
                target = target[:-1]
            imported[module] |= {target} - {module}
    return " -> ".join("::".join(("crate", *module)) for module in circle_among(imported))


@pytest.mark.parametrize("crate", RUST_CRATES, ids=lambda crate: crate.parent.name)
def test_rust_modules_do_not_import_each_other_in_circles(crate: Path) -> None:
    assert crate.is_dir()
    assert rust_circle(crate) == ""


@pytest.mark.parametrize(
    ("child", "circle"),
    [
        ("use super::run;", True),
        ("use crate::{input, shop::{\n    other::{Name, Value},\n    run,\n}};", True),
        ("fn call() { crate::shop::run() }", True),
        ("use super::other::Name;", True),
        ("use super::*;", True),
        ("use crate::input::{self, read};\nuse std::fmt;", False),
        ("use crate::shop::{\n    prices::Price,\n};", False),
        ('/// As [`super::run`].\nconst NAME: &str = "super::run";', False),
        ("#[cfg(test)]\nmod tests {\n    use crate::shop::run;\n}", False),
    ],
)
def test_a_circle_of_rust_modules_is_found(child: str, circle: bool, tmp_path: Path) -> None:  # noqa: FBT001
    sources = {
        "main.rs": "mod shop;\nfn main() { shop::run() }",
        "input.rs": "use std::fs;",
        "shop/mod.rs": "mod cart;\nmod other;\npub fn run() { cart::call() }",
        "shop/cart.rs": child,
        "shop/other.rs": "use super::cart::call;",
        "shop/prices.rs": "pub struct Price;",
        "shop/tests.rs": "use super::*;",
    }
    (tmp_path / "shop").mkdir()
    for name, code in sources.items():
        (tmp_path / name).write_text(code)
    assert ("crate::shop::cart" in rust_circle(tmp_path)) == circle
