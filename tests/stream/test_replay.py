import base64
import gzip
import io
import json
import sys
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.core.detector import Detector, Finding, Floats, Tick
from detectors.core.profiles import Profiles
from detectors.core.records import Evidence, Scope, Signal
from stream.config import Config
from stream.decoded import SAMPLE
from stream.file_driver import FileDriver
from stream.files import InputError, InputFile
from stream.formats import native
from stream.replay import ReplayError, Summary, replay
from stream.textless import without_text

START = 1_767_225_600


class Loud(Detector):
    """Finds every second odd, so that there are alerts to be compared however others are tuned."""

    name: ClassVar[str] = "loud"
    signal: ClassVar[Signal] = "rate"
    scopes: ClassVar[frozenset[Scope]] = frozenset({"account", "proxy"})

    def score(self, profiles: Profiles, tick: Tick) -> Floats:
        return tick.requests.astype(np.float64) * 40.0

    def learn(self, profiles: Profiles, tick: Tick) -> None:
        pass

    def explain(self, profiles: Profiles, tick: Tick, position: int) -> Finding:
        requests = float(tick.requests[position])
        return Finding(
            summary=f"{requests:.0f} requests",
            evidence=[Evidence(feature="r", observed=requests, expected=0.0, contribution=1.0)],
            onset=float(tick.number),
            accounts=tick.accounts(profiles, position, since=0),
        )


class LoudConfig(Config):
    """The detectors there are, and a loud one."""

    def detectors(self) -> list[Detector]:
        return [*super().detectors(), Loud()]


CONFIG = LoudConfig(
    accounts=2_000, groups=2_000, members=4_000, request_ids=4_096, record_bytes=4_000
)


def request(number: int, *, second: int, account: int, **more: object) -> bytes:
    return json.dumps(
        {"id": f"r{number}", "ts": START + second, "account": f"a{account}", **more}
    ).encode()


def world(*, steps: int = 30) -> bytes:
    """Quiet traffic, then customers that surge and a crowd behind one egress, and all faults."""
    chance = np.random.default_rng(7)
    lines: list[bytes] = []
    number = 0
    for step in range(steps):
        second = 40 * step
        accounts = chance.integers(20, size=20).tolist()
        if step > steps * 3 // 4:
            accounts += [0, 1, 2, 3] * 9 + (100 + chance.integers(60, size=60)).tolist()
        for account in accounts:
            number += 1
            late = int(chance.integers(30)) if chance.random() < 0.05 else 0
            ip = "203.0.113.7" if account >= 100 else f"10.0.{account % 5}.1"
            model = "new" if account >= 100 else "old"
            lines.append(request(number, second=second - late, account=account, model=model, ip=ip))
        if step % 10 == 3:
            lines += [lines[-1], b"garbage", b"", b'{"id":"x"}', b'{"id":"' + b"x" * 5_000]
        event = {"kind": "lifecycle", "ts": START + second, "account": f"a{step}"}
        lines.append(json.dumps(event | {"event": "created"}).encode())
        if step == steps // 2:
            release = {"kind": "release", "ts": START + second, "model": "new"}
            lines.append(json.dumps(release).encode())
    return b"\n".join(lines)


WORLD = world()


@pytest.fixture
def kept(tmp_path: Path) -> Callable[..., str]:
    def keep(content: bytes, name: str = "world.jsonl") -> str:
        path = tmp_path / name
        path.write_bytes(content)
        return str(path)

    return keep


def outcome(files: list[str], **more: object) -> tuple[bytes, bytes, Summary]:
    alerts, dead_letters = io.BytesIO(), io.BytesIO()
    summary = replay(files, config=CONFIG, alerts=alerts, dead_letters=dead_letters, **more)  # type: ignore[arg-type]
    return alerts.getvalue(), dead_letters.getvalue(), summary


def test_everything_is_counted(kept: Callable[..., str]) -> None:
    _, dead_letters, summary = outcome([kept(WORLD)])
    lines = [line for line in WORLD.split(b"\n") if line]
    letters = [json.loads(line) for line in dead_letters.splitlines()]
    assert summary.records == len(lines)
    assert summary.dead_letters == len(letters) == 3 * 3
    assert summary.requests == len(lines) - 9 - 31
    assert {letter["reason"] for letter in letters} == {"not_json", "contract", "too_large"}
    assert summary.reasons == Counter(letter["reason"] for letter in letters)
    assert f"the first is line {letters[0]['offset']} of " in str(summary)
    for letter in letters:
        assert letter["source"].endswith("world.jsonl")
        original = WORLD.split(b"\n")[letter["offset"] - 1]
        assert base64.b64decode(letter["original"]) == without_text(original[:4_000])


def test_the_figures_are_those_that_the_command_promises(kept: Callable[..., str]) -> None:
    figures = outcome([kept(WORLD)])[2].figures()
    assert list(figures) == [
        "records",
        "requests",
        "dead_letters",
        "reasons",
        "ahead",
        "late",
        "alerts",
        "seconds",
        "requests_per_second",
        "peak_memory_bytes",
    ]
    assert figures["peak_memory_bytes"] > 1_000_000
    assert figures["requests_per_second"] == pytest.approx(
        figures["requests"] / figures["seconds"], rel=1e-3
    )


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cuts=st.lists(st.integers(1, 60_000), max_size=8), partitions=st.sampled_from([1, 3]))
def test_however_the_input_is_cut_the_outcome_is_the_same(cuts: list[int], partitions: int) -> None:
    assert _driven(cuts, partitions) == _driven([], partitions)


@pytest.mark.parametrize("partitions", [1, 3])
def test_records_taken_one_by_one_have_the_same_outcome(partitions: int) -> None:
    every_line = [i + 1 for i, character in enumerate(WORLD) if character == 10]
    assert _driven(every_line, partitions) == _driven([], partitions)


@pytest.mark.parametrize("partitions", [1, 3])
def test_the_world_of_these_tests_raises_alerts_of_accounts_and_groups(partitions: int) -> None:
    alerts = [json.loads(line) for line in _driven([], partitions)[0].splitlines()]
    assert len(alerts) > 20
    assert {"account", "proxy"} <= {alert["entity"]["scope"] for alert in alerts}


@pytest.mark.parametrize("block_bytes", [64, 1_000, 1_048_576])
def test_blocks_of_any_size_give_the_same_bytes(kept: Callable[..., str], block_bytes: int) -> None:
    path = kept(WORLD)
    assert outcome([path], block_bytes=block_bytes)[:2] == outcome([path])[:2]


def test_packed_and_plain_are_the_same(
    kept: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = outcome([kept(WORLD)])
    packed = gzip.compress(WORLD[:9_000]) + gzip.compress(WORLD[9_000:])
    for name in ("world.jsonl.gz", "unnamed"):
        alerts, dead_letters, summary = outcome([kept(packed, name)])
        assert alerts == plain[0]
        assert dead_letters.count(b"\n") == plain[1].count(b"\n")
        assert summary.records == plain[2].records
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(packed))))
    assert outcome(["-"])[0] == plain[0]


def test_files_follow_each_other(kept: Callable[..., str]) -> None:
    cut = WORLD.index(b"\n", len(WORLD) // 4) + 1
    first, second = kept(WORLD[:cut], "1.jsonl"), kept(WORLD[cut:], "2.jsonl")
    alerts, dead_letters, summary = outcome([first, second])
    whole = outcome([kept(WORLD)])
    assert alerts == whole[0]
    assert summary.records == whole[2].records
    contents = {first: WORLD[:cut], second: WORLD[cut:]}
    letters = [json.loads(line) for line in dead_letters.splitlines()]
    assert {letter["source"] for letter in letters} == {first, second}
    for letter in letters:
        original = contents[letter["source"]].split(b"\n")[letter["offset"] - 1]
        assert base64.b64decode(letter["original"]) == without_text(original[:4_000])


def test_an_account_lies_in_the_partition_that_kafka_gives_it() -> None:
    driver = FileDriver(config=CONFIG, partitions=6)
    kafkas = DefaultPartitioner()
    for account in ("a", "acct-0000001", "Zürich"):
        expected = kafkas(account.encode(), list(range(6)), list(range(6)))
        assert driver.partition_of(account) == expected


def test_progress_ends_with_the_whole_file(kept: Callable[..., str]) -> None:
    seen: list[tuple[int, int | None, int, int]] = []
    path = kept(gzip.compress(WORLD), "world.jsonl.gz")
    outcome([path], progress=lambda *told: seen.append(told), block_bytes=4_096)
    size = Path(path).stat().st_size
    assert len(seen) > 3
    assert [told[0] for told in seen] == sorted(told[0] for told in seen)
    assert seen[-1][:2] == (size, size)


def test_an_empty_file_is_no_fault(kept: Callable[..., str]) -> None:
    assert outcome([kept(b""), kept(b"\n\n", "blank")])[2].records == 0


@pytest.mark.parametrize(("name", "sentence"), [("absent", "cannot be read"), ("", "directory")])
def test_a_file_that_cannot_be_read_stops_the_start(
    tmp_path: Path, kept: Callable[..., str], name: str, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        outcome([kept(WORLD), str(tmp_path / name)])


def test_what_lies_before_the_end_of_a_torn_file_is_done(kept: Callable[..., str]) -> None:
    packed = gzip.compress(WORLD)[:-300]
    alerts = io.BytesIO()
    with pytest.raises(ReplayError, match="breaks off") as caught:
        replay([kept(packed, "torn.gz")], config=CONFIG, alerts=alerts)
    assert 300 < caught.value.summary.requests < WORLD.count(b"\n")
    assert caught.value.summary.alerts == alerts.getvalue().count(b"\n")


def test_a_line_torn_with_its_file_is_not_taken_for_a_whole_one(kept: Callable[..., str]) -> None:
    rows = b"".join(b"2023-11-16 18:15:%02d.%07d,374,44\n" % (i % 60, i * 97) for i in range(9_000))
    path = kept(gzip.compress(rows)[:-3_000], "conv.csv.gz")
    dead_letters = io.BytesIO()
    with pytest.raises(ReplayError, match="breaks off"):
        replay([path], format="azure-llm", config=CONFIG, dead_letters=dead_letters)
    assert dead_letters.getvalue() == b""


@pytest.mark.parametrize("content", [b"no gzip at all\n", b"\x1f\x8b" + b"\0" * 50])
def test_damaged_gzip_is_named(kept: Callable[..., str], content: bytes) -> None:
    with pytest.raises(ReplayError, match=r"week\.gz is damaged"):
        replay([kept(content, "week.gz")], config=CONFIG)


def test_a_file_of_which_nothing_is_of_the_format_is_an_error(kept: Callable[..., str]) -> None:
    with pytest.raises(ReplayError, match="none of 2 records could be read as a request") as no:
        replay([kept(b"TIMESTAMP,ContextTokens\n2023-11-16,374\n")], config=CONFIG)
    assert (no.value.summary.dead_letters, no.value.summary.reasons) == (2, {"not_json": 2})


def test_an_output_that_cannot_be_written_is_named(kept: Callable[..., str]) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full to stand for a full disk")
    with (
        full.open("wb", buffering=0) as output,
        pytest.raises(ReplayError, match="dead letters cannot be written to /dev/full"),
    ):
        replay([kept(b"garbage\n")], config=CONFIG, dead_letters=output)


def test_ctrl_c_ends_with_what_was_done(kept: Callable[..., str]) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    summary = outcome([kept(WORLD)], progress=interrupt, block_bytes=4_096)[2]
    assert summary.interrupted
    assert 0 < summary.requests < 100
    assert str(summary).startswith("interrupted after ")


def test_traces_that_would_be_one_account_are_refused(kept: Callable[..., str]) -> None:
    files = [kept(b"", "conv.csv"), kept(b"", "conv.csv.gz")]
    with pytest.raises(InputError, match="would both be read as account conv"):
        outcome(files, format="azure-llm")


def test_of_an_endless_line_only_the_beginning_is_held(kept: Callable[..., str]) -> None:
    path = kept(b"x" * 300_000 + b"\n" + b"y\n")
    blocks = InputFile(path).blocks(block_bytes=1_000, line_bytes=5_000)
    assert max(len(block) for block in blocks) < 10_000


def _driven(cuts: list[int], partitions: int) -> tuple[bytes, list[bytes]]:
    alerts = io.BytesIO()
    driver = FileDriver(config=CONFIG, partitions=partitions, seed=3, alerts=alerts)
    ends = sorted({WORLD.rfind(b"\n", 0, cut) + 1 for cut in cuts} | {0, len(WORLD)})
    blocks = [WORLD[a:b] for a, b in pairwise(ends)]
    for decoded in native.read(blocks, name="world", max_bytes=CONFIG.record_bytes):
        driver.take(decoded, base=0)
    driver.finish()
    return alerts.getvalue(), [
        part
        for level in [*driver.engine.accounts, *driver.engine.groups]
        for part in [
            *(level.profiles[column].tobytes() for column in level.profiles.specification),
            "\n".join(level.profiles.names).encode(),
            level.snapshot_models(),
        ]
    ]


def blinded(*, broken: bool = False, renamed: bool = False, minutes: int = 60) -> bytes:
    """Forty accounts for an hour; in the last minutes half is broken, or a field is renamed.

    All bear times at which requests are looked at for unknown fields.
    """
    chance = np.random.default_rng(3)
    lines = []
    for number in range(minutes * 120):
        second = number // 30 * 15
        late = second > 60 * minutes - 300
        name = "payment_hash" if late and renamed else "payment"
        line = request(number, second=0, account=int(chance.integers(40)), model="m")
        moment = -(-int((START + second) * 1000) // SAMPLE) * SAMPLE / 1000 + 0.0005
        made = json.loads(line) | {"ts": moment, name: "card"}
        lines.append(json.dumps(made).encode())
        if late and broken:
            lines.append(b'{"id": 7}')
    return b"\n".join(lines)


BLIND = Config(
    accounts=2_000, groups=2_000, members=4_000, request_ids=10_000,
    enabled=("blindness",), false_alerts_per_day=20.0,
)  # fmt: skip


def blindness_of(path: str, **more: Any) -> list[dict[str, Any]]:
    alerts = io.BytesIO()
    replay([path], config=BLIND, alerts=alerts, **more)
    return [json.loads(line) for line in alerts.getvalue().splitlines()]


@pytest.mark.parametrize("partitions", [1, 3])
def test_records_that_suddenly_cannot_be_read_are_told(
    kept: Callable[..., str], partitions: int
) -> None:
    alerts = blindness_of(kept(blinded(broken=True)), partitions=partitions)
    assert [alert["entity"]["value"] for alert in alerts] == ["dead letters: contract"]
    assert alerts == blindness_of(
        kept(blinded(broken=True)), partitions=partitions, block_bytes=9_000
    )


def test_a_field_that_is_renamed_is_told_by_both_names(kept: Callable[..., str]) -> None:
    path = kept(blinded(renamed=True))
    told = {alert["entity"]["value"] for alert in blindness_of(path)}
    assert told == {"field payment", "unknown field payment_hash"}
    assert blindness_of(path) == blindness_of(path, block_bytes=9_000)


def test_an_hour_in_which_nothing_fails_is_silent(kept: Callable[..., str]) -> None:
    assert blindness_of(kept(blinded())) == []


PIVOT = Path(__file__).parents[1] / "scenarios" / "hydra_pivot" / "events.jsonl.gz"


def with_wrong_time(lines: list[bytes], at: int) -> bytes:
    wrong = next(json.loads(line) for line in lines if b'"id"' in line)
    wrong |= {"id": "wrong", "ts": 2_100_000_000, "prompt": "a secret"}
    return b"\n".join([*lines[:at], json.dumps(wrong).encode(), *lines[at:]])


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_one_wrong_time_blinds_a_replay_no_longer(
    kept: Callable[..., str], place: str, partitions: int
) -> None:
    lines = gzip.decompress(PIVOT.read_bytes()).splitlines()
    at = {"first": 0, "middle": len(lines) // 2, "last": len(lines)}[place]
    path, alerts, dead_letters = kept(with_wrong_time(lines, at)), io.BytesIO(), io.BytesIO()
    summary = replay(
        [path], config=Config(), alerts=alerts, dead_letters=dead_letters, partitions=partitions
    )
    untouched = io.BytesIO()
    replay([str(PIVOT)], config=Config(), alerts=untouched, partitions=partitions)
    assert summary.alerts == 2
    assert alerts.getvalue() == untouched.getvalue()
    (letter,) = [json.loads(line) for line in dead_letters.getvalue().splitlines()]
    assert (letter["reason"], letter["offset"], letter["source"]) == ("future", at + 1, path)
    assert "ahead of the records around it: correct it, or sort the file" in letter["detail"]
    original = json.loads(base64.b64decode(letter["original"]))
    assert (original["id"], original["prompt"]) == ("wrong", "(10 bytes removed)")
    assert (summary.dead_letters, summary.ahead, summary.late) == (1, 1, 0)
    assert summary.requests == sum(b'"id"' in line for line in lines)
    assert "1 of the dead letters lay more than an hour ahead" in str(summary)


def test_what_comes_late_is_said_at_the_end(kept: Callable[..., str]) -> None:
    lines = [request(n, second=n, account=n, model="m") for n in range(100)]
    later = [request(n, second=4_000, account=n, model="m") for n in range(100, 200)]
    late = [request(n, second=n, account=n, model="m") for n in range(200, 230)]
    path = kept(b"\n".join([*lines, *later, *late]))
    summary = outcome([path])[2]
    assert (summary.dead_letters, summary.late, summary.latest) == (0, 30, 3_800)
    assert "30 requests came more than 60 s late, the latest by 3,800 s" in str(summary)
    assert outcome([path], block_bytes=500, partitions=3)[2].late == 30


def test_the_line_numbers_of_a_second_file_follow_what_still_waits(
    kept: Callable[..., str],
) -> None:
    days = [
        [request(d * 100 + n, second=d * 200_000 + n, account=n, model="m") for n in range(100)]
        for d in range(3)
    ]
    paths = [kept(b"\n".join(day), f"{number}.jsonl") for number, day in enumerate(days)]
    whole = kept(b"\n".join(line for day in days for line in day))
    assert outcome(paths)[0] == outcome([whole])[0]
    assert outcome(paths)[2].requests == 300
