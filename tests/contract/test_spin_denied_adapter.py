"""What the interfaces without a capability answer: as Spin does for a component that was granted nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from wasmtime.component import Variant

from whorl.capabilities.denied import IMPLEMENTATIONS, postgres_host

Adapter = Any


@pytest.fixture(scope="module")
def adapter(bridged: Callable[..., Callable[..., Adapter]], python_hello: Path) -> Adapter:
    return bridged(python_hello, *IMPLEMENTATIONS)(IMPLEMENTATIONS)


POSTGRES = ("connection-failed", "address postgres://db:5433 is not permitted")
MODEL = (
    "The component does not have access to use 'llama'. To give the component access, add 'llama' to the 'ai_models'"
    " key for the component in your spin.toml manifest"
)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("fermyon:spin/llm@2.0.0#infer", ("llama", "hello", None), ("invalid-input", MODEL)),
        ("fermyon:spin/llm@2.0.0#generate-embeddings", ("llama", ["hello"]), ("invalid-input", MODEL)),
        (
            "fermyon:spin/mqtt@2.0.0#[static]connection.open",
            ("mqtt://broker?client_id=a", "user", "password", 30),
            ("connection-failed", "address mqtt://broker?client_id=a is not permitted"),
        ),
        (
            "fermyon:spin/mysql@2.0.0#[static]connection.open",
            ("mysql://u:p@db:3306/shop",),
            ("connection-failed", "address mysql://u:p@db:3306/shop is not permitted"),
        ),
        ("fermyon:spin/postgres@2.0.0#[static]connection.open", ("postgres://u:p@db:5433/shop",), POSTGRES),
        ("spin:postgres/postgres@3.0.0#[static]connection.open", ("host=db port=5433",), POSTGRES),
        ("spin:postgres/postgres@4.0.0#[static]connection.open", ("postgres://u@db:5433",), POSTGRES),
        ("fermyon:spin/redis@2.0.0#[static]connection.open", ("redis://localhost",), ("invalid-address", None)),
        ("fermyon:spin/sqlite@2.0.0#[static]connection.open", ("default",), ("access-denied", None)),
        ("spin:sqlite/sqlite@3.0.0#[static]connection.open", ("default",), ("access-denied", None)),
        (
            "fermyon:spin/variables@2.0.0#get",
            ("colour",),
            ("undefined", 'no variable for this component: "colour"'),
        ),
    ],
)
def test_what_is_not_granted_is_refused_in_spins_way(
    adapter: Adapter, name: str, arguments: tuple[object, ...], expected: tuple[str, str | None]
) -> None:
    answer = adapter[name](*arguments)
    assert isinstance(answer, Variant)
    assert (answer.tag, answer.payload) == expected


def test_there_is_no_configuration(adapter: Adapter) -> None:
    assert adapter["wasi:config/store@0.2.0-draft-2024-09-27#get"]("colour") is None
    assert adapter["wasi:config/store@0.2.0-draft-2024-09-27#get-all"]() == []


def test_it_answers_a_reused_instance_for_ever(adapter: Adapter) -> None:
    for _ in range(5000):
        adapter["fermyon:spin/llm@2.0.0#infer"]("llama" * 100, "hello" * 1000, None)


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("postgres://localhost:5432", "localhost:5432"),
        ("postgres://u:p@db.example/shop?sslmode=require", "db.example"),
        ("postgresql://u:p@ss@[::1]:5433/shop", "[::1]:5433"),
        ("postgres://u@[::1]", "[::1]"),
        ("postgres://u@one:1,two:2/shop", "one:1"),
        ("user=u password=p host=db port=5433", "db:5433"),
        ("host=one host=two", "one"),
        ("user=u", "localhost"),
        ("", "localhost"),
        ("postgres://", ""),
    ],
)
def test_a_postgres_address_is_named_without_credentials(address: str, named: str) -> None:
    assert postgres_host(address) == named
