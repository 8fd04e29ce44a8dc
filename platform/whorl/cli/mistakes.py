"""What a user or the system did wrong, as one sentence that names the place and the cure.

Modules raise a `WhorlError` where they know what a failure means. This is for what no module can know: any file, folder
or name may be unreadable, gone, too long, or not UTF-8.
"""

import errno
import os

from whorl.errors import WhorlError

_CURES = {
    errno.EACCES: "give this user the right to, or name another",
    errno.EPERM: "give this user the right to, or name another",
    errno.ENOENT: "make it, or name another",
    errno.ENOTDIR: "name a folder",
    errno.EISDIR: "name a file",
    errno.ENAMETOOLONG: "use a shorter one",
    errno.ELOOP: "a symbolic link leads back to itself; correct it",
    errno.ENOSPC: "the disk is full; make room",
    errno.EDQUOT: "the quota is used up; make room",
    errno.EROFS: "the file system is read-only; name another place",
    errno.EMFILE: "raise the number of files that a process may open (`ulimit -n`)",
    errno.ENFILE: "the system has too many files open",
    errno.ENOMEM: "there is too little memory",
}


def explain(error: Exception) -> str | None:
    """Return what the operator is told of an error; None for one that is a mistake of whorl itself."""
    if isinstance(error, WhorlError):
        return str(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _of_system(error)
    if isinstance(error, UnicodeError):
        return _of_name(error)
    return None


def _of_system(error: OSError) -> str:
    reason = error.strerror or str(error)
    cure = _CURES.get(error.errno or 0)
    if error.filename is None:
        if error.errno == errno.ENOENT and not _has_working_folder():
            return "the working folder has been removed; change to another"
        return f"{reason}; {cure}" if cure else reason
    name = os.fsdecode(error.filename) if isinstance(error.filename, bytes | str) else error.filename
    return f"`{name}`: {reason}; {cure}" if cure else f"`{name}`: {reason}"


def _has_working_folder() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - its failure is what is asked for
    except OSError:
        return False
    return True


def _of_name(error: UnicodeError) -> str | None:
    if isinstance(error, UnicodeEncodeError) and error.encoding.replace("-", "") == "utf8":
        return f"`{error.object}` is not UTF-8; use a path of UTF-8 characters"
    return None
