import contextlib
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.errors import InvalidEventError
from detectors.core.records import EARLIEST, LATEST, Request, event_time

decoder = msgspec.json.Decoder(Request)


def decoded(**fields: object) -> Request:
    record = {"id": "r", "ts": EARLIEST, "account": "ann", "model": "opus", **fields}
    return decoder.decode(msgspec.json.encode(record))


@given(st.floats(EARLIEST, LATEST, exclude_max=True))
def test_a_plausible_number_is_a_time(ts: float) -> None:
    assert event_time(ts) == ts


@pytest.mark.parametrize("ts", [0, -1.0, EARLIEST - 1, LATEST, 1.7e12, math.inf, math.nan])
def test_a_number_that_no_request_can_have_is_refused(ts: float) -> None:
    with pytest.raises(InvalidEventError) as error:
        event_time(ts)
    assert error.value.reason == "bad_time"


def test_milliseconds_are_told_that_seconds_are_expected() -> None:
    with pytest.raises(InvalidEventError, match="seconds are expected"):
        event_time(LATEST)


@pytest.mark.parametrize(
    "ts",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01t00:00:00z",
        "2026-01-01T01:30:00+01:30",
        "2025-12-31T23:00:00.000-01:00",
        "2026-01-01 00:00:00.000000000+00:00",
    ],
)
def test_rfc_3339_is_a_time(ts: str) -> None:
    assert event_time(ts) == 1_767_225_600.0


@pytest.mark.parametrize(
    "ts", ["2026-01-01T00:00:00", "yesterday", "", "0001-01-01T00:00:00+23:59"]
)
def test_other_text_is_refused(ts: str) -> None:
    with pytest.raises(InvalidEventError):
        event_time(ts)


@given(st.text() | st.floats() | st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.{0,7}"))
def test_whatever_stands_as_time_is_a_time_or_refused(ts: str | float) -> None:
    with contextlib.suppress(InvalidEventError):
        assert EARLIEST <= event_time(ts) < LATEST


def test_unknown_fields_are_ignored() -> None:
    assert decoded(colour="red").account == "ann"


@pytest.mark.parametrize(
    "fields",
    [
        {"id": ""},
        {"account": "a" * 257},
        {"model": None},
        {"ts": True},
        {"status": 99},
        {"input_tokens": -1},
        {"input_tokens": 1.5},
        {"country": "DEU"},
        {"tools": ["t"] * 513},
        {"prompt_sketch": "abc"},
        {"prompt_sketch": "g" * 16},
        {"prompt_sketch": "0" * 31 + "\n"},
        {"kind": "lifecycle"},
    ],
)
def test_a_record_that_breaks_the_contract_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded(**fields)
