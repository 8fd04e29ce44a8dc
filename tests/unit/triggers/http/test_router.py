"""Routing by Spin's rules: syntax, precedence, path info, duplicates; and against a slow reading of the same rules."""

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whorl.triggers.http.router import Route, Router


def matched(routes: list[str], path: str) -> str | None:
    """Return the route of `routes` that `path` goes to."""
    match = Router([(route, route) for route in routes]).match(path)
    return None if match is None else match.route.target


def captured(route: str, path: str) -> tuple[str, list[str]] | None:
    """Return the path info and the parameters of `path` on its way to `route`."""
    match = Router([(route, None)]).match(path)
    return match and (match.path_info.decode(), [value.decode() for value in match.parameters])


PRECEDENCE = ["/...", "/a/...", "/a/b", "/a/:x", "/a/:x/..."]


@pytest.mark.parametrize("declared", [PRECEDENCE, PRECEDENCE[::-1]])
@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/a/b", "/a/b"),
        ("/a/c", "/a/:x"),
        ("/a/c/d", "/a/:x/..."),
        ("/a", "/a/..."),
        ("/z", "/..."),
        ("/", "/..."),
        ("/a/b/c", "/a/:x/..."),
    ],
)
def test_literals_come_before_parameters_before_wildcards(declared: list[str], path: str, route: str) -> None:
    assert matched(declared, path) == route


def test_precedence_is_decided_from_left_to_right() -> None:
    assert matched(["/:x/b", "/a/:y"], "/a/b") == "/a/:y"


def test_a_longer_literal_prefix_beats_a_shorter_one() -> None:
    assert matched(["/a/...", "/a/b/..."], "/a/b/c") == "/a/b/..."


def test_of_equal_routes_the_first_declared_wins() -> None:
    assert matched(["/:x", "/:y"], "/a") == "/:x"
    assert matched(["/foo", "/foo/"], "/foo/") == "/foo"


def test_of_routes_that_begin_alike_the_one_with_more_dots_wins_then_the_shorter() -> None:
    assert matched(["/:x", "/:x.:y"], "/a.b") == "/:x.:y"
    assert matched(["/:x/...", "/:x"], "/a") == "/:x"


def test_a_dot_at_the_start_counts_as_a_literal() -> None:
    assert matched(["/.well-known/x", "/..."], "/.well-known/x") == "/.well-known/x"
    assert matched(["/.well-known/...", "/:x/..."], "/.well-known/x") == "/.well-known/..."


@pytest.mark.parametrize("path", ["/foo", "/foo/", "//foo//", "foo"])
def test_slashes_around_a_path_say_nothing(path: str) -> None:
    assert matched(["/foo"], path) == "/foo"


def test_slashes_within_a_path_are_not_collapsed() -> None:
    assert matched(["/a/b"], "/a//b") is None


def test_paths_are_compared_raw_and_by_case() -> None:
    assert matched(["/a b", "/foo"], "/a%20b") is None
    assert matched(["/foo"], "/Foo") is None


@pytest.mark.parametrize("path", ["/foo", "/foo/", "/foo/bar/baz"])
def test_a_wildcard_matches_its_own_base_and_what_is_below(path: str) -> None:
    assert matched(["/foo/..."], path) == "/foo/..."


def test_a_wildcard_does_not_match_a_longer_word() -> None:
    assert matched(["/foo/..."], "/foobar") is None


@pytest.mark.parametrize(
    ("route", "path", "path_info"),
    [
        ("/test/...", "/test", ""),
        ("/test/...", "/test/", "/"),
        ("/test/...", "/test/hello", "/hello"),
        ("/test/...", "/test/hello/", "/hello/"),
        ("/test/...", "/test//x", "//x"),
        ("/...", "/", "/"),
        ("/...", "/x", "/x"),
        ("/test/*", "/test/hello", "/hello"),
        ("/test", "/test/", ""),
    ],
)
def test_path_info_is_what_the_wildcard_stands_for(route: str, path: str, path_info: str) -> None:
    assert captured(route, path) == (path_info, [])


@pytest.mark.parametrize(
    ("route", "path", "expected"),
    [
        ("/users/:id/posts/:pid", "/users/7/posts/12", ("", ["7", "12"])),
        ("/users/:userid/...", "/users/42", ("", ["42"])),
        ("/users/:userid/...", "/users/42/", ("/", ["42"])),
        ("/users/:userid/...", "/users/42/hello/", ("/hello/", ["42"])),
        ("/base/:path_segment/:path_end/...", "/base/path/end/rest", ("/rest", ["path", "end"])),
        ("/:x/b", "/%C3%A9/b", ("", ["%C3%A9"])),
        ("/a/:x/b", "/a//b", ("", [""])),
        ("/:name.:extension", "/photo.jpg", ("", ["photo", "jpg"])),
        ("/:name.json", "/x.json", ("", ["x"])),
    ],
)
def test_parameters_stand_for_one_segment(route: str, path: str, expected: tuple[str, list[str]]) -> None:
    assert captured(route, path) == expected


@pytest.mark.parametrize(
    ("route", "path"),
    [("/:x", "/"), ("/:x/...", "/"), ("/a/:x", "/a/"), ("/:name.:extension", "/photo"), ("/:a.:b", "/x/y.z")],
)
def test_a_parameter_needs_something_to_stand_for(route: str, path: str) -> None:
    assert captured(route, path) is None


def test_of_routes_that_are_written_alike_the_last_counts() -> None:
    match = Router([("/a", 1), ("/b", 2), ("/a", 3)]).match("/a")
    assert match is not None
    assert match.route.target == 3


def test_routes_are_listed_in_the_order_of_precedence() -> None:
    router = Router([(route, None) for route in PRECEDENCE])
    listed = [route.pattern.text for route in router.routes]
    assert listed == ["/a/b", "/a/:x", "/a/:x/...", "/a/...", "/..."]


@pytest.mark.parametrize(
    ("route", "path", "is_wildcard"),
    [("/", "/", False), ("/...", "/", True), ("/hello/...", "/hello", True), ("hello/", "/hello", False)],
)
def test_a_listed_route_is_shown_without_its_wildcard(route: str, path: str, is_wildcard: bool) -> None:  # noqa: FBT001
    pattern = Router([(route, None)]).routes[0].pattern
    assert (pattern.path, pattern.is_wildcard) == (path, is_wildcard)


@pytest.mark.parametrize("route", ["/a/.../b", "/*/b", "/*rest", "/a/:/b", "/.../..."])
def test_a_text_that_is_no_route_is_refused(route: str) -> None:
    with pytest.raises(ValueError, match=r"wildcard|parameter"):
        Router([(route, None)])


def test_a_chained_request_seems_to_have_come_by_the_catch_all_route() -> None:
    route = Route.chained("target")
    assert (route.pattern.text, route.pattern.path, route.target) == ("/...", "/", "target")


class Reference:
    """The same rules read slowly: a recursive matcher over characters and a comparison of kinds, nothing prepared."""

    RANKS: ClassVar = {"/": 0, "*": 1, ":": 2, "=": 3, ".": 3}

    def __init__(self, route: str) -> None:
        self.route = route
        trimmed = (route.removesuffix("...") + "*" if route.endswith("/...") else route).strip("/")
        self.parts = [self._tokens(part) for part in trimmed.split("/") if part]

    @staticmethod
    def _tokens(part: str) -> list[str]:
        if part == "*":
            return ["*"]
        if part.startswith(":"):
            _, *rest = part.split(".")
            return [":", *(token for word in rest for token in (".", ":" if word.startswith(":") else f"={word}"))]
        return [f"={part}"]

    @property
    def kinds(self) -> list[str]:
        joined: list[str] = []
        for part in self.parts:
            joined += ["/"] * bool(joined) + [token[0] for token in part]
        return joined

    def accepts(self, path: str) -> bool:
        trimmed = path.strip("/")
        return self._accepts(self.parts, trimmed.split("/") if trimmed else [])

    def _accepts(self, parts: list[list[str]], words: list[str]) -> bool:
        if not parts:
            return not words
        if parts[0] == ["*"]:
            return True
        return bool(words) and self._fits(parts[0], words, len(words) == 1) and self._accepts(parts[1:], words[1:])

    @staticmethod
    def _fits(part: list[str], words: list[str], is_last: bool) -> bool:  # noqa: FBT001
        word = words[0]
        if len(part) == 1:
            return bool(word or not is_last) if part[0] == ":" else part[0] == f"={word}"
        _, dot, after = word.partition(".")
        return bool(dot) and ((part[2] == ":" and bool(after or not is_last)) or part[2] == f"={after}")

    def precedes(self, other: "Reference") -> bool:
        for mine, theirs in zip(self.kinds, other.kinds, strict=False):
            if mine != theirs and {mine, theirs} != {"/", "."}:
                return self.RANKS[mine] > self.RANKS[theirs]
        mine_first = (-self.kinds.count("."), len(self.kinds))
        return mine_first < (-other.kinds.count("."), len(other.kinds))


def reference_match(routes: list[str], path: str) -> str | None:
    ordered: list[Reference] = []
    for route in map(Reference, dict.fromkeys(routes)):
        place = next((n for n, other in enumerate(ordered) if route.precedes(other)), len(ordered))
        ordered.insert(place, route)
    return next((reference.route for reference in ordered if reference.accepts(path)), None)


words = st.sampled_from(["a", "b", "aa", "c"])
parts = st.one_of(words, words.map(":{}".format))
routes = st.builds(
    lambda inner, end: "/" + "/".join(inner) + end,
    st.lists(parts, max_size=3),
    st.sampled_from(["", "/", "/...", "/*"]),
)
dotted_routes = st.builds("/{}/{}".format, st.sampled_from(["a", "b"]), st.sampled_from([":x.:y", ":x.a", ":x", "..."]))
dotted_paths = st.builds(
    "/{}/{}".format, st.sampled_from(["a", "b"]), st.sampled_from(["a", "a.a", "z.b.c", ".a", "a."])
)
paths = st.builds(
    lambda inner, end: "/" + "/".join(inner) + end,
    st.lists(st.sampled_from(["a", "b", "aa", "c", "z", "", "a.a", "z.b.c"]), max_size=4),
    st.sampled_from(["", "/", "//"]),
)


@given(st.lists(routes, max_size=8), paths)
def test_matching_agrees_with_a_slow_reading_of_the_rules(declared: list[str], path: str) -> None:
    assert matched(declared, path) == reference_match(declared, path)


@given(st.lists(dotted_routes, max_size=8), dotted_paths)
def test_matching_with_dots_agrees_with_a_slow_reading_of_the_rules(declared: list[str], path: str) -> None:
    assert matched(declared, path) == reference_match(declared, path)


@given(st.lists(routes, max_size=8), paths)
def test_a_path_matches_as_bytes_what_it_matches_as_text(declared: list[str], path: str) -> None:
    router = Router([(route, None) for route in declared])
    assert router.match(path) == router.match(path.encode())
