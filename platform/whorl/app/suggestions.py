"""The "did you mean" part of a message."""

import difflib
from collections.abc import Iterable

_SIMILARITY = 0.6


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what to append to a message about the unknown `name`: the nearest of `known`, or nothing."""
    nearest = nearest_name(name, known)
    return f"; did you mean `{nearest}`?" if nearest else ""


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the name of `known` that was most likely meant by `name`, None when none is near."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=_SIMILARITY)
    return matches[0] if matches else None
