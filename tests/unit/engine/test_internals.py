"""What lies between whorl and its adapters is nobody else's to import."""

from pathlib import Path

import pytest

from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.loading import ComponentLoader
from whorl.errors import ComponentError


@pytest.mark.parametrize("place", ["the component", "a dependency"])
@pytest.mark.parametrize("interface", ["whorl:host/memory@0.1.0", "whorl:adapter/byte-streams@0.1.0"])
def test_a_component_cannot_import_what_its_adapters_do(
    engine: Engine, tmp_path: Path, interface: str, place: str
) -> None:
    text = (
        f"""(component (import "{interface}" (instance (export "locate" (func (param "address" u32) (result u64))))))"""
    )
    components: tuple[ComponentSource, ...] = (ComponentSource("shop", text.encode()),)
    if place == "a dependency":
        components = (ComponentSource("till", b"(component)"), *components)
    composition = Composition(components)
    with pytest.raises(ComponentError, match=f"component `shop` imports `{interface}`, which is between whorl and"):
        ComponentLoader(engine, CompiledCache(tmp_path)).load("shop", composition)
