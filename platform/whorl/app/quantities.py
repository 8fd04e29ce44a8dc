"""Durations and sizes as people write them: `30s`, `500ms`, `128MB`, `64MiB`."""

import re

_QUANTITY = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*([A-Za-z\u00b5\u03bc]+)\s*")
_SECONDS = {"us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}


def parse_duration(value: object) -> float:
    """Return the seconds that a text such as `30s`, `500ms`, `2m`, `100us` or `1.5h` stands for.

    Raises:
        ValueError: it is not a duration; the message says what one looks like.
    """
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in _SECONDS:
        hint = f", for example `{value}s`" if isinstance(value, int | float) and not isinstance(value, bool) else ""
        raise ValueError(f'a duration is a text with a unit (us, ms, s, m, h) such as "30s"{hint}; got `{value}`')
    return round(float(match[1]) * _SECONDS[match[2]], 9)


def parse_size(value: object) -> int:
    """Return the bytes that an integer, or a text such as `128MB` (10⁶) or `64MiB` (2²⁰), stands for.

    Raises:
        ValueError: it is not a size; the message says what one looks like.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2].lower() not in _BYTES:
        raise ValueError(f'a size is a number of bytes, or a text such as "128MB" or "64MiB"; got `{value}`')
    return int(float(match[1]) * _BYTES[match[2].lower()])
