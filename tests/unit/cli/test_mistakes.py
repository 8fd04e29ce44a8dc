"""Which errors are explained to the operator, and which are whorl's own."""

import errno

import pytest

from whorl.cli.mistakes import explain
from whorl.errors import WhorlError

MISTAKES = [
    (WhorlError("what, where, cure"), "what, where, cure"),
    (PermissionError(errno.EACCES, "Permission denied", "/x"), "`/x`: Permission denied; give this user"),
    (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; the disk is full"),
    (OSError(errno.EIO, "Input/output error", b"/\xff"), "`/\udcff`: Input/output error"),
    (UnicodeEncodeError("utf-8", "/\udcff", 1, 2, "surrogates"), "is not UTF-8; use a path"),
]
OWN = [ValueError("x"), TimeoutError(), ConnectionError(), UnicodeDecodeError("ascii", b"", 0, 0, "x"), KeyError("x")]


@pytest.mark.parametrize(("error", "told"), MISTAKES)
def test_mistakes_are_told(error: Exception, told: str) -> None:
    assert told in (explain(error) or "")


@pytest.mark.parametrize("error", OWN, ids=repr)
def test_what_is_whorls_own_is_not_hidden(error: Exception) -> None:
    assert explain(error) is None
