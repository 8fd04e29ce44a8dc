"""How a bridge and the host talk: where what lies in a frame, and what a reply may say.

The same as in `platform/adapter/tools/src/bridge/routines.rs`, which explains it.
"""

from struct import Struct
from typing import Final

SLOTS: Final = 80
"""Where the flat parameters of a call stand in a frame."""

HEADER_SIZE: Final = 16
header = Struct("<IIII").pack
"""What a reply begins with: a status, and three numbers that it gives a meaning."""

DONE, WAIT, RESOLVE, LONG = range(4)
"""Statuses."""

LONG_REPLY: Final = 0
"""The task of a reply that waits for room; others begin above it."""

TRIPLE: Final = Struct("<III")
"""The number of a resource, a handle, and a rep."""

HEAD: Final = 512
"""Bytes of a frame that are read at once where the host sees the memory; most have no more."""

called = Struct("<III").unpack_from
CALLED_AT: Final = 64
"""Where a bridge tells which function is called, where its reply goes, and how many pages its memory has."""

PAGE: Final = 1 << 16
"""Bytes of a page of a memory."""
