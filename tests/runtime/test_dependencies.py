"""Dependencies by manifest: composed, given what they inherit and nothing else, and named when something is missing."""

from pathlib import Path

import pytest
from live_server import GUESTS, manifest, serving

from whorl.errors import ComponentError

pytestmark = pytest.mark.anyio

APP = Path(__file__).parents[2] / "apps" / "url-shortener"

SHORTENER = """spin_manifest_version = 2
[application]
name = "parts"
[[trigger.http]]
route = "/..."
component = "face"
[component.face]
source = "{app}/faces/shortener/shortener.wasm"
key_value_stores = ["default"]
dependencies_inherit_configuration = {face}
[component.face.dependencies]
{dependencies}
[component.core]
source = "{app}/shortener/shortener.wasm"
dependencies_inherit_configuration = {core}
[component.core.dependencies]
"url-shortener:api/kv-store" = {{ component = "storage" }}
[component.storage]
source = "{app}/storage/storage.wasm"
"""

WIRED = '"url-shortener:api/shortener" = { component = "core" }'


def shortener(folder: Path, *, face: str = "true", core: str = "true", dependencies: str = WIRED) -> Path:
    """Write the manifest of a shortener of three parts, each behind the other."""
    path = folder / "spin.toml"
    path.write_text(SHORTENER.format(app=APP, face=face, core=core, dependencies=dependencies))
    return path


async def test_components_that_a_manifest_names_are_composed(tmp_path: Path) -> None:
    async with serving(shortener(tmp_path)) as live:
        response = await live.client.post("/api/shorten", json={"url": "https://example.com/"})
        assert response.status_code == 201
        redirect = await live.client.get(f"/{response.json()['id']}", follow_redirects=False)
        assert redirect.headers["location"] == "https://example.com/"


@pytest.mark.parametrize("denied", [{"core": "false"}, {"face": "false"}, {"core": "false", "face": "false"}])
async def test_a_dependency_that_does_not_inherit_has_no_store(tmp_path: Path, denied: dict[str, str]) -> None:
    """The store stays closed to the storage, whoever on the way to it does not pass it on."""
    path = shortener(tmp_path, **denied)
    with pytest.raises(ComponentError, match=r"imports `wasi:keyvalue/.* is for those that inherit; .*`inherit_conf"):
        async with serving(path):
            pass


async def test_an_import_that_nobody_provides_is_named_at_the_start(tmp_path: Path) -> None:
    path = shortener(tmp_path, dependencies="")
    with pytest.raises(ComponentError, match=r"component `face` imports `url-shortener:api/shortener`, which nobody"):
        async with serving(path):
            pass


async def test_an_import_that_a_dependency_lacks_is_named_at_the_start(tmp_path: Path) -> None:
    path = shortener(tmp_path)
    path.write_text(path.read_text().replace('"url-shortener:api/kv-store" = { component = "storage" }', ""))
    with pytest.raises(ComponentError, match=r"dependency `core`\) imports `url-shortener:api/kv-store`"):
        async with serving(path):
            pass


async def test_a_dependency_that_does_not_export_what_it_should_is_named(tmp_path: Path) -> None:
    path = shortener(tmp_path, dependencies='"url-shortener:api/shortener" = { component = "storage" }')
    with pytest.raises(
        ComponentError, match=r"storage.*url-shortener:api/shortener|url-shortener:api/shortener.*storage"
    ):
        async with serving(path):
            pass


async def test_a_core_module_becomes_a_component(tmp_path: Path) -> None:
    source = GUESTS / "hello_core.wasm"
    assert source.read_bytes()[:8] == b"\0asm\1\0\0\0"
    async with serving(manifest(tmp_path, source)) as live:
        assert (await live.client.get("/")).text == "hello from 0.2.0"


async def test_a_core_module_of_another_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=r"cannot serve HTTP: .*`run`"):
        async with serving(manifest(tmp_path, GUESTS / "shop" / "plain.wasm")):
            pass
