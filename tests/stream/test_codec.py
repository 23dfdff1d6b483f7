import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.core.batch import batch_of
from detectors.core.errors import InvalidEventError
from detectors.core.records import DEAD_LETTER_REASONS, Delta, Request
from stream import codec
from stream.decoded import Collector, Decoded, unknown_fields

GOOD = b'{"id":"r1","ts":1767225600.5,"account":"a","model":"m"}'
LIFECYCLE = b'{"kind":"lifecycle","ts":1767225600,"account":"a","event":"created"}'
RELEASE = b'{"kind":"release","ts":"2026-01-01T00:00:00Z","model":"m"}'
SECRET = "attack at dawn"


def requests(*values: bytes | None, **limits: float) -> Decoded:
    return codec.decode_requests(list(values), range(len(values)), source="t", **limits)  # type: ignore[arg-type]


def lines(block: bytes, *, max_bytes: int = 1_000_000) -> Decoded:
    collector = Collector(source="file", max_bytes=max_bytes)
    codec.decode_lines(block, collector, first=1)
    return collector.done()


def with_field(name: str, value: str) -> bytes:
    return GOOD[:-1] + f',"{name}":{value}}}'.encode()


def dead(decoded: Decoded) -> list[tuple[int, str]]:
    return [(letter.offset, letter.reason) for letter in decoded.dead_letters]


def test_a_good_request_comes_with_its_time_and_offset() -> None:
    decoded = codec.decode_requests([GOOD], [41], source="t")
    assert decoded.requests[0].id == "r1"
    assert decoded.times.tolist() == [1767225600.5]
    assert decoded.offsets.tolist() == [41]
    assert decoded.dead_letters == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "null_value"),
        (b"", "not_json"),
        (b" ", "not_json"),
        (b"not json", "not_json"),
        (GOOD[:-1], "not_json"),
        (GOOD + GOOD, "not_json"),
        (GOOD + b"\n" + GOOD, "not_json"),
        (b"\xef\xbb\xbf" + GOOD, "not_json"),
        (b'{"id":"\xff"}', "not_json"),
        (b'{"id":5,', "not_json"),
        (with_field("ip", '"\\ud800"'), "not_json"),
        (with_field("latency_ms", "NaN"), "not_json"),
        (with_field("latency_ms", "Infinity"), "not_json"),
        (with_field("unknown", "[" * 100_000), "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[]", "contract"),
        (b"null", "contract"),
        (b"5", "contract"),
        (b"{}", "contract"),
        (with_field("status", "600"), "contract"),
        (with_field("input_tokens", "-1"), "contract"),
        (with_field("input_tokens", "1.5"), "contract"),
        (with_field("latency_ms", "1e400"), "contract"),
        (with_field("ts", "true"), "contract"),
        (with_field("ts", "5"), "bad_time"),
        (with_field("ts", "1767225600000"), "bad_time"),
        (with_field("ts", '"yesterday"'), "bad_time"),
        (with_field("ts", '"2026-01-01T00:00:00"'), "bad_time"),
        (LIFECYCLE, "contract"),
        (RELEASE, "contract"),
        (with_field("kind", '"gift"'), "contract"),
    ],
)
def test_what_breaks_the_contract_is_a_dead_letter_and_its_neighbours_are_not(
    value: bytes | None, reason: str
) -> None:
    decoded = requests(GOOD, value, GOOD)
    assert dead(decoded) == [(1, reason)]
    assert decoded.offsets.tolist() == [0, 2]
    assert decoded.dead_letters[0].original == value


def test_a_time_ahead_of_the_clock_is_from_the_future() -> None:
    assert dead(requests(GOOD, not_after=1767225600.0)) == [(0, "future")]
    assert dead(requests(GOOD, not_after=1767225600.5)) == []


def test_of_a_record_too_large_only_the_beginning_is_looked_at() -> None:
    decoded = requests(GOOD, with_field("prompt", f'"{"x" * 100}"'), max_bytes=len(GOOD))
    assert dead(decoded) == [(1, "too_large")]
    assert decoded.dead_letters[0].original == with_field("prompt", f'"{"x" * 100}"')[: len(GOOD)]


def test_a_time_in_words_is_the_same_as_in_seconds() -> None:
    decoded = requests(with_field("ts", '"2026-01-01T01:00:00.5+01:00"'), GOOD)
    assert decoded.times.tolist() == [1767225600.5, 1767225600.5]


@pytest.mark.parametrize("digits", [19, 25, 400, 5_000])
def test_an_integer_of_any_length_stops_neither_codec_nor_batch(digits: int) -> None:
    decoded = requests(with_field("input_tokens", "9" * digits), GOOD)
    batch = batch_of(decoded.requests, decoded.times.tolist(), decoded.offsets.tolist(), seed=0)
    assert len(batch) + len(decoded.dead_letters) == 2


@pytest.mark.parametrize(
    "value",
    [
        with_field("kind", f'"{SECRET}"'),
        with_field("kind", f'"{SECRET}` - at `$.x`"'),
        with_field("prompt_sketch", f'"{SECRET}"'),
        with_field("operation", f'"{SECRET * 9}"'),
        with_field("prompt", f'["{SECRET}"]'),
        with_field("prompt", f'"{SECRET}'),
        with_field("ts", f'"{SECRET}"'),
        with_field(SECRET, "nothing"),
        with_field("tools", f'{{"{SECRET}":1}}'),
        f'"{SECRET}"'.encode(),
        SECRET.encode(),
    ],
)
def test_the_detail_repeats_nothing_of_the_record(value: bytes) -> None:
    for decoded in (requests(value), lines(value)):
        assert len(decoded.dead_letters) == 1
        assert "attack" not in decoded.dead_letters[0].detail


def test_the_detail_names_the_field() -> None:
    detail = requests(with_field("status", '"x"')).dead_letters[0].detail
    assert detail == "Expected `int`, got `str` - at `$.status`"


def test_kinds_are_mixed_in_a_file() -> None:
    decoded = lines(b"\n".join([GOOD, LIFECYCLE, b"", RELEASE, with_field("kind", '"x"'), GOOD]))
    assert decoded.offsets.tolist() == [1, 6]
    assert [(event.event, at) for event, _, at in decoded.lifecycles] == [("created", 2)]
    assert [(release.model, at) for release, _, at in decoded.releases] == [("m", 4)]
    assert dead(decoded) == [(5, "contract")]
    assert decoded.records == 5


def test_a_value_over_two_lines_is_two_dead_letters_also_beside_two_on_one() -> None:
    whole = GOOD.replace(b",", b",\n", 1)
    assert dead(lines(whole + b"\n" + GOOD + GOOD + b"\n" + GOOD)) == [
        (1, "not_json"),
        (2, "not_json"),
        (3, "not_json"),
    ]


def test_lines_may_end_as_on_windows() -> None:
    assert lines(GOOD + b"\r\n" + GOOD + b"\r\n").offsets.tolist() == [1, 2]


def test_quiet_topics_hold_their_own_kind_only() -> None:
    for read, good in ((codec.lifecycle_of, LIFECYCLE), (codec.release_of, RELEASE)):
        decoded = codec.decode_each([good, GOOD, None], [5, 6, 7], read=read, source="t")
        assert len(decoded.lifecycles) + len(decoded.releases) == 1
        assert dead(decoded) == [(6, "contract"), (7, "null_value")]


def test_a_dead_letter_in_json_bears_the_original_without_its_text() -> None:
    letter = requests(b'{"id": 7, "prompt": "a secret"}').dead_letters[0]
    shown = json.loads(codec.encode_dead_letter(letter))
    assert base64.b64decode(shown["original"]) == b'{"id":7,"prompt":"(10 bytes removed)"}'
    assert shown["reason"] in DEAD_LETTER_REASONS
    assert (shown["source"], shown["partition"], shown["offset"]) == ("t", 0, 0)
    assert json.loads(codec.encode_dead_letter(requests(None).dead_letters[0]))["original"] is None


def test_what_is_no_deltas_is_refused() -> None:
    for value in (b"", b"\xc1", GOOD, codec.encode_deltas([])[0] + b"x"):
        with pytest.raises(InvalidEventError):
            codec.decode_deltas(value)


def test_deltas_come_back_as_they_went_and_in_order() -> None:
    deltas = [_delta(tick, links=150_000) for tick in range(7)]
    records = codec.encode_deltas(deltas)
    assert 1 < len(records) < 7
    assert [delta for record in records for delta in codec.decode_deltas(record)] == deltas


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text('aé"\n\0\ud800😀', max_size=9),
)
ODD_FIELDS = st.dictionaries(
    st.sampled_from([*Request.__struct_fields__, "x"]),
    SCALARS | st.lists(SCALARS, max_size=2),
    min_size=1,
    max_size=3,
)
SHAPES = st.one_of(
    st.sampled_from([GOOD, LIFECYCLE, RELEASE, b"", b"{}", b"{", b"}\n{", with_field("ts", "1")]),
    st.binary(max_size=60),
    ODD_FIELDS.map(lambda fields: GOOD[:-1] + b"," + json.dumps(fields).encode()[1:]),
)


@given(st.lists(SHAPES | st.none(), max_size=12))
def test_any_value_is_a_record_or_a_dead_letter_in_order(values: list[bytes | None]) -> None:
    decoded = requests(*values)
    offsets = [*decoded.offsets.tolist(), *(letter.offset for letter in decoded.dead_letters)]
    assert sorted(offsets) == list(range(len(values)))
    assert decoded.offsets.tolist() == sorted(decoded.offsets.tolist())
    assert [letter.offset for letter in decoded.dead_letters] == sorted(
        letter.offset for letter in decoded.dead_letters
    )
    assert len(decoded.requests) == len(decoded.times) == len(decoded.offsets)
    assert all(letter.reason in DEAD_LETTER_REASONS for letter in decoded.dead_letters)
    batch_of(decoded.requests, decoded.times.tolist(), decoded.offsets.tolist(), seed=0)
    for letter in decoded.dead_letters:
        json.loads(codec.encode_dead_letter(letter))


@given(st.lists(SHAPES, max_size=12))
def test_values_together_are_as_values_apart(values: list[bytes]) -> None:
    together = requests(*values)
    apart = [requests(value) for value in values]
    assert together.requests == [request for one in apart for request in one.requests]
    assert [(d.reason, d.detail, d.original) for d in together.dead_letters] == [
        (d.reason, d.detail, d.original) for one in apart for d in one.dead_letters
    ]


@given(st.lists(SHAPES, max_size=12), st.data())
def test_lines_together_are_as_lines_apart(values: list[bytes], data: st.DataObject) -> None:
    block = b"\n".join(values)
    cut = data.draw(st.sampled_from([0, *(i + 1 for i, c in enumerate(block) if c == 10)]))
    whole = lines(block)
    collector = Collector(source="file", max_bytes=1_000_000)
    number = codec.decode_lines(block[:cut], collector, first=1) if cut else 1
    codec.decode_lines(block[cut:], collector, first=number)
    parts = collector.done()
    assert parts.requests == whole.requests
    assert parts.lifecycles == whole.lifecycles
    assert parts.releases == whole.releases
    assert parts.dead_letters == whole.dead_letters
    assert np.array_equal(parts.offsets, whole.offsets)
    blank = sum(not line.strip() for line in block.split(b"\n"))
    assert whole.records + blank == block.count(b"\n") + 1


def _delta(tick: int, *, links: int) -> Delta:
    empty: dict[object, object] = {int: 0, float: 0.0, bytes: b"", list[str]: [], list[float]: []}
    values = {
        name: empty[Delta.__annotations__[name]]
        for name in Delta.__struct_fields__[: -len(Delta.__struct_defaults__)]
    }
    return Delta(**values | {"tick": tick, "link_model": b"\1" * links})  # type: ignore[arg-type]


def test_some_requests_are_looked_at_for_unknown_fields_the_same_ones_however_they_come() -> None:
    values = [
        b'{"id":"%d","ts":%r,"account":"a","model":"m","cost":1}' % (n, 1_767_225_600 + n / 8)
        for n in range(1200)
    ]
    together = requests(*values)
    apart = [codec.decode_requests([value], [n], source="") for n, value in enumerate(values)]
    collector = Collector(source="", sampling=True)
    codec.decode_lines(b"\n".join(values), collector, first=0)
    assert together.sampled == [sample for one in apart for sample in one.sampled]
    assert together.sampled == collector.done().sampled
    assert {tuple(names) for _, names in together.sampled} == {("cost",)}
    assert 10 < len(together.sampled) < 30


def test_the_names_of_unknown_fields_are_few_short_and_printable() -> None:
    fields = {f"field-{number}" + "x" * 100: 1 for number in range(20)}
    names = unknown_fields(json.dumps({"id": "r", "bad\n": 1} | fields).encode())
    assert len(names) == 8
    assert max(map(len, names)) == 64
