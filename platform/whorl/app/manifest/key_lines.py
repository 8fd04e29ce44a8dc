"""On which line of a TOML text each key stands, which a TOML parser forgets.

Theory of operation: the text has been accepted by a real parser, so this scanner need not judge it. It walks over
headers, keys and values, steps over strings, comments and brackets, and notes the line at which each path begins.
A path is the sequence of keys and array indices that leads to a value in the parsed document.
"""

import re
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[^\s=.\[\]{}\"'#,]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|' + r"'''.*?'{3,5}|" + r'"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*'",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Return the line (from 1) at which each path of the valid TOML document `text` begins."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1
        self._counted_to = 0
        self._lines: dict[KeyPath, int] = {}
        self._arrays: dict[KeyPath, int] = {}

    def scan(self) -> Mapping[KeyPath, int]:
        table: KeyPath = ()
        while self._skip_blank():
            if self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)
        return self._lines

    def _header(self) -> KeyPath:
        line = self._current_line()
        is_array = self._text.startswith("[[", self._position)
        self._position += 2 if is_array else 1
        *parents, last = self._key()
        self._position += 2 if is_array else 1
        path: KeyPath = ()
        for part in parents:
            path = self._latest((*path, part))
            self._lines.setdefault(path, line)
        path = (*path, last)
        self._lines.setdefault(path, line)
        if is_array:
            self._arrays[path] = self._arrays.get(path, -1) + 1
            path = self._latest(path)
            self._lines[path] = line
        return path

    def _latest(self, path: KeyPath) -> KeyPath:
        return (*path, self._arrays[path]) if path in self._arrays else path

    def _pair(self, table: KeyPath) -> None:
        line = self._current_line()
        path = table
        for part in self._key():
            path = (*path, part)
            self._lines.setdefault(path, line)
        self._position += 1  # the equals sign
        self._skip_space()
        self._value(path)

    def _key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip_space()
            parts.append(self._key_part())
            self._skip_space()
            if self._peek() != ".":
                return parts
            self._position += 1

    def _key_part(self) -> str:
        if self._peek() in {'"', "'"}:
            return _unquoted(self._take(_STRING))
        return self._take(_BARE_KEY)

    def _value(self, path: KeyPath) -> None:
        opening = self._peek()
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            self._take(_STRING if opening in {'"', "'"} else _SCALAR)

    def _array(self, path: KeyPath) -> None:
        self._position += 1
        index = 0
        while self._skip_blank() and self._peek() != "]":
            if self._peek() == ",":
                self._position += 1
                continue
            self._lines[(*path, index)] = self._current_line()
            self._value((*path, index))
            index += 1
        self._position += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._position += 1
        while self._skip_blank() and self._peek() != "}":
            if self._peek() == ",":
                self._position += 1
                continue
            self._pair(path)
        self._position += 1

    def _peek(self) -> str:
        return self._text[self._position : self._position + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._position)
        taken = match.group() if match else ""
        # A step that matches nothing would loop for ever; the text is valid TOML, so it cannot happen but by our fault.
        self._position += len(taken) or 1
        return taken

    def _skip_blank(self) -> bool:
        self._position = _end(_BLANK, self._text, self._position)
        return self._position < len(self._text)

    def _skip_space(self) -> None:
        self._position = _end(_SPACE, self._text, self._position)

    def _current_line(self) -> int:
        self._line += self._text.count("\n", self._counted_to, self._position)
        self._counted_to = self._position
        return self._line


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position


def _unquoted(quoted: str) -> str:
    inside = quoted[1:-1]
    return inside if quoted.startswith("'") else _ESCAPE.sub(_unescaped, inside)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[3])
