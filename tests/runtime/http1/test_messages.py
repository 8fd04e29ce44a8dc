"""What becomes of each message of the table, however its bytes are spread over packets."""

import pytest
from http1_cases.cases import Case
from http1_cases.chunks import CHUNKS
from http1_cases.fields import FIELDS
from http1_cases.framing import FRAMING
from http1_cases.request_lines import REQUEST_LINES
from http1_cases.targets import TARGETS
from http_door import Door, check
from raw_http import Delivery, request

pytestmark = pytest.mark.anyio

every_delivery = pytest.mark.parametrize("delivery", Delivery, ids=lambda delivery: delivery.value)


@every_delivery
@pytest.mark.parametrize("case", REQUEST_LINES, ids=str)
async def test_a_request_line_is_read_strictly(door: Door, case: Case, delivery: Delivery) -> None:
    await check(door, case, delivery)


@every_delivery
@pytest.mark.parametrize("case", FIELDS, ids=str)
async def test_fields_are_read_strictly(door: Door, case: Case, delivery: Delivery) -> None:
    await check(door, case, delivery)


@every_delivery
@pytest.mark.parametrize("case", FRAMING, ids=str)
async def test_a_body_has_one_length_or_the_message_is_refused(door: Door, case: Case, delivery: Delivery) -> None:
    await check(door, case, delivery)


@every_delivery
@pytest.mark.parametrize("case", CHUNKS, ids=str)
async def test_chunks_are_read_strictly(door: Door, case: Case, delivery: Delivery) -> None:
    await check(door, case, delivery)


@every_delivery
@pytest.mark.parametrize("case", TARGETS, ids=str)
async def test_a_request_is_for_one_host_and_one_target(door: Door, case: Case, delivery: Delivery) -> None:
    await check(door, case, delivery)


@pytest.mark.parametrize(
    "target",
    [b"//", b"//head", b"/a//b", b"/%00", b"/%2e%2e/%2E%2e/head", b"/../head", b"/a/./b", b"/%zz", b"/%", b"/a;b=c"],
)
async def test_a_path_reaches_the_guest_as_it_was_sent(door: Door, target: bytes) -> None:
    response = await door.ask(request(target))
    assert response.status == 404
    assert door.targets == [target]


def test_no_two_rows_of_the_table_have_the_same_name() -> None:
    names = [case.name for case in [*REQUEST_LINES, *FIELDS, *FRAMING, *CHUNKS, *TARGETS]]
    assert len(set(names)) == len(names)
