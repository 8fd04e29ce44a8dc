"""What the house style promises about the tree, read from the tree."""

import ast
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "platform" / "whorl"
MODULES = sorted(PACKAGE.rglob("*.py"))
LAYERS = ("cli", "server", "triggers", "app", "capabilities", "engine")
LEAVES = frozenset({"errors", "types", "guest"})


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
        allowed = {"server", "cli"} if own in {"__init__", "__main__"} else set(LEAVES)
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
