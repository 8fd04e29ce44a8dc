"""The component tools from the command line, for those who build the sandbox: `python -m whorl.cli.tools`.

It needs nothing but `guest/tools.wasm`, so it can build every other file of that folder.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from whorl.engine.compositions import ComponentSource, Composition, ExportOf
from whorl.engine.tools import ComponentTools
from whorl.errors import ToolError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 1 when the tools refuse their input."""
    options = _parser().parse_args(arguments)
    try:
        output = _run(ComponentTools(), options)
    except (OSError, ToolError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    if output:
        sys.stdout.write(output.rstrip("\n") + "\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m whorl.cli.tools", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, operands in {
        "componentize": ("input", "output"),
        "compose": ("plan", "output"),
        "describe": ("input",),
        "merge": ("input", "output"),
        "validate": ("input",),
        "wit": ("input",),
    }.items():
        command = commands.add_parser(name)
        for operand in operands:
            command.add_argument(operand, type=Path)
    return parser


def _run(tools: ComponentTools, options: argparse.Namespace) -> str:
    match options.command:
        case "componentize":
            options.output.write_bytes(tools.componentize(options.input))
        case "compose":
            composed = tools.compose(_read_plan(options.plan))
            options.output.write_bytes(composed.wasm)
            return "\n".join(f"{each.component} imports {each.name}" for each in composed.unresolved)
        case "describe":
            described = tools.describe(options.input)
            names = [
                *(f"import {name}" for name in described.imports),
                *(f"export {name}" for name in described.exports),
            ]
            return "\n".join([described.kind, *names])
        case "merge":
            options.output.write_bytes(tools.merge(options.input))
        case "validate":
            tools.validate(options.input)
        case "wit":
            return tools.wit(options.input)
    return ""


def _read_plan(path: Path) -> Composition:
    try:
        return _composition(json.loads(path.read_text()))
    except json.JSONDecodeError as error:
        raise ToolError(f"`{path}` is not JSON: {error}") from error
    except KeyError as error:
        raise ToolError(f"`{path}` is not a plan: `{error.args[0]}` is missing") from error


def _composition(plan: Mapping[str, Any]) -> Composition:
    """Read a plan: `{"components": [{"name", "path", "wiring"}], "adapters": [...], "driver": {...}, "exports"}`.

    It may also have `"measure_memory": true`.
    """
    driver = plan.get("driver")
    exports = plan.get("exports")
    return Composition(
        components=tuple(_source(each) for each in plan["components"]),
        adapters=tuple(_source(each) for each in plan.get("adapters", ())),
        driver=_source({"name": "driver", **driver}) if driver else None,
        exports=None if exports is None else tuple(exports),
        measure_memory=plan.get("measure_memory", False),
    )


def _source(plan: Mapping[str, Any]) -> ComponentSource:
    wiring = plan.get("wiring", {}).items()
    adapters = plan.get("adapters")
    return ComponentSource(
        name=plan["name"],
        wasm=Path(plan["path"]),
        wiring={key: target if isinstance(target, str) else ExportOf(**target) for key, target in wiring},
        adapters=None if adapters is None else tuple(adapters),
    )


if __name__ == "__main__":
    sys.exit(main())
