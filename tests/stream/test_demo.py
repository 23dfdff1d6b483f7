import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from rich.console import Console

from detectors.core.records import Alert, Entity, Evidence, Signal, Window
from stream.demo.feed import ON_THEIR_WAY, Feed
from stream.demo.gauges import Gauges
from stream.demo.lines import Lines
from stream.demo.plan import AFTER_PIVOT, Plan
from stream.demo.screen import Moment
from stream.demo.terminal import Terminal
from stream.demo.verdict import Verdict
from stream.demo.worker_process import WorkerError, WorkerProcess
from stream.settings import Settings

NOW = 1_800_000_000.0
DEMO = [sys.executable, "-m", "stream.cli", "demo"]


def alert(*accounts: str, ts: float = 109.0, kind: Signal = "pivot") -> Alert:
    return Alert(
        id=f"{kind}-{ts}-{accounts}",
        ts=ts,
        raised_at=ts,
        detector="model_pivot",
        signal=kind,
        severity="high",
        p_value=1e-9,
        entity=Entity(scope="proxy", value="192.0.2.0/24"),
        accounts=list(accounts),
        accounts_total=len(accounts),
        window=Window(start=ts - 5, end=ts),
        summary="They moved.",
        evidence=[Evidence(feature="accounts moved", observed=2, expected=0.1, contribution=1.0)],
        samples=["r1"],
        version="test",
    )


def truth(*, pivot_at: float = 100.0) -> dict[str, Any]:
    pivot = {"start": pivot_at, "end": pivot_at + 5, "share": 0.5, "model": "new"}
    return {"campaigns": [{"accounts": {"c1": {}, "c2": {}, "c3": {}}, "pivot": pivot}]}


def judged(alerts: Sequence[Alert], *asked: str, until: float = 200.0) -> Verdict:
    return Verdict.of(truth(), alerts=alerts, asked=dict.fromkeys(asked, 101.0), until=until)


def test_with_time_the_release_comes_twenty_seconds_into_the_live_part() -> None:
    plan = Plan.draw(now=NOW, left=300.0, seed=1)

    assert plan.world.released == pytest.approx(plan.live + 20.0)
    assert plan.world.end == pytest.approx(NOW + 300.0)


@pytest.mark.parametrize("left", [10.0, 20.0, 40.0, 60.0])
def test_with_little_time_the_pivot_comes_before_half_of_the_live_part_is_over(left: float) -> None:
    plan = Plan.draw(now=NOW, left=left, seed=1)

    assert plan.world.pivot_begins is not None
    part = (plan.world.pivot_begins - plan.live) / (NOW + left - plan.live)
    assert part <= 0.5 or plan.world.pivot_begins <= NOW + left - AFTER_PIVOT


def test_with_no_time_at_all_there_still_is_a_plan() -> None:
    assert Plan.draw(now=NOW, left=-3.0, seed=1).world.released is not None


def test_a_verdict_counts_who_was_named_and_how_soon() -> None:
    verdict = judged([alert("c1", "c2", ts=109.0), alert("c3", ts=120.0)], "c1", "c2", "c3", "b1")

    assert verdict.told == 109.0
    assert (verdict.moved, verdict.named, verdict.at_once) == (3, 3, 2)
    assert (verdict.adopted, verdict.adopted_named, verdict.mistaken) == (1, 0, 0)
    assert verdict.sentences()[0] == (
        "Named 3 of the campaign's 3 accounts that moved, the first 2 of them 9.0 s of event time "
        "after the pivot began."
    )


def test_a_verdict_hides_neither_a_customer_who_was_named_nor_an_alert_of_customers_alone() -> None:
    verdict = judged([alert("c1", "b1"), alert("b2", kind="rate")], "c1", "b1", "b3")

    assert (verdict.adopted, verdict.adopted_named, verdict.mistaken) == (2, 1, 1)
    assert verdict.sentences()[1:] == [
        "Of 2 customers who adopted the new model of their own accord, 1 was named.",
        "Of 2 alerts in all, 1 named customers alone.",
    ]


def test_an_alert_of_the_service_names_no_customers() -> None:
    assert judged([alert("c1"), alert()], "c1").sentences()[-1] == (
        "Of 2 alerts in all, none named customers alone."
    )


def test_a_campaign_that_is_told_with_a_pivot_names_it() -> None:
    told = alert("c1", "c2", ts=109.0, kind="campaign")
    note = "model_pivot on proxy 192.0.2.0/24 and 2 more"
    with_pivot = replace(told, evidence=[replace(told.evidence[0], note=note)])

    assert judged([told], "c1", "c2").told is None
    assert (judged([with_pivot], "c1", "c2").told, judged([with_pivot], "c1").named) == (109.0, 1)


def test_an_alert_before_the_pivot_does_not_name_it() -> None:
    verdict = judged([alert("c1", ts=50.0)], "c1")

    assert verdict.told is None
    assert verdict.sentences()[0].startswith("The pivot was not named: 1 accounts")


def test_a_demo_that_ended_early_does_not_judge() -> None:
    assert judged([], until=90.0).sentences()[0] == "It ended before the campaign moved."


def test_metrics_are_read_as_they_are_served() -> None:
    page = (
        'weir_records_total{outcome="applied"} 90.0\n'
        'weir_records_total{outcome="dead_letter"} 2.0\n'
        'weir_lag_records{topic="requests",partition="0"} 3.0\n'
        'weir_lag_records{topic="requests",partition="1"} 4.0\n'
        'weir_lag_records{topic="deltas",partition="0"} 5.0\n'
        'weir_profiles{level="account",partition="0"} 6.0\n'
        'weir_profiles{level="account",partition="1"} 7.0\n'
    )

    gauges = Gauges.read(page)

    assert (gauges.taken, gauges.dead_letters, gauges.partitions) == (92, 2, 2)
    assert gauges.lag == {"requests": 7, "deltas": 5}
    assert gauges.profiles == {"account": 13}


class Collecting:
    """Stands where the sender does."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def send(self, line: bytes) -> None:
        self.lines.append(line)

    def poll(self) -> None: ...

    def flush(self) -> None: ...


def test_the_feed_is_no_further_ahead_than_the_broker_can_hold() -> None:
    sender = Collecting()
    lines = [b'{"id":"r","ts":1.0,"account":"a","model":"m"}'] * (ON_THEIR_WAY + 500)
    feed = Feed(lines, sender, clock=lambda: NOW)  # type: ignore[arg-type]

    feed.start()
    wait_until(lambda: len(sender.lines) > ON_THEIR_WAY)
    held = len(sender.lines)
    feed.notice(taken=500, deltas=0)
    feed.join(10)

    assert held == ON_THEIR_WAY + 1
    assert len(sender.lines) == len(lines)


def test_the_feed_is_live_once_a_record_has_to_wait_for_its_time() -> None:
    sender = Collecting()
    lines = [
        b'{"id":"r","ts":%d,"account":"a","model":"delta-4"}' % at for at in (5, 2_000_000_000)
    ]
    feed = Feed(lines, sender, clock=lambda: NOW)  # type: ignore[arg-type]

    feed.start()
    wait_until(lambda: feed.live_since is not None)
    feed.stop()

    assert sender.lines == lines[:1]
    assert feed.asked == {"a": 5.0}


def test_plain_lines_are_shown_for_moments_and_alerts(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Lines()
    gauges = Gauges(taken=1234)

    screen.moment(Moment(stage="live", rate=350.0, behind=3, gauges=gauges))
    screen.alert(alert("c1", "c2", "c3", "c4"))

    moment, alerted = capsys.readouterr().out.splitlines()
    assert moment.endswith(" live: 350 requests/s, 3 behind, 1,234 requests taken in")
    assert alerted[9:] == (
        "ALERT high model_pivot: They moved. [accounts moved 2 against 0.1; p 1.0e-09; "
        "4 accounts: c1, c2, c3 and 1 more]"
    )


def test_an_alert_of_the_service_is_shown_without_accounts_and_chance(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Lines().alert(msgspec.structs.replace(alert(), p_value=0.0))
    assert capsys.readouterr().out[9:] == (
        "ALERT high model_pivot: They moved. [accounts moved 2 against 0.1]\n"
    )


def test_the_names_of_accounts_make_no_lines(capsys: pytest.CaptureFixture[str]) -> None:
    Lines().alert(alert("c1\n12:00:00 ALERT critical", "c\x1b[2J"))
    (alerted,) = capsys.readouterr().out.splitlines()
    assert "accounts: c1\\n12:00:00 ALERT critical, c\\x1b[2J]" in alerted


def test_a_terminal_shows_the_figures_and_the_alerts() -> None:
    console = Console(record=True, force_terminal=True, width=120, file=io.StringIO())
    screen = Terminal(console)

    screen.moment(Moment(stage="live", rate=350.0, behind=3, gauges=Gauges(taken=1234)))
    screen.alert(alert("c1"))
    screen.close()

    shown = console.export_text()
    assert "1,234  requests taken in" in shown
    assert "They moved." in shown


def test_a_worker_that_ends_by_itself_is_told_with_its_log() -> None:
    settings = Settings(bootstrap="127.0.0.1:1", config="/nowhere/weir.toml", metrics_port=0)

    with WorkerProcess(settings, environment=os.environ) as worker:
        with pytest.raises(
            WorkerError, match=r"code 2, its log says:\n  weir: /nowhere/weir\.toml"
        ):
            wait_until(lambda: worker.check())
        assert worker.process_id is not None


@pytest.mark.slow
def test_a_demo_without_a_terminal_ends_in_time_with_a_summary_and_leaves_nobody() -> None:
    done = subprocess.run(
        [*DEMO, "--seconds", "60"], capture_output=True, text=True, timeout=240, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert " live: " in done.stdout
    assert "a new model is released" in done.stdout
    assert "customers who adopted the new model" in done.stdout or "No customer" in done.stdout
    assert not workers()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_a_demo_with_its_worker(number: signal.Signals, code: int) -> None:
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        wait_until(lambda: bool(workers()))
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == code
    assert "ended before the worker had joined its group" in output
    assert not workers()


@pytest.mark.slow
def test_a_demo_that_is_killed_leaves_no_worker() -> None:
    with subprocess.Popen(DEMO, stdout=subprocess.PIPE) as process:
        wait_until(lambda: bool(workers()))
        process.kill()

    wait_until(lambda: not workers())


def workers() -> list[int]:
    """Return the workers that descend from a demo of this test's process, or that lost it."""
    mine = [os.getpid()]
    found = []
    table = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in table.splitlines()]
    for pid, parent, arguments in rows:
        if int(parent) in mine and "stream.cli demo" in arguments:
            mine.append(int(pid))
    for pid, parent, arguments in rows:
        if "stream.demo.tether" in arguments and int(parent) in [*mine, 1]:
            found.append(int(pid))
    return found


def wait_until(true: Any, *, seconds: float = 30.0) -> None:
    late = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < late
        threading.Event().wait(0.05)
