"""What is said to components that were built for a release of WASI that is not served."""

from collections.abc import Iterator

import pytest
import tool_guests as guests

from whorl.engine.cache import CompiledCache
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.loading import ComponentLoader
from whorl.engine.wasi_releases import refused_release
from whorl.errors import ComponentError
from whorl.guest import artefact_path

DRIVER = ComponentSource("whorl:driver-http", artefact_path("driver-http"))
WASI = ComponentSource("whorl:wasi", artefact_path("wasi"))

CANDIDATE = "is built for a release candidate of WASI {} (`{}`), which is not supported; rebuild it with a current SDK"

ASYNC = b"""(component
    (import "wasi:http/types@0.3.0-rc-2025-09-16" (instance
        (export "get" (func async (result (future u32))))
        (export "read" (func (param "from" (stream u8)))))))"""
"""A component whose functions have types that only WASI 0.3 has."""


@pytest.fixture(scope="module")
def loader() -> Iterator[ComponentLoader]:
    with Engine() as engine:
        yield ComponentLoader(engine, CompiledCache())


def refusal(loader: ComponentLoader, *components: ComponentSource, driver: ComponentSource | None = DRIVER) -> str:
    with pytest.raises(ComponentError) as refused:
        loader.load("shop", Composition(components, (WASI,), driver))
    return str(refused.value)


@pytest.mark.parametrize(
    ("interface", "message", "release"),
    [
        ("wasi:http/incoming-handler@0.2.0-rc-2023-11-10", CANDIDATE, "0.2"),
        ("wasi:cli/run@0.2.0-rc-2023-12-05", CANDIDATE, "0.2"),
        ("wasi:http/handler@0.3.0-rc-2025-09-16", CANDIDATE, "0.3"),
    ],
)
def test_a_component_is_told_what_its_export_was_built_for(
    loader: ComponentLoader, interface: str, message: str, release: str
) -> None:
    root = ComponentSource("shop", guests.provider(interface, 1, ("handle",)))
    assert refusal(loader, root).startswith(f"component `shop` {message.format(release, interface)}")


def test_a_component_of_asynchronous_functions_is_told_what_its_import_was_built_for(loader: ComponentLoader) -> None:
    expected = CANDIDATE.format("0.3", "wasi:http/types@0.3.0-rc-2025-09-16")
    assert expected in refusal(loader, ComponentSource("shop", ASYNC))


@pytest.mark.parametrize(
    ("interface", "message", "release"),
    [
        ("wasi:clocks/monotonic-clock@0.2.0-rc-2023-11-10", CANDIDATE, "0.2"),
        ("wasi:clocks/system-clock@0.3.0-rc-2025-09-16", CANDIDATE, "0.3"),
    ],
)
def test_an_import_of_another_release_is_refused_where_everything_else_is_in_order(
    loader: ComponentLoader, interface: str, message: str, release: str
) -> None:
    root = ComponentSource("shop", guests.caller(interface))
    assert message.format(release, interface) in refusal(loader, root, driver=None)


def test_a_dependency_that_was_built_for_a_release_candidate_is_named(loader: ComponentLoader) -> None:
    interface = "wasi:io/poll@0.2.0-rc-2023-11-10"
    root = ComponentSource("shop", guests.caller("ns:a/b"), {"ns:a/b": "prices"})
    prices = ComponentSource("prices", guests.relay("ns:a/b", interface))
    message = refusal(loader, root, prices, driver=None)
    assert message.startswith(f"component `shop` (its dependency `prices`) {CANDIDATE.format('0.2', interface)}")


def test_a_release_candidate_that_a_dependency_provides_is_served(loader: ComponentLoader) -> None:
    interface = "wasi:random/random@0.2.0-rc-2023-11-10"
    root = ComponentSource("shop", guests.caller(interface), {interface: "dice"})
    dice = ComponentSource("dice", guests.provider(interface, 4))
    loader.load("shop", Composition((root, dice), (WASI,)))


@pytest.mark.parametrize(
    "interface",
    [
        "wasi:http/types@0.2.12",
        "wasi:http/types@0.3.0",
        "wasi:http/types@0.3.0-rc-2026-03-15",
        "wasi:config/store@0.2.0-rc.1",
        "wasi:keyvalue/store@0.2.0-draft2",
        "ns:http/types@0.3.0-rc-1",
        "wasi_snapshot_preview1",
        "run",
    ],
)
def test_what_belongs_to_no_other_release_is_not_refused(interface: str) -> None:
    assert refused_release([interface]) is None
