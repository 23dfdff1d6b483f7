from detectors.core.lateness import PATIENCE, Late, Lateness
from detectors.core.level import REPEAT

SAID = "Alerts come late. Start another worker."


def lateness() -> Lateness:
    return Lateness(most=60.0, seed=0, version="test")


def test_what_is_late_for_a_moment_is_nothing() -> None:
    judge = lateness()
    looks = [
        judge.look({"lag": Late(90.0 * (now % 20 > 0), SAID)}, now=float(now)) for now in range(100)
    ]
    assert looks == [[]] * 100


def test_what_is_late_for_longer_is_told_once_an_hour_unless_it_doubles() -> None:
    judge = lateness()
    told = []
    for now in range(2 * int(REPEAT)):
        seconds = 90.0 if now < 1000 else 200.0
        told += [now for _ in judge.look({"lag": Late(seconds, SAID)}, now=float(now))]
    assert told == [PATIENCE, 1000, 1000 + REPEAT]


def test_an_alert_says_how_late_since_when_and_what_to_do() -> None:
    judge = lateness()
    judge.look({"lag": Late(900.0, SAID)}, now=1000.0)
    (alert,) = judge.look({"lag": Late(930.0, SAID)}, now=1031.0)
    assert (alert.detector, alert.signal, alert.severity) == ("blindness", "blindness", "high")
    assert (alert.entity.scope, alert.entity.value) == ("service", "lag")
    assert alert.summary == f"Weir is 930 s late: {SAID}"
    assert (alert.window.start, alert.window.end) == (101.0, 1031.0)
    assert (alert.evidence[0].observed, alert.evidence[0].expected) == (930.0, 60.0)
