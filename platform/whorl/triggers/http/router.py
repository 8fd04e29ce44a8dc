"""Which route a request's path belongs to, by Spin's rules and precedence.

Theory of operation: routes are put in one total order once; the first that matches wins. The order looks at the kinds
of segments from left to right (literal before parameter before wildcard), then at dots, then prefers fewer segments,
then what was declared first. A route of literals only therefore beats every other that matches the same path, so such
routes are found in a dictionary. The rest are regular expressions, tried in order; only those that can match the path's
first segment are tried.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from whorl.app.routes import RoutePattern, Segment, SegmentKind
from whorl.triggers.http.headers import RouteHeaders

T = TypeVar("T")

_RANKS = {
    SegmentKind.SLASH: 0,
    SegmentKind.WILDCARD: 1,
    SegmentKind.PARAMETER: 2,
    SegmentKind.DOT: 3,
    SegmentKind.LITERAL: 3,
}
_SEPARATORS = {SegmentKind.SLASH, SegmentKind.DOT}
_CHAINED = RoutePattern.parse("/...")


@dataclass(frozen=True, slots=True)
class Route(Generic[T]):
    """A route and what it leads to.

    Attributes:
        pattern: the route as declared.
        target: what requests of this route are handed to.
        headers: the parts of the `spin-*` headers that are the same for every request of this route.
    """

    pattern: RoutePattern
    target: T
    headers: RouteHeaders

    @classmethod
    def to(cls, pattern: RoutePattern, target: T) -> "Route[T]":
        """Return a route from `pattern` to `target`."""
        return cls(pattern, target, RouteHeaders.of(pattern))

    @classmethod
    def chained(cls, target: T) -> "Route[T]":
        """Return the route that a request from another component of the app seems to have come by: `/...`."""
        return cls.to(_CHAINED, target)


class RouteMatch(NamedTuple, Generic[T]):
    """A path and the route it matched. A tuple, not a dataclass: one is made per request, at a third of the cost.

    Attributes:
        route: the route.
        path_info: what the wildcard stands for, with its leading slash; empty when the route has none.
        parameters: what the parameters stand for, raw, in the order of `route.pattern.parameters`.
    """

    route: Route[T]
    path_info: bytes = b""
    parameters: tuple[bytes, ...] = ()


class _Candidate(NamedTuple, Generic[T]):
    pattern: re.Pattern[bytes] | None  # None: matches every path
    route: Route[T]
    has_wildcard: bool


class Router(Generic[T]):
    """An immutable set of routes. Of routes that are written alike the last one counts, as in Spin."""

    def __init__(self, routes: Iterable[tuple[str | RoutePattern, T]]) -> None:
        """Take pairs of a route and its target.

        Raises:
            ValueError: a text is not a route.
        """
        patterns = ((RoutePattern.parse(text) if isinstance(text, str) else text, target) for text, target in routes)
        declared = {pattern.text: Route.to(pattern, target) for pattern, target in patterns}
        self.routes: Sequence[Route[T]] = tuple(_in_order(declared.values()))
        """All routes in the order of precedence."""
        self._literal: dict[bytes, RouteMatch[T]] = {}
        dynamic: list[Route[T]] = []
        for route in self.routes:
            text = _literal_text(route.pattern)
            if text is None:
                dynamic.append(route)
            else:
                self._literal.setdefault(text, RouteMatch(route))
        self._anywhere, self._by_first_segment = _index(dynamic)

    def match(self, path: str | bytes) -> RouteMatch[T] | None:
        """Return the route for `path` (raw, percent-encoded, without the query), None when there is none."""
        raw = path.encode("latin-1") if isinstance(path, str) else path
        trimmed = raw.strip(b"/")
        literal = self._literal.get(trimmed)
        if literal is not None:
            return literal
        for pattern, route, has_wildcard in self._by_first_segment.get(trimmed.partition(b"/")[0], self._anywhere):
            if pattern is None:
                return RouteMatch(route, _path_info(trimmed, raw))
            found = pattern.fullmatch(trimmed)
            if found is not None:
                if not has_wildcard:
                    return RouteMatch(route, b"", found.groups())
                *parameters, rest = found.groups(b"")
                return RouteMatch(route, _path_info(rest, raw), tuple(parameters))
        return None


def _path_info(rest: bytes, path: bytes) -> bytes:
    # Trailing slashes are no part of a match, but Spin's guests have always seen one.
    closing = b"/" if path.endswith(b"/") else b""
    return b"/" + rest + closing if rest else closing


def _in_order(routes: Iterable[Route[T]]) -> list[Route[T]]:
    """Sort by insertion: the order is not transitive where dots meet slashes, so where a sort begins would show."""
    ordered: list[Route[T]] = []
    for route in routes:
        behind = (place for place, other in enumerate(ordered) if _precedes(route.pattern, other.pattern))
        ordered.insert(next(behind, len(ordered)), route)
    return ordered


def _precedes(one: RoutePattern, other: RoutePattern) -> bool:
    # The crate that Spin uses puts a dot on top of whatever was declared before it and below whatever comes after, so
    # that a later `/...` hides `/.well-known/x`. Here a dot counts as the literal that it is, against all but a slash.
    for mine, theirs in zip(one.segments, other.segments, strict=False):
        if _RANKS[mine.kind] != _RANKS[theirs.kind] and not {mine.kind, theirs.kind} <= _SEPARATORS:
            return _RANKS[mine.kind] > _RANKS[theirs.kind]
    if _dots(one) != _dots(other):
        return _dots(one) > _dots(other)
    return len(one.segments) < len(other.segments)


def _dots(pattern: RoutePattern) -> int:
    return sum(segment.kind is SegmentKind.DOT for segment in pattern.segments)


def _literal_text(pattern: RoutePattern) -> bytes | None:
    """Return the only trimmed path that `pattern` matches, None when it matches more than one."""
    if any(segment.kind in {SegmentKind.PARAMETER, SegmentKind.WILDCARD} for segment in pattern.segments):
        return None
    written = {SegmentKind.SLASH: "/", SegmentKind.DOT: "."}
    return "".join(written.get(segment.kind, segment.text) for segment in pattern.segments).encode()


def _index(routes: Sequence[Route[T]]) -> tuple[tuple[_Candidate[T], ...], dict[bytes, tuple[_Candidate[T], ...]]]:
    """Return the candidates for paths in general, and those for paths whose first segment some route writes out."""
    keyed = [(_first_segment(route.pattern), _candidate(route)) for route in routes]
    anywhere = tuple(candidate for first, candidate in keyed if first is None)
    by_first = {
        key: tuple(candidate for first, candidate in keyed if first in {None, key})
        for key in {first for first, _ in keyed if first is not None}
    }
    return anywhere, by_first


def _first_segment(pattern: RoutePattern) -> bytes | None:
    """Return the text of the path's first segment if `pattern` fixes it."""
    text = ""
    for segment in pattern.segments:
        if segment.kind is SegmentKind.SLASH:
            return text.encode()
        if segment.kind not in {SegmentKind.LITERAL, SegmentKind.DOT}:
            return None
        text += segment.text or "."
    return text.encode()


def _candidate(route: Route[T]) -> _Candidate[T]:
    segments = route.pattern.segments
    if [segment.kind for segment in segments] == [SegmentKind.WILDCARD]:
        return _Candidate(None, route, has_wildcard=True)
    has_wildcard = bool(segments) and segments[-1].kind is SegmentKind.WILDCARD
    expression = ""
    for place, segment in enumerate(segments):
        following = segments[place + 1].kind if place + 1 < len(segments) else None
        expression += _expression(segment, following)
    return _Candidate(re.compile(expression.encode(), re.DOTALL), route, has_wildcard)


def _expression(segment: Segment, following: SegmentKind | None) -> str:
    match segment.kind:
        case SegmentKind.PARAMETER:
            # Never at the very end of a path, but between two slashes it may stand for nothing.
            return r"([^./]*)" if following is SegmentKind.DOT else r"(?!\Z)([^/]*)"
        case SegmentKind.SLASH if following is SegmentKind.WILDCARD:
            return r"(?:\Z|/)"
        case SegmentKind.SLASH:
            return "/"
        case SegmentKind.WILDCARD:
            return "(.*)"
        case SegmentKind.DOT:
            return r"\."
        case SegmentKind.LITERAL:
            return re.escape(segment.text)
