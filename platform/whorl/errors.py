"""The errors that an operator sees, as a tree.

    WhorlError                   what went wrong, where, and the cure: one message, exit code 1
    ├── ManifestError            the manifest cannot be used
    ├── ComponentError           a component cannot be loaded, composed, compiled or linked
    ├── EngineError              the process may not use what an engine needs, or less than the manifest asks for
    ├── ToolError                the bundled component tools refused their input
    ├── StoreError               a database or a file of ours cannot be used
    └── ListenError              the address cannot be listened on

A guest never sees these: it gets error values of its WIT. A guest that breaks gives a `Trap` (engine/traps.py).
"""


class WhorlError(Exception):
    """Base of every error whose message is written for the operator."""


class ManifestError(WhorlError):
    """The manifest cannot be used; the message names the file, the key and the cure."""


class ComponentError(WhorlError):
    """A component cannot be loaded, composed, compiled or linked."""


class EngineError(WhorlError):
    """The process may not use what an engine needs, or less than the manifest asks for."""


class ToolError(WhorlError):
    """The bundled component tools refused their input."""


class StoreError(WhorlError):
    """A database or a file of ours cannot be used."""


class ListenError(WhorlError):
    """The address cannot be listened on."""
