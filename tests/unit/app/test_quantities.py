"""Durations and sizes as people write them."""

import pytest

from whorl.app.quantities import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("500ms", 0.5), ("2m", 120), ("100us", 0.0001), ("100\u00b5s", 0.0001), ("1.5h", 5400), (" 0 s ", 0)],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("value", ["30", "s", "-1s", "1d", "1 min", "", "1e3s", 30, 1.5, True, None, ["1s"]])
def test_anything_else_is_no_duration(value: object) -> None:
    with pytest.raises(ValueError, match='such as "30s"'):
        parse_duration(value)


def test_a_bare_number_is_answered_with_the_text_to_write() -> None:
    with pytest.raises(ValueError, match="for example `45s`"):
        parse_duration(45)


@pytest.mark.parametrize(
    ("value", "size"),
    [("128MB", 128_000_000), ("64MiB", 67_108_864), (65536, 65536), ("1.5KiB", 1536), ("1 gb", 10**9), ("10B", 10)],
)
def test_a_size_is_in_bytes_or_has_a_unit(value: object, size: int) -> None:
    assert parse_size(value) == size


@pytest.mark.parametrize("value", ["128", "MB", "-1MB", "1TB", -1, 1.5, True, None])
def test_anything_else_is_no_size(value: object) -> None:
    with pytest.raises(ValueError, match='such as "128MB"'):
        parse_size(value)
