"""How a caller and the host talk: where what lies in a request, and what is told with a result.

The same as in `platform/adapter/tools/src/caller/program.rs`, which explains it.
"""

from struct import Struct
from typing import Final

from whorl.engine.bridges.protocol import CALLED_AT, SLOTS

ARENA: Final = 256
"""Where what arguments point to begins, and where a result begins."""

HEAD_SIZE: Final = ARENA - CALLED_AT
"""Bytes of a request that are before the arena."""

CALL_SIZE: Final = SLOTS - CALLED_AT
"""Bytes of a request before the slots: which function is called, and where the request ends."""

FIRST_PAGES: Final = 1
"""Pages that a caller's memory begins with."""

drop = Struct("<II8xI172x").pack
"""Makes the request that drops a handle, of the number of a function, `ARENA`, and the handle."""
