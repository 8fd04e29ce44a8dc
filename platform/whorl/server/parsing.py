"""Requests of one connection as they are parsed: httptools reads the syntax, this module what it leaves open.

Theory of operation: httptools (llhttp) is strict about the syntax of RFC 9112, but it bounds nothing, lets every
version and form of target pass, and leaves a connection that offers an upgrade. So bytes are given to it in slices:
what a head, or what is around the chunks of a body, may take is known from the slices that brought no end of it. A
head is judged as a whole when it is complete, before anybody hears of it. An offer to upgrade is none that this
server takes (RFC 9110, section 7.8): httptools has then skipped the body, so the head is given to a new parser
without the `upgrade` field.
"""

import re
from typing import Protocol

import httptools

from whorl.server.limits import ConnectionLimits
from whorl.triggers.http.messages import Fields

SLICE = 2048
"""Bytes that are parsed at a time."""

_BAD_REQUEST = 400
_URI_TOO_LONG = 414
_EXPECTATION_FAILED = 417
_FIELDS_TOO_LARGE = 431
_NOT_IMPLEMENTED = 501
_VERSION_NOT_SUPPORTED = 505

_NOTED = frozenset({b"host", b"transfer-encoding", b"expect", b"content-length", b"te"})
_CONNECTION = frozenset({b"connection", b"upgrade"})
_LONGEST_BODY = (1 << 63) - 1
_CHUNK_OVERHEAD = 64
"""Bytes around a chunk that nobody is asked about: its length, line ends, a short extension."""

_AUTHORITY = re.compile(rb"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+;=-]|%[0-9A-Fa-f]{2})+)(?::([0-9]{0,5}))?")
_ABSOLUTE = re.compile(rb"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)
_LAST_PORT = 0xFFFF
_VERSION_ERRORS = ("Invalid HTTP version", "Pause on PRI/Upgrade")


class RefusedError(Exception):
    """The request is not served: `status` says why, and nothing that follows on its connection can be trusted."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Receiver(Protocol):
    """Who hears of what was parsed."""

    def head_arrived(self) -> None:
        """The head of a request is complete and may be served."""

    def body_arrived(self, data: bytes) -> None:
        """A piece of its body."""

    def message_arrived(self) -> None:
        """The request is complete."""


class RequestParser:
    """The parser of one connection. What it says of a request holds until the next one begins.

    Attributes:
        in_head: a head has begun and is not complete.
        method: as the client sent it.
        target: path and query, or `*`; of a target in absolute form what follows the authority.
        headers: names in lower case; `host` is what the target's authority says if it has one, and may be missing.
        trailers: likewise, when the message has arrived.
        is_1_0: the client speaks HTTP/1.0.
        keeps_alive: the client wants the connection to stay.
        expects_continue: the client waits for `100 Continue`, or for an answer, before it sends its body.
        takes_trailers: the client reads the trailers of a response.
        body_length: what the head says of the body: bytes, or None for chunks.
    """

    def __init__(self, receiver: Receiver, limits: ConnectionLimits) -> None:
        self._receiver = receiver
        self._limits = limits
        self.slice = min(SLICE, limits.max_head_bytes)
        self._parser = httptools.HttpRequestParser(self)
        self._refused: int | None = None
        self._checked_host: bytes | None = None
        self._is_last = False
        self._begun = 0
        self._reset()
        self._in_message = self.in_head = False

    def _reset(self) -> None:
        self._in_message = self.in_head = True
        self._is_offer = False
        self._head_size = self._around = self._taken = self._chunks = self._body_left = 0
        self.target: bytes = b""
        self.headers: Fields = []
        self.trailers: Fields = []
        self._hosts = 0
        self._host = b""
        self._coding: bytes | None = None
        self._expect: bytes | None = None
        self.takes_trailers = False
        self.body_length: int | None = 0

    def feed(self, data: bytes | memoryview) -> None:
        """Parse at most `slice` bytes, or more of them if `body_left` says that they are a body's.

        Raises:
            RefusedError: they are no request that can be served.
        """
        was_between = not self._in_message
        self._begun = self._taken = 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._pass_over_offers(data[offer.args[0] :])
        except httptools.HttpParserError as error:
            raise RefusedError(self._refused or _status_of(error)) from None
        if self._in_message or not self._begun:
            self._bound(len(data), was_between=was_between)

    def _bound(self, size: int, *, was_between: bool) -> None:
        """Count what has not brought the end of a message, and refuse what is too much."""
        if self.in_head:
            # How much of a slice belongs to a head that began somewhere within it is not known, and at most a slice.
            if not self._begun or (was_between and self._begun == 1):
                self._head_size += size
                self._bound_head()
        elif was_between and not self._begun:
            # Empty lines, which may come before a request.
            self._head_size += size
            self._bound_head()
        elif self.body_length is None and not self._begun:
            self._around += size - self._taken
            if self._around > self._limits.max_head_bytes + self._chunks * _CHUNK_OVERHEAD:
                raise RefusedError(_FIELDS_TOO_LARGE)

    def close(self) -> None:
        """Let go of what was parsed, and of the parser, which refers back."""
        self._reset()
        del self._parser, self._receiver

    @property
    def body_left(self) -> int:
        """How many of the next bytes belong to the body whatever they are."""
        return self._body_left if self._in_message and not self.in_head else 0

    # What httptools calls.

    def on_message_begin(self) -> None:
        """A request begins."""
        if self._is_last:
            self._refuse(_BAD_REQUEST)
        self._begun += 1
        self._reset()

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field, or a trailer field behind the head."""
        name = name.lower()
        value = value.rstrip(b" \t")
        if not self.in_head:
            if name in _CONNECTION:
                # It would speak of this connection to httptools, for the next request.
                self._refuse(_BAD_REQUEST)
            self.trailers.append((name, value))
            if len(self.trailers) > self._limits.max_fields:
                self._refuse(_FIELDS_TOO_LARGE)
            return
        if name in _NOTED:
            self._note(name, value)
        self.headers.append((name, value))
        if len(self.headers) > self._limits.max_fields:
            self._refuse(_FIELDS_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The head is complete: judge it."""
        self.in_head = False
        parser = self._parser
        method: bytes = parser.get_method()
        if parser.should_upgrade() and method != b"CONNECT":
            self._is_offer = True
            return
        version = parser.get_http_version()
        self.is_1_0 = version == "1.0"
        if not self.is_1_0 and version != "1.1":
            self._refuse(_VERSION_NOT_SUPPORTED)
        if method == b"CONNECT":
            self._refuse(_NOT_IMPLEMENTED)
        if not self._begun:
            self._check_size()
        if self._coding is not None:
            self._check_coding(self._coding)
        if self._hosts != 1 or self._host != self._checked_host:
            self._check_host()
        if not self.target.startswith(b"/") or b"#" in self.target:
            self._check_target(method)
        self.expects_continue = False
        if self._expect is not None and not self.is_1_0:
            self._check_expectation(self._expect)
        self.method = method
        self.keeps_alive: bool = parser.should_keep_alive() and not (self.is_1_0 and self._says_close())
        # Of HTTP/1.0 httptools would parse on where the client says both that the connection is to stay and to end.
        self._is_last = not self.keeps_alive
        self._body_left = self.body_length or 0
        self._receiver.head_arrived()

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        self._taken += len(data)
        self._body_left -= len(data)
        self._receiver.body_arrived(data)

    def on_chunk_header(self) -> None:
        """A chunk begins."""
        self._chunks += 1

    def on_message_complete(self) -> None:
        """The request is complete."""
        if not self._is_offer:
            self._in_message = False
            self._receiver.message_arrived()

    # Judging.

    def _refuse(self, status: int) -> None:
        self._refused = status
        raise RefusedError(status)

    def _note(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._hosts += 1
            self._host = value
        elif name == b"content-length":
            # httptools has seen to it that it is a number, the only one, and no coding's.
            self.body_length = int(value)
            if self.body_length > _LONGEST_BODY:
                self._refuse(_BAD_REQUEST)
        elif name == b"transfer-encoding":
            self._coding = value if self._coding is None else self._coding + b"," + value
            self.body_length = None
        elif name == b"expect":
            self._expect = value if self._expect is None else self._expect + b"," + value
        elif b"trailers" in [each.strip() for each in value.lower().split(b",")]:
            self.takes_trailers = True

    def _says_close(self) -> bool:
        """Tell whether the client wants the connection to be closed, whatever else it says."""
        return any(name == b"connection" and b"close" in value.lower() for name, value in self.headers)

    def _bound_head(self) -> None:
        if self._head_size > self._limits.max_head_bytes:
            is_target = not self.headers and len(self.target) > self._head_size // 2
            raise RefusedError(_URI_TOO_LONG if is_target else _FIELDS_TOO_LARGE)

    def _check_size(self) -> None:
        """Look at a head that took more than one slice."""
        size = sum(len(name) + len(value) + 4 for name, value in self.headers)
        if max(size + len(self.target), self._head_size + 1) > self._limits.max_head_bytes:
            self._refuse(_URI_TOO_LONG if len(self.target) > size else _FIELDS_TOO_LARGE)

    def _check_coding(self, coding: bytes) -> None:
        codings = [each.strip().lower() for each in coding.split(b",")]
        if self.is_1_0 or codings[-1] != b"chunked":
            self._refuse(_BAD_REQUEST)
        if len(codings) > 1:
            self._refuse(_NOT_IMPLEMENTED)

    def _check_expectation(self, expectation: bytes) -> None:
        if expectation.lower() != b"100-continue":
            self._refuse(_EXPECTATION_FAILED)
        self.expects_continue = True

    def _check_host(self) -> None:
        if self._hosts != 1:
            if self._hosts or not self.is_1_0:
                self._refuse(_BAD_REQUEST)
        elif not _is_authority(self._host):
            self._refuse(_BAD_REQUEST)
        else:
            self._checked_host = self._host

    def _check_target(self, method: bytes) -> None:
        if self.target == b"*" and method == b"OPTIONS":
            return
        absolute = _ABSOLUTE.fullmatch(self.target)
        if absolute is None or b"#" in self.target or not _is_authority(absolute[1]):
            self._refuse(_BAD_REQUEST)
        else:
            rest = absolute[2]
            self.target = rest if rest.startswith(b"/") else b"/" + rest
            if method == b"OPTIONS" and not rest:
                self.target = b"*"  # RFC 9112, section 3.2.4
            self.headers = [field for field in self.headers if field[0] != b"host"]
            self.headers.append((b"host", absolute[1]))

    def _pass_over_offers(self, rest: bytes | memoryview) -> None:
        """Parse the head of a request that offers an upgrade again, as one that does not, and what follows it."""
        pieces = [rest, self._head_without_offer()]
        self._parser = httptools.HttpRequestParser(self)
        try:
            while pieces:
                piece = pieces.pop()
                try:
                    self._parser.feed_data(piece)
                except httptools.HttpParserUpgrade as offer:
                    pieces += [piece[offer.args[0] :], self._head_without_offer()]
                    self._parser = httptools.HttpRequestParser(self)
        except httptools.HttpParserError as error:
            raise RefusedError(self._refused or _status_of(error)) from None

    def _head_without_offer(self) -> bytes:
        version = self._parser.get_http_version().encode()
        lines = [b"%b %b HTTP/%b\r\n" % (self._parser.get_method(), self.target, version)]
        lines += [b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        return b"".join(lines) + b"\r\n"


def _is_authority(value: bytes) -> bool:
    found = _AUTHORITY.fullmatch(value)
    return found is not None and int(found[1] or 0) <= _LAST_PORT


def _status_of(error: httptools.HttpParserError) -> int:
    return _VERSION_NOT_SUPPORTED if str(error) in _VERSION_ERRORS else _BAD_REQUEST
