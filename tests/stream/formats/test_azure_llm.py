import gzip
from pathlib import Path

import pytest

from stream.formats import azure_llm

HEADER = b"TIMESTAMP,ContextTokens,GeneratedTokens\n"


def test_a_line_is_a_request_of_the_account_named_after_the_file() -> None:
    block = HEADER + b"2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109"
    (decoded,) = azure_llm.read([block], name="traces/conv.csv.gz")
    first, second = decoded.requests
    assert (first.id, first.account, first.model) == ("conv-2", "conv", "azure-llm")
    assert (first.input_tokens, first.output_tokens) == (374, 44)
    assert second.id == "conv-3"
    assert decoded.times.tolist() == [1700158546.68059, 1700158550.995169]
    assert decoded.offsets.tolist() == [2, 3]
    assert decoded.records == 2


def test_lines_are_numbered_through_all_blocks() -> None:
    blocks = [HEADER, b"2023-11-16 18:15:46,1,2\n", b"\nx\n", b"2023-11-16 18:15:46+00:00,3,4\r\n"]
    decoded = list(azure_llm.read(blocks, name="conv.csv"))
    assert [request.id for one in decoded for request in one.requests] == ["conv-2", "conv-5"]
    (letter,) = decoded[2].dead_letters
    assert (letter.source, letter.offset, letter.reason) == ("conv.csv", 4, "contract")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (HEADER.strip(), "contract"),
        (b"2023-11-16 18:15:46.68,374", "contract"),
        (b"2023-11-16 18:15:46.68,374,-1", "contract"),
        (b"2023-11-16 18:15:46.68,374,1.5", "contract"),
        (b"2023-11-16 18:15:46.68,374,4\xff", "contract"),
        (b"2023-11-36 18:15:46.68,374,44", "bad_time"),
        (b"1023-11-16 18:15:46.68,374,44", "bad_time"),
        (b"x" * 300, "too_large"),
    ],
)
def test_a_line_of_another_form_is_a_dead_letter(line: bytes, reason: str) -> None:
    (decoded,) = azure_llm.read([HEADER + line], name="conv.csv", max_bytes=200)
    assert [letter.reason for letter in decoded.dead_letters] == [reason]
    assert decoded.dead_letters[0].original == line[:200]


@pytest.mark.parametrize(("part", "rows"), [("conv", 19_366), ("code", 8_819)])
def test_the_real_trace_is_read_whole(real_data: Path, part: str, rows: int) -> None:
    path = real_data / "azure_llm" / f"AzureLLMInferenceTrace_{part}.csv.gz"
    (decoded,) = azure_llm.read([gzip.decompress(path.read_bytes())], name=str(path))
    assert len(decoded.requests) == rows
    assert decoded.dead_letters == []
    assert (decoded.times[1:] >= decoded.times[:-1]).all()
