"""Where the output of guests goes: a file for each component and stream, and the operator's terminal.

Files are written at once, by plain appends (`log_files.py`). The terminal may be slow or stopped (`terminals.py`).
"""

import re
from pathlib import Path

from whorl.capabilities.wasi.cli import Stream
from whorl.capabilities.wasi.log_files import LogFile, LogFiles
from whorl.capabilities.wasi.terminals import Terminal


class GuestLogs:
    """Appends what guests write to `<directory>/<component>_stdout.txt` and `_stderr.txt`; must be closed.

    Args:
        directory: made with its parents when the first line comes; `None`: no files.
        echo: gets everything as well, and is not closed; `None`: nothing does.
        settings: how much is kept in files.
    """

    def __init__(self, directory: Path | None, echo: Terminal | None = None, settings: LogFiles | None = None) -> None:
        self._directory = directory
        self._settings = settings or LogFiles()
        self._files: dict[tuple[str, Stream], LogFile] = {}
        self._echo = echo

    def write(self, component: str, stream: Stream, data: bytes) -> None:
        """Append `data`; what a file cannot take is reported and dropped."""
        if self._directory is not None:
            file = self._files.get((component, stream)) or self._add(self._directory, component, stream)
            file.write(data)
        if self._echo is not None:
            self._echo.write(data)

    def close(self) -> None:
        """Close the files."""
        files, self._files = self._files, {}
        for file in files.values():
            file.close()

    def _add(self, directory: Path, component: str, stream: Stream) -> LogFile:
        file = LogFile(directory / f"{file_stem(component)}_{stream}.txt", self._settings)
        self._files[component, stream] = file
        return file


def file_stem(component: str) -> str:
    """Return a component's id with whatever does not belong into a file name replaced by `_`."""
    return re.sub(r"[^A-Za-z0-9_.-]", "_", component).lstrip(".") or "_"
