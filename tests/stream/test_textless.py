import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.records import Lifecycle, Release, Request, Verdict
from stream import codec
from stream.decoded import MOST_NAMES, DeadLetter
from stream.textless import without_text

SECRET = "the moon is made of cheese"
FULL = {
    "id": "r-1", "ts": "2026-01-01T00:00:00Z", "account": "a", "model": "m", "status": 700,
    "ip": "203.0.113.7", "input_tokens": -1, "stream": None,
}  # fmt: skip
NAMES = [name for kind in (Request, Lifecycle, Release, Verdict) for name in kind.__struct_fields__]


def left(**fields: object) -> dict[str, object]:
    kept = json.loads(without_text(json.dumps(fields).encode()))
    assert isinstance(kept, dict)
    return kept


def test_what_a_sender_needs_to_find_the_fault_stays() -> None:
    assert left(**FULL) == FULL


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", SECRET),
        ("prompt", [SECRET]),
        ("system_prompt", {"text": SECRET}),
        ("messages", [{"role": "user", "content": SECRET}]),
        ("completion", SECRET),
        ("note", SECRET),
        ("reason", SECRET),
        ("account", {"prompt": SECRET}),
        ("model", SECRET * 10),
        ("tools", [SECRET]),
        ("phone", 5_551_234),
    ],
)
def test_text_goes_wherever_it_stands_and_its_size_is_said(field: str, value: object) -> None:
    kept = left(**{**FULL, field: value})
    assert kept.pop(field) == f"({len(json.dumps(value))} bytes removed)"
    assert kept == {name: FULL[name] for name in FULL if name != field}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b'{"id": "r", "prompt": "', b'{"id": "r",'),
        (b' {"id":"r","ts":1e9,"messages":[{"text":"', b' {"id":"r","ts":1e9,'),
        (rb'{"id":"r","account":"\"", "prompt": "', b'{"id":"r",'),
        (b'{"id":"r","account":"', b'{"id":"r",'),
        (b'{"question": "', b""),
        (b'[{"id": "r", "prompt": "', b""),
        (b"\x82\xa2id\xa1r\xa6prompt\xba", b""),
        (b"", b""),
    ],
)
def test_of_what_is_no_object_only_what_stands_before_any_text_stays(
    value: bytes, shown: bytes
) -> None:
    hidden = len(value) + len(SECRET) - len(shown)
    assert without_text(value + SECRET.encode()) == shown + b"(%d bytes removed)" % hidden


def test_of_few_fields_that_no_contract_names_the_name_is_shown() -> None:
    kept = left(**FULL, **{f"n{number}": number for number in range(1_000)})
    assert len(kept) == len(FULL) + MOST_NAMES


@pytest.mark.parametrize(
    "value",
    [
        json.dumps(dict.fromkeys(NAMES, "é" * 42) | {"\0" * n: n for n in range(99)}).encode(),
        b'{"id":1,' + b'"id":1,' * 100_000,
        b'{"id":1' + b" " * 1_000_000,
        b"\xff" * 1_000_000,
    ],
)
def test_a_dead_letter_on_its_topic_is_small(value: bytes) -> None:
    letter = DeadLetter(
        reason="contract", detail="", source="s" * 249, partition=0, offset=0, original=value
    )
    assert len(codec.encode_dead_letter(letter)) < 20_000


@given(
    st.binary(max_size=80)
    | st.dictionaries(
        st.sampled_from(NAMES) | st.text('a"\0\ud800é', max_size=4),
        st.integers() | st.floats() | st.text('a"\0\ud800é', max_size=4) | st.lists(st.text()),
    ).map(lambda fields: json.dumps(fields).encode())
)
def test_any_bytes_can_be_written(value: bytes) -> None:
    without_text(value)
