"""Leaf aliases that every layer may use."""

from collections.abc import Sequence

Header = tuple[bytes, bytes]
"""Name (lower case) and value of a header or trailer field, raw bytes."""

Headers = Sequence[Header]
