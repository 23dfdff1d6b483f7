import pytest
from msgspec.structs import replace

from detectors.core.detector import Finding, Tick
from detectors.core.profiles import Profiles
from detectors.core.severity import severity_of
from detectors.core.suspicion import SUSPICION
from tests.detectors.traffic import EPOCH, Loud, account_level, batch, feed, request


@pytest.mark.parametrize("p_value", [0.0, 1e-300, 1e-20, 1e-6, 1.0])
def test_one_account_alone_is_never_more_than_medium(p_value: float) -> None:
    assert severity_of(p_value, limit=1e-5, accounts=1) in ("low", "medium")


def test_severity_rises_with_accounts_and_with_oddness() -> None:
    rising = [(1, 1e-6), (1, 1e-10), (10, 1e-10), (100, 1e-12)]
    found = [severity_of(p, limit=1e-5, accounts=n) for n, p in rising]
    assert found == ["low", "medium", "high", "critical"]


def loud_alerts(at: list[float], *, size: int = 2) -> list[float]:
    requests = [request(f"{t}-{i}", at=t) for t in at for i in range(size)]
    alerts = feed(account_level(), requests).alerts
    return [alert.ts - EPOCH - 1 for alert in alerts if alert.detector == "loud"]


def test_an_alert_is_not_repeated_within_the_hour() -> None:
    assert loud_alerts([0, 1, 10, 3599, 3600]) == [0, 3600]


def test_an_alert_is_repeated_at_once_when_its_score_has_more_than_doubled() -> None:
    requests = [request(i, at=0) for i in range(2)] + [request(9 + i, at=5) for i in range(5)]
    alerts = [a for a in feed(account_level(), requests).alerts if a.detector == "loud"]
    assert [alert.ts - EPOCH for alert in alerts] == [1, 6]
    assert alerts[0].id != alerts[1].id


def test_nothing_is_learned_of_a_suspect_until_the_suspicion_has_passed() -> None:
    level = account_level()
    loud = next(d for d in level.detectors if isinstance(d, Loud))
    feed(level, [request(1, at=0), request(2, at=0), request(3, at=60), request(4, at=SUSPICION)])
    assert loud.taught == 1


def test_suspicion_that_never_ends_is_learned_after_a_day_all_the_same() -> None:
    level = account_level()
    loud = next(d for d in level.detectors if isinstance(d, Loud))
    for number in range(50):
        pair = [request(f"{number}-{i}", at=1800 * number) for i in range(2)]
        level.process(batch(pair, first=2 * number))
        assert loud.taught == max(0, number - 48)


def test_a_test_under_suspicion_teaches_the_calibration_nothing_though_it_ends_later() -> None:
    level = account_level()
    feed(level, [request(i, at=0) for i in range(2)] + [request(9, at=2 * SUSPICION)])
    assert level.calibrations["loud", "account"].windows == 0
    feed(level, [*(request(i, at=0) for i in range(4)), request(10, at=4 * SUSPICION)])
    assert level.calibrations["loud", "account"].windows == 1


def test_the_same_events_give_the_same_ids() -> None:
    requests = [request(i, at=i // 3) for i in range(12)]
    one, other = feed(account_level(), requests).alerts, feed(account_level(), requests).alerts
    assert [alert.id for alert in one] == [alert.id for alert in other]
    assert len({alert.id for alert in one}) == len(one)


def test_a_detector_is_never_more_severe_than_its_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    requests = [request(i, at=0) for i in range(9)]
    plain = [a for a in feed(account_level(), requests).alerts if a.detector == "loud"]
    monkeypatch.setattr(Loud, "ceiling", "low")
    held = [a for a in feed(account_level(), requests).alerts if a.detector == "loud"]
    assert [a.severity for a in plain] == ["medium"]
    assert [a.severity for a in held] == ["low"]


def test_what_does_not_print_in_a_name_makes_no_line_of_an_alert(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    explain = Loud.explain

    def naming(self: Loud, profiles: Profiles, tick: Tick, position: int) -> Finding:
        finding = explain(self, profiles, tick, position)
        return replace(finding, summary=f"{profiles.names[tick.rows[position]]} is loud.")

    monkeypatch.setattr(Loud, "explain", naming)
    name = "eve\n\x1b[2Jcritical  \u202eweir"
    requests = [request(number, at=0, account=name) for number in range(2)]
    (alert,) = [a for a in feed(account_level(), requests).alerts if a.detector == "loud"]
    assert alert.summary == "eve\\n\\x1b[2Jcritical  \\u202eweir is loud."
    assert alert.entity.value == name


def test_an_alert_is_not_repeated_within_the_hour_though_there_was_a_restart() -> None:
    before, after = account_level(), account_level()
    feed(before, [request(i, at=0) for i in range(2)])
    kept = before.checkpoint()
    assert kept is not None
    after.restore(kept.segments, kept.manifest)
    again = [request(f"{at}-{i}", at=at) for at in (10, 3600) for i in range(2)]
    alerts = after.process(batch(again, first=2)).alerts + after.pause(idle=True).alerts
    assert [alert.ts - EPOCH for alert in alerts] == [3601]
