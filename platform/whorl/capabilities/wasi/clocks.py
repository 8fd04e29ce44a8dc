"""The clocks behind `wasi:clocks`: `whorl:host/clocks@0.1.0`."""

from time import monotonic_ns, time_ns

from whorl.engine.host_interfaces import HostFunction, HostInterface, ValueType


def clocks() -> HostInterface:
    """Return the interface; every component has it. Times are nanoseconds."""
    return HostInterface(
        "whorl:host/clocks@0.1.0",
        (
            HostFunction("monotonic-now", (), ValueType.U64, _monotonic_now),
            HostFunction("wall-now", (), ValueType.U64, _wall_now),
        ),
    )


def _monotonic_now(_instance: object) -> int:
    return monotonic_ns()


def _wall_now(_instance: object) -> int:
    return time_ns()
