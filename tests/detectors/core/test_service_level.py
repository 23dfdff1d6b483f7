from collections.abc import Callable, Mapping
from typing import Any

from detectors.blindness import Blindness
from detectors.core.records import Alert, Delta
from detectors.core.service_level import ServiceLevel
from detectors.core.settings import Settings
from detectors.service_shift import ServiceShift

START = 1_767_600_000
Minute = Callable[[int], Mapping[int, Mapping[str, int]]]


def level() -> ServiceLevel:
    settings = Settings(alerts_per_day=0.05, capacity=100, seed=0, version="test")
    return ServiceLevel(settings=settings, detectors=[Blindness(), ServiceShift()])


def delta(source: int, tick: int, facts: Mapping[str, int], *, sources: int) -> Delta:
    lists: dict[str, Any] = {n: [] for n in ("accounts", "samples", "groups", "models", "moved")}
    names = "born away egress link_account link_group link_model link_requests link_tokens"
    arrays = dict.fromkeys([*names.split(), "link_moved"], b"")
    known = {"source": source, "sources": sources, "tick": tick, "facts": dict(facts)}
    fields: dict[str, Any] = {**lists, **arrays, **known}
    return Delta(**fields, active=float(facts.get("accounts", 0)))


def run(service: ServiceLevel, minutes: range, facts: Minute) -> list[Alert]:
    """Let each minute show each source's facts."""
    alerts = []
    for minute in minutes:
        said = facts(minute)
        tick = START + 60 * minute
        deltas = [delta(s, tick, each, sources=len(said)) for s, each in said.items() if each]
        alerts += service.close(tick, deltas)
    return alerts


def steady(minute: int, **more: int) -> dict[str, int]:
    """A minute of three hundred accounts, some more or fewer."""
    number = 300 + minute * 37 % 41
    fields = {f"met {field}": number for field in ("egress", "payment", "prompt", "tokens")}
    return {
        "requests": 5 * number, "accounts": number, "tokens": 900 * number, "sampled": 60,
        "stamped": 5 * number, **fields, **more,
    }  # fmt: skip


def told(alerts: list[Alert]) -> list[str]:
    return [alert.entity.value for alert in alerts]


def failing(name: str, count: int, *, after: int = 300) -> list[Alert]:
    return run(
        level(),
        range(after + 10),
        lambda minute: {0: steady(minute, **({name: count} if minute >= after else {}))},
    )


def test_a_field_that_most_accounts_lose_is_told_within_three_minutes_and_once() -> None:
    (alert,) = failing("lost payment", 290)
    assert alert.entity.scope == "service"
    assert alert.entity.value == "field payment"
    assert (alert.signal, alert.severity) == ("blindness", "high")
    assert 300 * 60 <= alert.ts - START <= 303 * 60
    assert abs(alert.window.start - (START + 300 * 60)) <= 60
    assert "no group by payment is seen" in alert.summary
    assert alert.evidence[0].observed > 0.8 > 0.02 > alert.evidence[0].expected


def test_a_few_accounts_that_lose_a_field_are_nothing() -> None:
    assert failing("lost payment", 9) == []


def test_what_fails_as_ever_is_nothing() -> None:
    assert run(level(), range(400), lambda m: {0: steady(m, **{"lost payment": 150})}) == []


def test_records_that_cannot_be_read_are_told_with_their_reason() -> None:
    (alert,) = failing("dead contract", 3000)
    assert alert.entity.value == "dead letters: contract"
    assert "weir.dead-letters" in alert.summary


def test_clocks_and_delays_are_told() -> None:
    assert told(failing("ahead", 1200)) == ["requests from the future"]
    assert told(failing("delayed", 1200)) == ["old requests"]
    assert told(failing("late", 1200)) == ["late requests"]


def test_a_field_that_nobody_knows_is_told_when_it_comes_and_not_when_it_was_always_there() -> None:
    name = "unknown field payment_hash"
    (alert,) = failing(name, 58)
    assert alert.entity.value == name
    assert "the senders' schema has changed" in alert.summary
    assert run(level(), range(200), lambda m: {0: steady(m, **{name: 58})}) == []


def test_unknown_fields_are_bounded() -> None:
    service = level()
    run(
        service,
        range(50),
        lambda m: {0: steady(m, **{f"unknown field {m}-{i}": 1 for i in range(9)})},
    )
    assert sum("unknown field" in name for name in service.profiles.index) == 64


def test_a_field_that_nobody_knows_is_told_though_ever_new_names_are_made_up() -> None:
    def made_up(minute: int) -> dict[int, dict[str, int]]:
        names = {f"unknown field {minute}-{i}": 8 for i in range(90)}
        return {0: steady(minute, **names, **({"unknown field z": 58} if minute >= 100 else {}))}

    service = level()
    assert [a.entity.value for a in run(service, range(120), made_up)] == ["unknown field z"]
    assert sum("unknown field" in name for name in service.profiles.index) == 64


def test_learning_that_stands_still_is_told_when_it_has_done_so_for_most_of_an_hour() -> None:
    def held(minute: int) -> dict[int, dict[str, int]]:
        return {0: steady(minute, held=1450 if minute >= 120 else 20)}

    (alert,) = run(level(), range(200), held)
    assert alert.entity.value == "learning"
    assert 155 <= (alert.ts - START) / 60 <= 175


def partitions(minute: int, *, silent: int, after: int = 200) -> dict[int, dict[str, int]]:
    said = {source: steady(minute + source) for source in range(4)}
    if minute >= after:
        said[silent] = {}
    return said


def test_a_partition_that_falls_silent_while_others_go_on_is_told_in_minutes() -> None:
    (alert,) = run(level(), range(230), lambda m: partitions(m, silent=2))
    assert alert.entity.value == "partition 2"
    assert 200 * 60 <= alert.ts - START <= 206 * 60
    assert abs(alert.window.start - START - 200 * 60) <= 60


def test_a_partition_of_three_accounts_may_be_silent() -> None:
    def few(minute: int) -> dict[int, dict[str, int]]:
        said = partitions(minute, silent=3)
        return said | ({3: {"requests": 6, "accounts": 3}} if minute < 200 else {3: {}})

    assert run(level(), range(500), few) == []


def test_a_partition_that_never_spoke_may_be_silent() -> None:
    assert run(level(), range(500), lambda m: partitions(m, silent=1, after=0)) == []


def test_a_partition_heard_of_late_is_learned_before_its_silence_is_told() -> None:
    def late(minute: int, *, until: int) -> dict[int, dict[str, int]]:
        others = {source: steady(minute + source) for source in range(3)}
        return others | {3: steady(minute) if 100 <= minute < until else {}}

    assert run(level(), range(300), lambda m: late(m, until=102)) == []
    (alert,) = run(level(), range(230), lambda m: late(m, until=200))
    assert alert.entity.value == "partition 3"


def test_a_service_that_is_scaled_down_for_the_night_is_nothing() -> None:
    def scaled(minute: int) -> dict[int, dict[str, int]]:
        """At night three accounts are left, on one partition in turn."""
        if minute < 200:
            return partitions(minute, silent=0, after=1000)
        said: dict[int, dict[str, int]] = {source: {} for source in range(4)}
        if minute % 3 == 0:
            said[minute % 4] = {"requests": 3, "accounts": 3, "tokens": 3000}
        return said

    assert [v for v in told(run(level(), range(600), scaled)) if v.startswith("partition")] == []


def test_ten_times_the_requests_of_two_days_are_told_by_their_series() -> None:
    def surge(minute: int) -> dict[int, dict[str, int]]:
        facts = steady(minute)
        return {0: {n: c * (10 if minute >= 2900 else 1) for n, c in facts.items()}}

    service = level()
    assert run(service, range(2900), surge) == []
    alerts = run(service, range(2900, 2905), surge)
    assert set(told(alerts)) == {"requests a minute", "tokens a minute"}
    assert {alert.detector for alert in alerts} == {"service_shift"}


def test_it_goes_on_after_a_restart_as_if_nothing_had_been() -> None:
    def all_at_once(minute: int) -> dict[int, dict[str, int]]:
        said = partitions(minute, silent=2)
        return said | {0: steady(minute, **({"lost payment": 280} if minute >= 210 else {}))}

    whole = level()
    expected = run(whole, range(260), all_at_once)
    assert {"partition 2", "field payment"} <= set(told(expected))
    kept: dict[str, bytes] = {}
    service, alerts = level(), []
    for start in range(0, 260, 13):
        alerts += run(service, range(start, start + 13), all_at_once)
        segments, dropped, state = service.save()
        kept = {name: data for name, data in (kept | segments).items() if name not in dropped}
        service = level()
        service.restore(kept, state)
    assert alerts == expected
    assert len(kept) < 60
