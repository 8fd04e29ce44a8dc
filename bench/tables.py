"""Writes the figures for people: on the terminal, and as Markdown between two markers of a document."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.cases import Case
from bench.figures import Occupancy, Row

BEGIN = "<!-- table: written by scripts/bench --markdown -->"
END = "<!-- end of table -->"
_HEADINGS = ("", "requests/s", "CPU µs", "p50 ms", "p99 ms", "× null", "× echo", "goal")  # noqa: RUF001 - the sign of multiplication is meant

PEERS = (
    "For comparison, CPU µs per request of what no row measures, once on a machine where `null` took 58: Rust hello:"
    " Spin 280, jco serve 1275; Python hello: Spin 8545, wasmtime serve 9928 (reused 311)."
)


def plain(rows: Sequence[Row], cases: Sequence[Case], occupancies: Mapping[str, Occupancy]) -> str:
    """Return the table in columns, with how busy each side was and how far the rounds lie apart."""
    lines: list[tuple[str, ...]] = [(*_HEADINGS, "server", "load", "spread")]
    for row, cells in zip(rows, _cells(rows, cases), strict=True):
        use = occupancies[row.name]
        lines.append((*cells, f"{use.server:.0%}", f"{use.load:.0%}", f"{use.spread:.2f}"))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(pairs)).rstrip()
        for pairs in (tuple(zip(line, widths, strict=True)) for line in lines)
    )


def markdown(rows: Sequence[Row], cases: Sequence[Case]) -> str:
    """Return the table as Markdown."""
    aligned = " | ".join(["---", *["---:"] * (len(_HEADINGS) - 1)])
    return "\n".join(
        ["| " + " | ".join(_HEADINGS) + " |", f"| {aligned} |"]
        + ["| " + " | ".join((f"`{name}`", *cells)) + " |" for name, *cells in _cells(rows, cases)]
    )


def rewrite(document: Path, text: str) -> None:
    """Put `text` between the markers of `document`.

    Raises:
        ValueError: it has no such markers.
    """
    before, begin, rest = document.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"`{document}` has no place for the table; add the lines `{BEGIN}` and `{END}`")
    document.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")


def _cells(rows: Sequence[Row], cases: Sequence[Case]) -> list[tuple[str, ...]]:
    limits = {case.name: case.limit for case in cases}
    return [
        (
            row.name,
            f"{row.rps:,.0f}",
            f"{row.cpu_us:,.0f}",
            f"{row.p50_ms:.2f}",
            f"{row.p99_ms:.2f}",
            f"{row.cpu_ratio:.2f}",
            "" if row.echo_ratio is None else f"{row.echo_ratio:.2f}",
            "" if limits[row.name] is None else f"≤ {limits[row.name]:g}",
        )
        for row in rows
    ]
