"""What becomes of measurements: rows, JSON, the table in a document."""

from dataclasses import replace
from pathlib import Path

import pytest
from bench import __main__ as command
from bench import tables
from bench.cases import NULL, Case, Server, cases
from bench.figures import document, percentile, rows
from bench.load import Tally


def tally(requests: int, server_cpu: float) -> Tally:
    return Tally([0.001] * requests, 1.0, server_cpu, 0.1, 0.0)


def plain(name: str) -> Case:
    return Case(name, Server(name))


def test_the_ratio_compares_a_case_with_the_null_application_of_the_same_round() -> None:
    null = [tally(100, 0.1), tally(100, 0.2), tally(100, 0.4)]
    case = [tally(10, 0.02), tally(10, 0.04), tally(10, 0.08)]
    figures = {row.name: row for row in rows({"null": null, "case": case}, [plain("null"), plain("case")])}
    assert (figures["case"].cpu_us, figures["case"].cpu_ratio) == (4000.0, 2.0)
    assert (figures["null"].rps, figures["null"].cpu_ratio) == (100.0, 1.0)


def test_the_ratio_of_an_echo_is_also_to_the_null_echo_of_the_same_body() -> None:
    rounds = {
        "null": [tally(100, 0.1), tally(100, 0.2)],
        "null-echo": [tally(100, 0.2), tally(100, 0.4)],
        "echo": [tally(10, 0.06), tally(10, 0.12)],
    }
    figures = rows(rounds, [plain("null"), plain("null-echo"), replace(plain("echo"), echo="null-echo")])
    assert [(row.cpu_ratio, row.echo_ratio) for row in figures] == [(1.0, None), (2.0, None), (6.0, 3.0)]


def test_the_table_shows_the_ratio_to_the_null_echo_where_there_is_one() -> None:
    shown = [plain("null"), plain("null-echo"), replace(plain("echo"), echo="null-echo", limit=2.5)]
    rounds = {"null": [tally(100, 0.1)], "null-echo": [tally(100, 0.2)], "echo": [tally(10, 0.06)]}
    lines = tables.markdown(rows(rounds, shown), shown).splitlines()
    endings = [line.split(" | ")[-3:] for line in lines[2:]]
    assert endings == [["1.00", "", " |"], ["2.00", "", " |"], ["6.00", "3.00", "≤ 2.5 |"]]


def test_the_json_has_the_keys_and_the_names_that_its_readers_know() -> None:
    written = document(rows({case.name: [tally(10, 0.1)] for case in cases()}, cases()))["rows"]
    assert [row["name"] for row in written] == [
        "null",
        "rust-hello-fresh",
        "rust-hello-reused",
        "python-hello-fresh",
        "python-hello-reused",
        "async-rust-hello-fresh",
        "async-rust-hello-reused",
        "async-python-hello-fresh",
        "async-python-hello-reused",
        "null-echo-1k",
        "echo-1k",
        "echo-1k-reused",
        "null-echo-64k",
        "echo-64k",
        "echo-64k-reused",
        "null-echo-1m",
        "echo-1m",
        "async-echo-1m",
        "wait-200x50ms",
        "async-wait-200x50ms",
    ]
    assert all(set(row) == {"name", "rps", "cpu_us", "p50_ms", "p99_ms", "cpu_ratio", "echo_ratio"} for row in written)
    assert {row["name"] for row in written if row["echo_ratio"]} == {
        "echo-1k",
        "echo-1k-reused",
        "echo-64k",
        "echo-64k-reused",
        "echo-1m",
        "async-echo-1m",
    }


def test_the_rows_of_wasmtime_serve_come_last_and_only_with_its_program() -> None:
    added = [case.name for case in cases("wasmtime")[len(cases()) :]]
    assert added == [
        "wasmtime-rust-hello",
        "wasmtime-rust-hello-reused",
        "wasmtime-echo-1k",
        "wasmtime-echo-64k",
        "wasmtime-echo-1m",
    ]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--only", "rust-hello-fresh"], [NULL, "rust-hello-fresh"]),
        (["--only", "echo-64k"], [NULL, "null-echo-64k", "echo-64k"]),
        (
            ["--only", "wasmtime-echo-1k", "--only", "echo-1k", "--wasmtime", "wasmtime"],
            [NULL, "null-echo-1k", "echo-1k", "wasmtime-echo-1k"],
        ),
        ([], [case.name for case in cases()]),
    ],
)
def test_what_is_asked_for_is_measured_with_what_it_is_compared_with(arguments: list[str], names: list[str]) -> None:
    assert [case.name for case in command._chosen(command._parser().parse_args(arguments))] == names


def test_a_case_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no case `wasmtime-echo-1k`; there are null, "):
        command._chosen(command._parser().parse_args(["--only", "wasmtime-echo-1k"]))


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile([1, 2, 3, 4], part) for part in (0, 0.5, 0.99, 1)] == [1, 3, 4, 4]


def test_rewriting_the_table_keeps_the_rest_of_the_document(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{tables.BEGIN}\nold\n{tables.END}\n\nafter\n")
    for text in ("first", "second"):
        tables.rewrite(page, text)
    assert page.read_text() == f"before\n\n{tables.BEGIN}\n\nsecond\n\n{tables.END}\n\nafter\n"


def test_a_document_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no place")
    with pytest.raises(ValueError, match="no place for the table"):
        tables.rewrite(page, "text")
    assert page.read_text() == "no place"


def test_the_documentation_has_a_place_for_the_table() -> None:
    page = (Path(__file__).parents[3] / "docs" / "performance.md").read_text()
    assert page.index(tables.BEGIN) < page.index(tables.END)
