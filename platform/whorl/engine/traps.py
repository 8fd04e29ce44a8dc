"""How a guest ends when it does not end well: one exception for every trap, with what a log line needs to say."""


class Trap(Exception):  # noqa: N818 - the component model's own word
    """The guest trapped, or did what the host answers with a trap. Its instance is never used again.

    Attributes:
        backtrace: where in the guest it happened, several lines; empty when it is not known.
    """

    def __init__(self, reason: str, backtrace: str = "") -> None:
        super().__init__(reason)
        self.backtrace = backtrace


class GuestExit(Trap):
    """The guest called `wasi:cli/exit`; `code` is what it exited with."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the guest exited with code {code}")
        self.code = code


class LimitExceeded(Trap):
    """The guest ran into a limit of time; `limit` names the manifest's key, `value` is in seconds."""

    def __init__(self, limit: str, value: float) -> None:
        super().__init__(f"the guest exceeded its limit `{limit}` of {value:g} s")
        self.limit = limit
        self.value = value


def words_of(raised: BaseException) -> str:
    """Return what an exception says, or what it is when it says nothing."""
    try:
        return str(raised) or type(raised).__name__
    except Exception:  # noqa: BLE001 - whatever keeps it from speaking
        return type(raised).__name__
