"""The WASI adapter between a lowered guest of WASI 0.3 and the host: what crosses for what the guest does."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from scripted_host import Script, ScriptedHost
from scripted_lab import ScriptedLab, scripted_lab

from whorl.engine.cache import CompiledCache
from whorl.engine.components import LinkedComponent
from whorl.engine.compositions import ComponentSource, Composition
from whorl.engine.engines import Engine
from whorl.engine.loading import ComponentLoader
from whorl.engine.memories import Memories
from whorl.guest import artefact_path

pytestmark = pytest.mark.anyio

LAB = Path(__file__).parents[1] / "guests/lab_async.wasm"
HEAD = ["respond-head", "respond-chunk"]


@pytest.fixture(scope="module")
def host() -> ScriptedHost:
    return ScriptedHost()


@pytest.fixture(scope="module")
def linked(host: ScriptedHost) -> Iterator[LinkedComponent]:
    composition = Composition(
        (ComponentSource("lab", LAB),),
        (ComponentSource("wasi", artefact_path("wasi")),),
        ComponentSource("driver", artefact_path("driver-http")),
    )
    with Engine() as engine:
        engine.memories = Memories(None)
        component = ComponentLoader(engine, CompiledCache(None)).load("lab", composition).code
        linked = LinkedComponent(engine, "lab", component, list(host.interfaces()))
        yield linked
        linked.close()


@pytest.fixture
async def lab(linked: LinkedComponent, host: ScriptedHost) -> AsyncIterator[ScriptedLab]:
    async with scripted_lab(linked, host) as lab:
        yield lab


@pytest.mark.parametrize("target", ["/hello", "/nothere", "/long?4000", "/fields", "/yield?20"])
async def test_what_is_answered_before_anything_waits_takes_two_calls(lab: ScriptedLab, target: str) -> None:
    for _ in range(3):
        assert await lab.serve(target) == ["request", "respond"]


async def test_a_body_that_came_whole_goes_back_whole(lab: ScriptedLab) -> None:
    for target in ("/pass", "/echo", "/whole"):
        assert await lab.serve(target, Script(start=b"abc")) == ["request", "respond"]
        assert lab.body() == "abc"


@pytest.mark.parametrize("target", ["/pass", "/echo"])
async def test_a_body_goes_back_as_it_comes(lab: ScriptedLab, target: str) -> None:
    script = Script(start=b"abc", body=[b"p", b"rdef", b"e"])
    expected = ["request", "body-read", *HEAD, "body-read", "body-read", "respond-chunk", "respond-end"]
    assert await lab.serve(target, script) == expected
    assert lab.host.arguments("respond-chunk") == [b"rabc", b"rdef"]


async def test_a_body_that_is_broken_off_breaks_off_the_response_that_it_was_passed_to(lab: ScriptedLab) -> None:
    script = Script(start=b"abc", body=[b"rdef", b"xconnection-terminated"])
    assert await lab.serve("/pass", script) == ["request", "body-read", "body-read", "respond-fail"]
    assert lab.host.arguments("respond-fail") == [b"connection-terminated"]


async def test_trailers_tell_how_a_body_ended(lab: ScriptedLab) -> None:
    await lab.serve("/count", Script(start=b"abc", body=[b"xconnection-terminated"]))
    assert lab.body() == "3 ErrorCode::ConnectionTerminated"


async def test_a_timer_takes_the_clock_once_and_one_wait(lab: ScriptedLab) -> None:
    assert await lab.serve("/sleep?5") == ["request", "monotonic-now", "monotonic-now", "respond"]


async def test_a_guest_works_on_after_its_response(lab: ScriptedLab) -> None:
    assert await lab.serve("/after?5") == ["request", "monotonic-now", "respond", "log"]


async def test_transmission_is_over_when_the_response_has_been_handed_over(lab: ScriptedLab) -> None:
    assert await lab.serve("/sent?5") == ["request", "respond", "log"]
    assert lab.host.arguments("log") == [b"rleft 0, sent Ok(())\n"]


@pytest.mark.parametrize(("target", "size"), [("/short", b"5"), ("/long-length", b"16")])
async def test_a_body_of_another_length_than_promised_is_broken_off(lab: ScriptedLab, target: str, size: bytes) -> None:
    assert await lab.serve(target) == ["request", "respond-fail"]
    assert lab.host.arguments("respond-fail") == [b"HTTP-response-body-size\n" + size]


async def test_an_error_code_takes_the_place_of_a_response(lab: ScriptedLab) -> None:
    assert await lab.serve("/fail") == ["request", "respond-fail"]


async def test_trailers_follow_the_body(lab: ScriptedLab) -> None:
    assert await lab.serve("/trailers") == ["request", *HEAD, "respond-end"]
    assert lab.host.arguments("respond-end") == [b"x-end\n1\r"]


async def test_a_client_that_is_behind_loses_nothing(lab: ScriptedLab) -> None:
    await lab.serve("/long?300000", Script(welcome=[False, False]))
    assert sum(len(chunk) - 1 for chunk in lab.host.arguments("respond-chunk")) == 300_000


async def test_a_request_without_a_body_starts_at_once(lab: ScriptedLab) -> None:
    script = Script(responses=[b"p", b"o200\r"], reads=[b"p", b"rhi", b"e"])
    calls = ["start", "response", "response", "read", "read", "read", "close"]
    assert await lab.serve("/send?http://a/b", script) == ["request", *calls, "respond"]
    assert lab.body() == "200 hi"


async def test_a_request_and_its_response_are_relayed_as_they_come(lab: ScriptedLab) -> None:
    script = Script(
        method=b"POST",
        start=b"abc",
        body=[b"p", b"rdef", b"e"],
        responses=[b"o200\r"],
        reads=[b"rhi", b"p", b"rho", b"e"],
    )
    calls = await lab.serve("/relay?http://a/b", script)
    assert calls.index("start") < calls.index("finish") < calls.index("respond-head")
    assert lab.host.arguments("write") == [b"rdef"]
    assert lab.host.arguments("respond-chunk") == [b"rhi", b"rho"]


async def test_a_request_that_fails_is_an_error_code(lab: ScriptedLab) -> None:
    script = Script(method=b"POST", start=b"abc", responses=[b"xconnection-refused"])
    await lab.serve("/relay?http://a/b", script)
    assert lab.host.arguments("respond-fail") == [b"connection-refused"]


async def test_requests_are_sent_at_the_same_time(lab: ScriptedLab) -> None:
    script = Script(responses=[b"o200\r"] * 4, reads=[b"rhi", b"e"] * 4)
    calls = await lab.serve("/several?http://a/b", script)
    assert calls[1:9] == ["start"] * 4 + ["response"] * 4
    assert lab.body() == "200 hi\n" * 4
