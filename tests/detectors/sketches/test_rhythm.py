from detectors.sketches.rhythm import DAY, LEAST_DAYS, Rhythm


def lived(days: int) -> Rhythm:
    rhythm = Rhythm()
    for hour in range(24 * days):
        rhythm.judge(float(hour % 24), hour * 3600.0)
    return rhythm


def test_nothing_is_known_in_the_first_days() -> None:
    assert lived(LEAST_DAYS - 1).judge(99.0, (LEAST_DAYS - 1) * DAY) == 0.0


def test_a_value_is_compared_with_the_same_time_on_earlier_days() -> None:
    assert lived(7).judge(15.0, 7 * DAY + 3 * 3600.0) == 12.0


def test_midnight_has_a_day_on_both_sides() -> None:
    rhythm = Rhythm()
    for day in range(7):
        rhythm.judge(5.0, day * DAY + DAY - 60.0)

    assert rhythm.judge(6.0, 7 * DAY + 60.0) == 1.0


def test_what_was_seen_today_is_still_new_today() -> None:
    rhythm = lived(7)
    rhythm.judge(100.0, 7 * DAY + 3600.0)

    assert rhythm.judge(100.0, 7 * DAY + 3660.0) > 90.0
    assert rhythm.judge(100.0, 8 * DAY + 3600.0) == 0.0
