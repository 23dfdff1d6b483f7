import gzip
from pathlib import Path

import pytest

from stream.formats import mooncake

LINE = b'{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}'


def test_a_line_is_a_request_with_the_hashes_of_its_prefixes() -> None:
    (decoded,) = mooncake.read([LINE + b"\n"], name="conversation_trace.jsonl.gz")
    (request,) = decoded.requests
    assert (request.id, request.account) == ("conversation_trace-1", "conversation_trace")
    assert (request.input_tokens, request.output_tokens) == (6955, 52)
    assert request.prefix_hashes == ["46", "47"]
    assert decoded.times.tolist() == [mooncake.START + 27.482]


def test_of_many_prefixes_the_first_are_kept() -> None:
    line = LINE.replace(b"46, 47", b",".join(b"%d" % number for number in range(100)))
    (decoded,) = mooncake.read([line], name="trace.jsonl")
    assert decoded.requests[0].prefix_hashes == [str(number) for number in range(64)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not_json"),
        (b'{"timestamp": 1}', "contract"),
        (LINE.replace(b"27482", b"-1"), "contract"),
        (LINE.replace(b"27482", b"1e300"), "bad_time"),
        (LINE.replace(b"46", b'"x"'), "contract"),
        (LINE.replace(b"46", b"[" * 5_000), "not_json"),
    ],
)
def test_a_line_of_another_form_is_a_dead_letter(line: bytes, reason: str) -> None:
    (decoded,) = mooncake.read([LINE + b"\n" + line], name="trace.jsonl")
    assert [(d.offset, d.reason) for d in decoded.dead_letters] == [(2, reason)]


def test_the_real_trace_is_read_whole(real_data: Path) -> None:
    path = real_data / "mooncake" / "conversation_trace.jsonl.gz"
    (decoded,) = mooncake.read([gzip.decompress(path.read_bytes())], name=str(path))
    assert len(decoded.requests) == 12_031
    assert decoded.dead_letters == []
