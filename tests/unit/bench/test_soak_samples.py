"""What the soak counts, and what it calls a leak."""

import os
import socket
from contextlib import ExitStack
from dataclasses import replace

import pytest
from bench.soak.descriptors import Descriptors, descriptors, resident_memory
from bench.soak.observed import Inside
from bench.soak.samples import MEMORY_MARGIN, Sample, growth, headings, is_quiet, pace, row

INSIDE = Inside(tasks={"serve": 1}, in_use={"lab": 0}, ready={"lab": 1}, instances=1, outgoing=0)
START = Sample(0.0, "start", 100 << 20, Descriptors(0, 0, 20), INSIDE)


def listening(stack: ExitStack) -> tuple[socket.socket, int]:
    listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
    return listener, listener.getsockname()[1]


def test_sockets_are_told_apart_by_their_ports() -> None:
    with ExitStack() as stack:
        (server, port), (upstream, upstream_port) = listening(stack), listening(stack)
        before = descriptors(os.getpid(), port, upstream_port)
        assert before.incoming == before.upstream == 0
        for _ in range(3):
            stack.enter_context(socket.create_connection(("127.0.0.1", upstream_port)))
        client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        served, _ = server.accept()
        stack.enter_context(served)
        after = descriptors(os.getpid(), port, upstream_port)
        assert after == Descriptors(incoming=1, upstream=3, other=before.other + 1)
        client.close()
        assert descriptors(os.getpid(), port, upstream_port).incoming == 1
        assert upstream.fileno() > 0


def test_resident_memory_is_in_bytes() -> None:
    assert 10 << 20 < resident_memory(os.getpid()) < 10 << 30


def test_what_stays_the_same_or_shrinks_has_not_grown() -> None:
    start = replace(START, descriptors=Descriptors(1, 2, 20))
    assert growth(start, START) == growth(START, START) == []
    assert growth(START, replace(START, memory=START.memory + MEMORY_MARGIN)) == []


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (replace(START, descriptors=Descriptors(1, 0, 20)), "incoming descriptors: 0 -> 1"),
        (replace(START, descriptors=Descriptors(0, 3, 20)), "upstream descriptors: 0 -> 3"),
        (replace(START, descriptors=Descriptors(0, 0, 21)), "other descriptors: 20 -> 21"),
        (replace(START, inside=replace(INSIDE, tasks={"serve": 1, "pump": 2})), "tasks, `pump`: 0 -> 2"),
        (replace(START, inside=replace(INSIDE, in_use={"lab": 1})), "instances in use, `lab`: 0 -> 1"),
        (replace(START, inside=replace(INSIDE, instances=2)), "instances: 1 -> 2"),
        (replace(START, inside=replace(INSIDE, outgoing=1)), "outgoing: 0 -> 1"),
        (replace(START, memory=START.memory + MEMORY_MARGIN + 1), "resident memory: 104.9 -> 130.0 MB"),
    ],
)
def test_whatever_there_is_more_of_has_grown(end: Sample, line: str) -> None:
    assert growth(START, end) == [line]


def test_a_server_is_quiet_without_connections_and_instances_in_use() -> None:
    assert is_quiet(START)
    assert not is_quiet(replace(START, descriptors=Descriptors(1, 0, 20)))
    assert not is_quiet(replace(START, descriptors=Descriptors(0, 1, 20)))
    assert not is_quiet(replace(START, inside=replace(INSIDE, in_use={"lab": 1})))


def test_the_pace_is_requests_per_second_and_the_latency_in_milliseconds() -> None:
    assert pace([0.001] * 99 + [0.5], 2.0) == (50.0, 500.0)
    assert pace([], 2.0) == (0.0, 0.0)


def test_samples_stand_under_their_headings() -> None:
    assert len(row(START)) == len(headings())
