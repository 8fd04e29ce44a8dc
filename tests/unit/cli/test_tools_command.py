"""The component tools from the command line."""

import json
from pathlib import Path

import pytest

from whorl.cli.tools import main

SHOP = Path(__file__).parents[2] / "guests/shop/plain.wasm"

PROVIDER = """(component
    (core module $code (func (export "get") (result i32) (i32.const 7)))
    (core instance $running (instantiate $code))
    (func $get (result u32) (canon lift (core func $running "get")))
    (instance $prices (export "get" (func $get)))
    (export "test:shop/prices" (instance $prices)))"""


def test_what_is_left_to_import_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["componentize", str(SHOP), str(tmp_path / "shop.wasm")]) == 0
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"components": [{"name": "shop", "path": str(tmp_path / "shop.wasm")}]}))
    assert main(["compose", str(plan), str(tmp_path / "composed.wasm")]) == 0
    assert capsys.readouterr().out == "shop imports test:shop/prices\n"


def test_a_plan_is_composed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["componentize", str(SHOP), str(tmp_path / "shop.wasm")]) == 0
    (tmp_path / "prices.wat").write_text(PROVIDER)
    shop = {"name": "shop", "path": str(tmp_path / "shop.wasm"), "wiring": {"test:shop": "prices"}}
    prices = {"name": "prices", "path": str(tmp_path / "prices.wat")}
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"components": [shop, prices]}))
    assert main(["compose", str(plan), str(tmp_path / "composed.wasm")]) == 0
    assert main(["validate", str(tmp_path / "composed.wasm")]) == 0
    assert main(["describe", str(tmp_path / "composed.wasm")]) == 0
    assert capsys.readouterr().out == "component\nexport run\n"


def test_what_cannot_be_merged_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "prices.wat").write_text(PROVIDER)
    assert main(["merge", str(tmp_path / "prices.wat"), str(tmp_path / "merged.wasm")]) == 1
    refusal = "error: the component stays as it is: it does not have one plain memory\n"
    assert capsys.readouterr().err == refusal


def test_core_modules_are_merged(tmp_path: Path) -> None:
    """A component that was made of a core module has three: the other two are there to link it."""
    hello, merged = SHOP.parents[1] / "hello.wasm", tmp_path / "merged.wasm"
    assert main(["merge", str(hello), str(merged)]) == 0
    assert main(["validate", str(merged)]) == 0
    assert merged.stat().st_size < hello.stat().st_size


def test_a_refusal_is_one_line_and_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("bread")
    assert main(["describe", str(tmp_path / "notes.txt")]) == 1
    assert capsys.readouterr().err == "error: this is neither WebAssembly nor its text format\n"


def test_a_plan_that_is_not_one_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.json"
    for text, complaint in {
        "bread": f"error: `{plan}` is not JSON: Expecting value: line 1 column 1 (char 0)\n",
        '{"components": [{"path": "x"}]}': f"error: `{plan}` is not a plan: `name` is missing\n",
    }.items():
        plan.write_text(text)
        assert main(["compose", str(plan), str(tmp_path / "out.wasm")]) == 1
        assert capsys.readouterr().err == complaint
