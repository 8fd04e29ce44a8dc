"""Apps with many components, several apps, and processes that may use little: each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from live_server import GUESTS

ROOT = Path(__file__).parents[2]

PROGRAM = """
import asyncio, json, resource, sys
from pathlib import Path

import httpx

import whorl

async def serve(folders):
    apps = [whorl.asgi(Path(folder) / "spin.toml", state_dir=Path(folder)) for folder in folders]
    for app in apps:
        await app.start()
    answers = []
    for app in apps:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://host.test") as client:
            for component in app._here().trigger.pools:
                answers.append((await client.get(f"/{component}")).text)
    engines = {pool.linked.engine for app in apps for pool in app._here().trigger.pools.values()}
    codes = {pool.linked.component_address for app in apps for pool in app._here().trigger.pools.values()}
    for app in apps:
        await app.close()
    return {"answers": answers, "engines": len(engines), "codes": len(codes)}

limit, *folders = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_AS, (int(limit), int(limit)))
try:
    print(json.dumps(asyncio.run(serve(folders))))
except whorl.errors.WhorlError as error:
    print(json.dumps({"error": str(error)}))
"""


def app(folder: Path, components: int, settings: str = "") -> Path:
    folder.mkdir()
    lines = ['spin_manifest_version = 2\n[application]\nname = "many"']
    for number in range(components):
        lines += [f'[[trigger.http]]\nroute = "/c{number}"\ncomponent = "c{number}"', f"[component.c{number}]"]
        lines += [f'source = "{GUESTS / "hello.wasm"}"', f"[component.c{number}.tool.whorl]\n{settings}"]
    (folder / "spin.toml").write_text("\n".join(lines))
    return folder


def run(*folders: Path, address_space: int = 0) -> dict[str, object]:
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", PROGRAM, str(address_space), *map(str, folders)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "platform")},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    said: dict[str, object] = json.loads(ended.stdout)
    return said


@pytest.mark.parametrize("components", [15, 500])
def test_an_app_of_many_components_serves_each_and_compiles_once(tmp_path: Path, components: int) -> None:
    assert run(app(tmp_path / "app", components)) == {"answers": ["hello"] * components, "engines": 1, "codes": 1}


def test_apps_in_one_event_loop_share_an_engine_and_its_code(tmp_path: Path) -> None:
    said = run(app(tmp_path / "one", 10), app(tmp_path / "two", 10))
    assert said == {"answers": ["hello"] * 20, "engines": 1, "codes": 1}


@pytest.mark.parametrize("components", [1, 20])
def test_a_process_with_little_address_space_serves(tmp_path: Path, components: int) -> None:
    said = run(app(tmp_path / "app", components), address_space=8_000_000 * 1024)
    assert said["answers"] == ["hello"] * components


def test_more_instances_than_fit_are_an_error_that_names_the_setting(tmp_path: Path) -> None:
    error = str(run(app(tmp_path / "app", 1, "max_instances = 10000"))["error"])
    assert error.startswith("component `c0`: `max_instances = 10000` is more than fits into this process")


def test_more_warm_instances_than_fit_are_as_many_as_fit(tmp_path: Path) -> None:
    said = run(app(tmp_path / "app", 5, "warm = 100"), address_space=8_000_000 * 1024)
    assert said["answers"] == ["hello"] * 5


def test_a_process_that_can_have_no_instance_says_why(tmp_path: Path) -> None:
    folder = app(tmp_path / "app", 1)
    run(folder)
    error = str(run(folder, address_space=200 << 20)["error"])
    assert "raise its limit (`ulimit -v`)" in error
