import json
from typing import Any

import pytest

from detectors.core.records import Verdict
from stream.codec import VERDICT_BYTES, decode_verdicts, encode_verdict

ALERT = "0123456789abcdef0123456789abcdef"


def test_the_largest_verdict_is_below_what_is_read() -> None:
    largest = Verdict(
        ts=1_767_225_600.123,
        alert=ALERT,
        verdict="true_positive",
        note="\u0001" * 4096,
        capability="data_analysis",
        features=[list(range(65_536 - 1024, 65_536))] * 64,
    )
    assert len(encode_verdict(largest)) < VERDICT_BYTES
    assert decode_verdicts([encode_verdict(largest)], [1], source="f").verdicts


GOOD: dict[str, Any] = {"ts": 1_767_225_600, "alert": ALERT, "verdict": "false_positive"}
WRONG: tuple[dict[str, Any], ...] = (
    {"alert": "campaign-7"},
    {"alert": ALERT + "\n"},
    {"alert": 7},
    {"verdict": "maybe"},
    {"capability": "ordinary"},
    {"note": "x" * 4097},
    {"features": [[-1]]},
    {"features": [[65_536]]},
    {"features": [[10**400]]},
    {"features": [[1.5]]},
    {"features": [[True]]},
    {"features": [[]]},
    {"features": [7]},
    {"features": [[1] * 1025]},
    {"features": [[1]] * 65},
)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "null_value"),
        (b"", "not_json"),
        (b"garbage", "not_json"),
        (b"[" * 90_000, "not_json"),
        (b"x" * (VERDICT_BYTES + 1), "too_large"),
        (json.dumps({**GOOD, "ts": "yesterday"}).encode(), "bad_time"),
        *((json.dumps({**GOOD, **wrong}).encode(), "contract") for wrong in WRONG),
        *(
            (json.dumps({key: GOOD[key] for key in GOOD if key != gone}).encode(), "contract")
            for gone in GOOD
        ),
    ],
)
def test_a_bad_verdict_is_a_dead_letter(value: bytes | None, reason: str) -> None:
    good = json.dumps(GOOD).encode()

    decoded = decode_verdicts([good, value, good], [4, 5, 6], source="weir.verdicts", partition=0)

    (letter,) = decoded.dead_letters
    assert (letter.reason, letter.offset, letter.source) == (reason, 5, "weir.verdicts")
    assert [offset for _, _, offset in decoded.verdicts] == [4, 6]
