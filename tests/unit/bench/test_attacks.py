"""What attacks are measured by: latencies from when a request was due, and their comparison."""

import json
import math
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from bench.attacks.attacker import HELD, attack
from bench.attacks.comparisons import Memory, Rounds, details, document, headings, line, rows
from bench.attacks.kinds import attacks
from bench.attacks.steady import Experience, Steady, experience
from bench.responses import Answer

MEMORY = Memory(100_000_000, 200_000_000, 150_000_000)
HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


def rounds(alone: list[Experience], attacked: list[Experience]) -> Rounds:
    calm = [{"neighbour": each} for each in alone]
    return Rounds("silent", calm, [{"neighbour": each} for each in attacked], 0.5, MEMORY, Counter({"200": 1, HELD: 2}))


@contextmanager
def serving(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve each connection in a thread of its own, and give the port."""
    threads = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                threads.append(threading.Thread(target=converse, args=listener.accept()))
                threads[-1].start()

    def converse(connection: socket.socket, _: object) -> None:
        with connection, suppress(OSError):
            serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept)
        accepting.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
    for thread in threads:
        thread.join()


def steady(rate: float, connections: int) -> Steady:
    return Steady("neighbour", b"GET / HTTP/1.1\r\n\r\n", Answer(200, b"hello"), rate, connections)


def test_all_rounds_count_together_and_the_ratio_is_that_of_the_99th_percentiles() -> None:
    alone = [Experience([0.001] * 99 + [0.002]), Experience([0.001] * 98 + [0.004] * 2)]
    attacked = [Experience([0.003] * 100, lags=[0.0001] * 100), Experience([0.005] * 50 + [0.01] * 50)]
    [row] = rows(rounds(alone, attacked))
    assert (row.p50_alone, row.p99_alone, row.p50, row.p99) == (1.0, 4.0, 5.0, 10.0)
    assert (row.ratio, row.lag, row.busy, row.is_marked) == (2.5, 0.1, 0.5, False)


@pytest.mark.parametrize(("attacked", "is_marked"), [(0.003, False), (0.0031, True)])
def test_more_than_three_times_as_long_is_marked(attacked: float, *, is_marked: bool) -> None:
    [row] = rows(rounds([Experience([0.001])], [Experience([attacked])]))
    assert row.is_marked is is_marked
    assert ("!" in line(row)) is is_marked


def test_errors_are_counted_alone_as_well_as_under_attack() -> None:
    calm = Experience([0.001], errors=Counter({"reset": 1}))
    [row] = rows(rounds([calm], [Experience(errors=Counter({"reset": 2, "closed": 1}))]))
    assert row.errors == {"reset": 3, "closed": 1}
    assert (row.p99, row.ratio, row.is_marked) == (math.inf, math.inf, True)
    assert details(row) == "silent: 2 held, 1 200; 3 x reset; 1 x closed"


def test_a_row_stands_under_its_headings_and_says_how_much_memory_there_was() -> None:
    [row] = rows(rounds([Experience([0.001])], [Experience([0.001])]))
    assert len(line(row)) == len(headings())
    assert line(row).endswith("100 200 150")


def test_the_json_has_every_row_with_its_memory() -> None:
    measured = rows(rounds([Experience([0.001])], [Experience([0.002])]))
    [written] = json.loads(json.dumps(document(measured)))["rows"]
    assert (written["attack"], written["asked"], written["ratio"]) == ("silent", "neighbour", 2.0)
    assert written["memory"] == {"before": 100_000_000, "most": 200_000_000, "after": 150_000_000}


def test_a_latency_counts_from_when_the_request_was_due() -> None:
    def stall_once(connection: socket.socket) -> None:
        time.sleep(0.3)
        while connection.recv(1000):
            connection.sendall(HELLO)

    with serving(stall_once) as port:
        met = experience(port, [steady(rate=100, connections=1)], 0.4)["neighbour"]
    assert len(met.latencies) == 40
    assert not met.errors
    assert sum(latency > 0.1 for latency in met.latencies) >= 15
    assert sorted(met.lags)[20] < 0.1


def test_wrong_answers_and_closed_connections_are_errors_and_others_take_their_place() -> None:
    answers = iter([HELLO, HELLO.replace(b"hello", b"hallo"), b"", HELLO, HELLO, HELLO])

    def answer(connection: socket.socket) -> None:
        while connection.recv(1000) and (data := next(answers, b"")):
            connection.sendall(data)

    with serving(answer) as port:
        met = experience(port, [steady(rate=60, connections=1)], 0.1)["neighbour"]
    assert len(met.latencies) == 4
    assert sorted(error.partition(":")[2][:12] for error in met.errors) == [" expected 20", " the server "]


def test_no_more_attackers_than_the_attack_has_are_there_at_once_and_all_of_them_go() -> None:
    here: set[socket.socket] = set()
    most = []

    def hold(connection: socket.socket) -> None:
        here.add(connection)
        most.append(len(here))
        while connection.recv(1000):
            pass
        here.discard(connection)

    [kind] = [each for each in attacks() if each.name == "slow-heads"]
    with serving(hold) as port:
        outcomes = attack("slow-heads", port, 1.0)
    assert set(outcomes) == {HELD}
    assert outcomes[HELD] - len(most) in (0, 1)  # the last may have come when nobody took it in any more
    assert 10 < max(most) <= kind.at_once
    assert not here


def test_attacks_are_bounded_and_their_names_differ() -> None:
    every = attacks()
    assert len({kind.name for kind in every}) == len(every)
    assert all(0 < kind.at_once <= 1000 and 0 < kind.rate <= 500 for kind in every)
