"""How a component's instances are kept and limited: the table `[component.x.tool.whorl]`, which Spin ignores."""

from dataclasses import dataclass

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class ComponentSettings:
    """The settings of one component, per process. Times in seconds, sizes in bytes.

    Spin limits none of this. The defaults are wide enough that an app which runs under Spin runs here,
    and narrow enough that one component cannot take the machine down.

    Attributes:
        warm: instances that are made ahead of a request. One takes instantiation off the lone request, and the next
            is made as soon as nothing waits; more helps only when requests come in bursts.
        max_instances: instances that serve at once. As many guests may wait for their upstreams; a guest that does
            not wait keeps the core busy by itself.
        queue: requests that may wait for an instance beyond that; the next one is told to come back (503).
        reuse: requests that one instance serves. 1 is the isolation that Spin promises: none sees another's bytes.
        idle: how long a reused instance may stand unused before it is dropped.
        memory: what a linear memory of an instance can grow to; beyond it the guest's allocation fails. An instance
            whose memory has grown beyond half of it is not reused.
        timeout: wall clock per request, from the first to the last byte (504 when nothing has been sent by then).
        cpu: processor time per request; a guest that computes for longer is stopped.
    """

    warm: int = 1
    max_instances: int = 256
    queue: int = 1024
    reuse: int = 1
    idle: float = 60.0
    memory: int = _GIB
    timeout: float = 300.0
    cpu: float = 30.0
