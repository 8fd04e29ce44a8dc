"""What is composed around a component."""

from pathlib import Path

from whorl.app.composing import composition_of
from whorl.app.loader import load_app
from whorl.capabilities.catalogue import Offer
from whorl.engine.tools import ComponentTools
from whorl.guest import artefact_path

MANIFEST = """spin_manifest_version = 2
application.name = "shop"
[[trigger.http]]
route = "/..."
component = "shop"
[component.shop]
source = "shop.wasm"
allowed_outbound_hosts = ["https://example.com"]
environment = { SECRET = "x" }
dependencies."test:a/b" = { path = "other.wasm" }
"""


def test_a_dependency_that_inherits_nothing_has_no_way_to_what_the_root_is_granted(tmp_path: Path) -> None:
    for name in ("shop", "other"):
        (tmp_path / f"{name}.wasm").write_bytes(b"\0asm\x0d\0\x01\0")
    (tmp_path / "spin.toml").write_text(MANIFEST)
    component = load_app(tmp_path / "spin.toml").components["shop"]
    root, other = composition_of(component, "driver-http", Offer.beside({})).components
    assert root.refused == ()
    exported = {name.partition("@")[0] for name in ComponentTools().describe(artefact_path("wasi")).exports}
    # Whatever of the adapter reaches what is granted; a new one belongs in one of these sets.
    granted = {"wasi:cli/environment", "wasi:http/outgoing-handler", "wasi:http/client"}
    harmless = {
        "wasi:http/types",
        "wasi:cli/exit",
        "wasi:cli/types",
        "wasi:filesystem/types",
        "wasi:filesystem/preopens",
    }
    packages = (
        "wasi:io/",
        "wasi:clocks/",
        "wasi:random/",
        "wasi:sockets/",
        "wasi:cli/std",
        "wasi:cli/terminal-",
        "whorl:",
    )
    left = {name for name in exported if name not in harmless and not name.startswith(packages)}
    assert left == granted == set(other.refused)
