"""A manifest as text and as a table, with the place of each key for messages."""

import codecs
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli

from whorl.app.manifest.key_lines import KeyPath, key_lines
from whorl.errors import ManifestError

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_OTHER_ENCODINGS = (
    (re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff|[^\0]\0\0\0|\0\0\0[^\0]"), "UTF-32"),
    (re.compile(rb"\xff\xfe|\xfe\xff|[^\0]\0|\0[^\0]"), "UTF-16"),
)
"""How files of other encodings begin: with their byte-order mark, or with an ASCII character."""


@dataclass(frozen=True, slots=True)
class ManifestDocument:
    """A manifest that is valid TOML; whether it is a valid manifest is for the schema to say.

    Attributes:
        path: the file, absolute.
        shown: the file as an operator would write it, for messages.
        table: the parsed document.
        lines: the line at which each path of it begins.
    """

    path: Path
    shown: str
    table: Mapping[str, Any]
    lines: Mapping[KeyPath, int]

    @property
    def folder(self) -> Path:
        """The folder that relative paths of the manifest start from."""
        return self.path.parent

    def place(self, path: KeyPath) -> str:
        """Return `file:line` of the key at `path`, or of the nearest table around it."""
        line = self.line(path)
        return f"{self.shown}:{line}" if line else self.shown

    def line(self, path: KeyPath) -> int:
        """Return the line (from 1) of the key at `path`, or of the nearest table around it; 0 when there is none."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines[path] if path else 0

    def problem(self, path: KeyPath, message: str) -> str:
        """Return a message about the key at `path`: where it stands, what it is called, what is wrong."""
        return f"{self.place(path)}: `{key_text(path)}` {message}" if path else f"{self.place(path)}: {message}"


def key_text(path: KeyPath) -> str:
    """Return `path` as TOML would write a dotted key, with array indices in brackets: `trigger.http[0].route`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += ("." if text else "") + (part if _BARE_KEY.fullmatch(part) else f'"{part}"')
    return text


def read_document(path: Path) -> ManifestDocument:
    """Read the manifest at `path`.

    Raises:
        ManifestError: the file cannot be read, is not UTF-8 or is not TOML.
    """
    shown = _shown(path)
    text = _read_text(path, shown)
    table, lines = _parse(text, shown)
    return ManifestDocument(path.absolute(), shown, table, lines)


def _shown(path: Path) -> str:
    """Return `path` as an operator in the working directory would write it."""
    return os.fspath(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else os.fspath(path)


def _read_text(path: Path, shown: str) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ManifestError(f"{shown}: there is no such file") from None
    except OSError as error:
        raise ManifestError(f"{shown}: cannot be read: {error.strerror}") from error
    return _decoded(content.removeprefix(codecs.BOM_UTF8), shown).replace("\r\n", "\n")


def _decoded(content: bytes, shown: str) -> str:
    for beginning, encoding in _OTHER_ENCODINGS:
        if beginning.match(content):
            raise ManifestError(f"{shown}: is {encoding}; save it as UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line, byte = content.count(b"\n", 0, error.start) + 1, content[error.start]
        raise ManifestError(f"{shown}:{line}: is not UTF-8, as the byte {byte:#04x} shows; save it as UTF-8") from error


def _parse(text: str, shown: str) -> tuple[dict[str, Any], Mapping[KeyPath, int]]:
    try:
        return tomli.loads(text), key_lines(text)
    except tomli.TOMLDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        raise ManifestError(f"{shown}:{error.lineno}:{error.colno}: not valid TOML: {what}") from error
    except RecursionError:
        raise ManifestError(f"{shown}: nested too deeply to be a manifest") from None
