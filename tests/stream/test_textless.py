import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.records import Request
from stream.textless import BEGINNING, STRANGERS, without_text

SECRET = "the moon is made of cheese"
FULL = {
    "id": "r-1", "ts": "2026-01-01T00:00:00Z", "account": "a", "model": "m", "status": 700,
    "ip": "203.0.113.7", "tools": ["search", "book"], "prefix_hashes": ["ab", "cd"],
    "input_tokens": -1, "stream": None,
}  # fmt: skip


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
        ("model", SECRET * 100),
        ("tools", [{"description": SECRET}]),
        ("tools", [SECRET * 10]),
        (SECRET * 10, 1),
    ],
)
def test_text_goes_wherever_it_stands(field: str, value: object) -> None:
    kept = left(**{**FULL, field: value})
    assert SECRET not in json.dumps(kept)
    assert kept["id"] == "r-1"
    if len(field) < 128:
        assert str(kept[field]).endswith(" bytes removed)")


@pytest.mark.parametrize(
    "value",
    [
        b'{"id": "r", "prompt": "' + SECRET.encode(),
        b'{"id": "r", "Messages": [{"role": "' + SECRET.encode(),
        b'[{"id": "r", "system_prompt": "' + SECRET.encode() + b'"}]',
        b"\x82\xa2id\xa1r\xa6prompt\xba" + SECRET.encode(),
    ],
)
def test_what_is_no_object_is_cut_where_text_is_named(value: bytes) -> None:
    kept = without_text(value)
    assert SECRET.encode() not in kept
    assert value.startswith(kept)
    assert b"id" in kept


def test_what_cannot_be_read_keeps_its_first_bytes() -> None:
    assert without_text(b"garbage") == b"garbage"
    assert without_text(b"x" * 5_000) == b"x" * BEGINNING


def test_few_fields_that_no_contract_names_are_shown() -> None:
    kept = left(**FULL, **{f"n{number}": number for number in range(1_000)})
    assert len(kept) == len(FULL) + STRANGERS


@given(
    st.binary(max_size=80)
    | st.dictionaries(
        st.sampled_from(Request.__struct_fields__) | st.text('a"\0\ud800é', max_size=4),
        st.integers() | st.floats() | st.text('a"\0\ud800é', max_size=4) | st.lists(st.text()),
    ).map(lambda fields: json.dumps(fields).encode())
)
def test_any_bytes_can_be_written(value: bytes) -> None:
    assert len(without_text(value)) <= 200_000
