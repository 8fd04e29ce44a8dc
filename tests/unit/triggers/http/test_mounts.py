"""The path below a mount, for what servers and frameworks say of it."""

import pytest

from whorl.triggers.http.mounts import path_of

CASES = [
    # path, root_path, raw_path, what the app is to see
    ("/", "", b"/", b"/"),
    ("/a b", "", b"/a%20b", b"/a%20b"),
    ("/a b", "", None, b"/a%20b"),
    ("/a/b", "", b"/a%2Fb", b"/a%2Fb"),
    ("/user@host:1/~a,b;c=d", "", None, b"/user@host:1/~a,b;c=d"),
    ("/%40", "", None, b"/%2540"),
    ("/%40", "", b"/%2540", b"/%2540"),
    ("/caf\xe9", "", None, b"/caf%C3%A9"),
    ("/\ufffd", "", b"/%ff", b"/%ff"),
    ("//double", "", b"//double", b"//double"),
    # mounted, the mount being part of `path`
    ("/m/x", "/m", b"/m/x", b"/x"),
    ("/m/x", "/m/", b"/m/x", b"/x"),
    ("/m", "/m", b"/m", b"/"),
    ("/m/", "/m", b"/m/", b"/"),
    ("/m/m/x", "/m", b"/m/m/x", b"/m/x"),
    ("/m/x", "/m", None, b"/x"),
    ("/m/a b@c", "/m", None, b"/a%20b@c"),
    ("/m/a/b", "/m", b"/m/a%2Fb", b"/a%2Fb"),
    ("/my app/x", "/my app", b"/my%20app/x%20", b"/x"),
    ("/my app/x", "/my app", b"/my%20app/x", b"/x"),
    ("/my-app/x", "/my-app", b"/%6Dy-app/x", b"/x"),
    ("/caf\xe9/\xe9", "/caf\xe9", b"/caf%C3%A9/%C3%A9", b"/%C3%A9"),
    ("/caf\xe9/\xe9", "/caf\xe9", None, b"/%C3%A9"),
    ("/one/two/x", "/one/two", b"/one/two/x", b"/x"),
    # a root path that ends inside a segment is no part of the path
    ("/hello", "/h", b"/hello", b"/hello"),
    ("/hello", "/h", None, b"/hello"),
    # mounted, the mount having been taken off `path`, and off `raw_path` or not
    ("/x", "/m", b"/m/x", b"/x"),
    ("/m/x", "/m", b"/m/m/x", b"/m/x"),
    ("/x", "/m", b"/x", b"/x"),
    ("/x", "/m", None, b"/x"),
    ("/", "/m", b"/m", b"/"),
    ("", "/m", b"/m", b"/"),
    ("/\xe9", "/caf\xe9", b"/caf%C3%A9/%C3%A9", b"/%C3%A9"),
    # mounted, the mount having been taken off `path` without a word
    ("/x", "", b"/m/x", b"/x"),
    ("/a/b c", "", b"/caf%C3%A9/a%2Fb%20c", b"/a%2Fb%20c"),
    ("/x/x", "", b"/x/x/x", b"/x/x"),
    ("/x", "/proxy", b"/proxy/m/x", b"/x"),
    ("/", "", b"/m", b"/"),
    # a middleware has rewritten `path` alone
    ("/old/", "", b"/old", b"/old/"),
    ("/old/", "", b"/very/old", b"/old/"),
    ("/old", "", b"/veryold", b"/old"),
    ("/new", "", b"/old", b"/new"),
    ("/m/new", "/m", b"/m/old", b"/new"),
    # a server that keeps bytes which are not UTF-8
    ("/a\udcff", "", b"/a%ff", b"/a%FF"),
    ("/a\udcff", "", None, b"/a%FF"),
    # no sense in it
    ("/x", "/m", b"/%", b"/x"),
    ("/x", "/mm", b"/m", b"/x"),
]


@pytest.mark.parametrize(("path", "root_path", "raw_path", "seen"), CASES)
def test_the_path_below_the_mount(path: str, root_path: str, raw_path: bytes | None, seen: bytes) -> None:
    scope = {"path": path, "root_path": root_path, "raw_path": raw_path}
    assert path_of(scope) == seen


@pytest.mark.parametrize(
    ("path", "raw_path", "seen"),
    [
        ("/x/", b"/m/x", b"/x"),
        ("/x/", b"/m/x/", b"/x/"),
        ("/a/b/", b"/m/a%2Fb", b"/a%2Fb"),
        ("/a/b/", b"/m/a//b", b"/a/b/"),
        ("/", b"/m", b"/"),
    ],
)
def test_litestars_mounts_end_in_a_slash_that_nobody_wrote(path: str, raw_path: bytes, seen: bytes) -> None:
    assert path_of({"path": path, "root_path": "", "raw_path": raw_path, "litestar_app": object()}) == seen


def test_what_is_not_said_is_not_needed() -> None:
    assert path_of({"path": "/a"}) == b"/a"
