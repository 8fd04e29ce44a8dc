"""The pattern of a route: `/exact`, `/users/:id`, `/files/...`, as the `routefinder` crate (0.5) reads it for Spin.

A pattern is a sequence of literals, slashes, dots, parameters and at most one wildcard at the end. Leading and
trailing slashes say nothing. A dot after a parameter separates (`/:name.:extension`), any other dot belongs to the
literal before it.
"""

import enum
import re
from dataclasses import dataclass

WELL_KNOWN_PREFIX = "/.well-known/spin/"
"""Paths under it are answered by the server itself, before routing."""

_SEPARATOR = re.compile(r"[./]")


class SegmentKind(enum.Enum):
    """The kinds of segments."""

    LITERAL = "literal"
    PARAMETER = "parameter"
    WILDCARD = "wildcard"
    DOT = "dot"
    SLASH = "slash"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment of a pattern.

    Attributes:
        kind: what it matches.
        text: the literal's text or the parameter's name, else empty.
    """

    kind: SegmentKind
    text: str = ""


_SLASH = Segment(SegmentKind.SLASH)
_DOT = Segment(SegmentKind.DOT)
_WILDCARD = Segment(SegmentKind.WILDCARD)


@dataclass(frozen=True, slots=True)
class RoutePattern:
    """A route's pattern, parsed.

    Attributes:
        text: the route as written in the manifest.
        segments: what it matches, in order.
    """

    text: str
    segments: tuple[Segment, ...]

    @classmethod
    def parse(cls, text: str) -> "RoutePattern":
        """Parse a route.

        Raises:
            ValueError: it is not a route; the message says why.
        """
        absolute = _absolute(text)
        prefix = absolute.removesuffix("/...")
        segments = _segments(prefix if prefix == absolute else f"{prefix}/*")
        if _WILDCARD in segments[:-1] or "/.../" in absolute:
            raise ValueError(f"`{text}` has a wildcard in the middle; `...` and `*` can only end a route")
        return cls(text, tuple(segments))

    @property
    def absolute(self) -> str:
        """The pattern with its leading slash and without its trailing one; empty for `/`. (`spin-matched-route`)."""
        return _absolute(self.text)

    @property
    def is_wildcard(self) -> bool:
        """Whether anything may follow what is written."""
        return self.absolute.endswith(("/...", "/*"))

    @property
    def path(self) -> str:
        """The pattern without its wildcard, `/` at least: what is shown in the list of routes."""
        return (self.absolute.removesuffix("/...").removesuffix("/*") if self.is_wildcard else self.absolute) or "/"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, in order."""
        return tuple(segment.text for segment in self.segments if segment.kind is SegmentKind.PARAMETER)

    @property
    def is_well_known(self) -> bool:
        """Whether the server's own endpoints hide this route."""
        return self.absolute.startswith(WELL_KNOWN_PREFIX)


def _absolute(text: str) -> str:
    return f"/{text.removeprefix('/')}".removesuffix("/")


def _segments(text: str) -> list[Segment]:
    trimmed = text.strip("/")
    separators = ["", *_SEPARATOR.findall(trimmed)]
    segments: list[Segment] = []
    for separator, section in zip(separators, _SEPARATOR.split(trimmed), strict=True):
        if separator == ".":
            _append_dot(segments)
        if section:
            if separator == "/":
                segments.append(_SLASH)
            segments.append(_segment(section))
    return segments


def _append_dot(segments: list[Segment]) -> None:
    if segments and segments[-1].kind is SegmentKind.LITERAL:
        segments[-1] = Segment(SegmentKind.LITERAL, segments[-1].text + ".")
    else:
        segments.append(_DOT)


def _segment(section: str) -> Segment:
    if section == "*":
        return _WILDCARD
    if section.startswith("*"):
        raise ValueError(f"`{section}` names a wildcard; there can only be one, write `...`")
    if section == ":":
        raise ValueError("`:` is a parameter without a name; parameters must be named")
    if section.startswith(":"):
        return Segment(SegmentKind.PARAMETER, section[1:])
    return Segment(SegmentKind.LITERAL, section)
