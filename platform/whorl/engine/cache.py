"""The cache of compiled components: cwasm files, named by the digest of everything that went into them.

A cwasm is native code that runs with the rights of this process, so only files that this user wrote, in a folder that
nobody else can write to, are ever loaded; the rest is named and ignored. Files appear under their final name at once
(written aside, synced, renamed), with their own digest beside them, so a torn or damaged file is noticed and made anew.
Several processes may share the folder: whoever compiles holds a lock that the others wait for.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from whorl.errors import StoreError

logger = logging.getLogger(__name__)

_ASIDE = ".new-"
_ABANDONED = 3600.0
"""Seconds after which nobody writes a file any more."""

_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def default_directory() -> Path:
    """Return where compiled components are kept: `$WHORL_CACHE_DIR`, else the user's cache folder.

    Raises:
        StoreError: nothing is said, and the user has no home.
    """
    chosen = os.environ.get("WHORL_CACHE_DIR")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    if base:
        return Path(base) / "whorl"
    try:
        return Path.home() / ".cache" / "whorl"
    except RuntimeError as error:
        raise StoreError("this user has no home folder for compiled components; set `WHORL_CACHE_DIR`") from error


class CompiledCache:
    """Compiled code by key. Nothing is touched before the first `path`."""

    def __init__(self, directory: Path | None = None) -> None:
        self.directory = directory or default_directory()

    def path(self, key: str, make: Callable[[], bytes | bytearray], suffix: str = "cwasm") -> Path:
        """Return the file that holds the code for `key`, or what belongs to it; made by `make` if it is not there yet.

        Raises:
            StoreError: the folder cannot be used, or belongs to somebody else.
        """
        self._prepare()
        file = self.directory / f"{key}.{suffix}"
        if self._is_sound(file):
            return file
        with self._lock(key):
            if not self._is_sound(file):
                self._write(file, bytes(make()))
        return file

    def _prepare(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self.directory.stat()
        except OSError as error:
            raise StoreError(
                f"cache folder `{self.directory}` cannot be used: {error.strerror}; set `WHORL_CACHE_DIR` to another"
            ) from error
        if status.st_uid != os.getuid() or status.st_mode & _OTHERS_MAY_WRITE:
            raise StoreError(
                f"cache folder `{self.directory}` can be written by other users, who could put code into it; run"
                f" `chmod 700 {self.directory}` as its owner or set `WHORL_CACHE_DIR` to another folder"
            )

    def _is_sound(self, file: Path) -> bool:
        try:
            status = os.lstat(file)
            expected = file.with_suffix(".digest").read_text("ascii")
        except (OSError, UnicodeDecodeError):
            return False
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & _OTHERS_MAY_WRITE:
            logger.warning("ignored `%s`: it was not written by this user alone; compiling anew", file)
            return False
        if _digest(file) != expected:
            logger.warning("ignored `%s`: it is damaged; compiling anew", file)
            return False
        return True

    def _write(self, file: Path, code: bytes) -> None:
        self._remove_leftovers()
        try:
            self._replace(file, code)
            self._replace(file.with_suffix(".digest"), _digest(file).encode("ascii"))
        except OSError as error:
            raise self._not_writable(error) from error

    def _remove_leftovers(self) -> None:
        """Remove what processes were writing that were killed."""
        oldest = time.time() - _ABANDONED
        for file in self.directory.glob(f"{_ASIDE}*"):
            with contextlib.suppress(OSError):
                if file.lstat().st_mtime < oldest:
                    file.unlink()

    def _replace(self, file: Path, content: bytes) -> None:
        descriptor, aside = tempfile.mkstemp(dir=self.directory, prefix=_ASIDE)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            Path(aside).replace(file)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _lock(self, key: str) -> Iterator[None]:
        try:
            stream = (self.directory / f"{key}.lock").open("a")
        except OSError as error:
            raise self._not_writable(error) from error
        with stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield

    def _not_writable(self, error: OSError) -> StoreError:
        return StoreError(
            f"cache folder `{self.directory}` cannot be written: {error.strerror}; set `WHORL_CACHE_DIR` to another"
        )


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
