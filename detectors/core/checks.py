"""What every detector must hold, whatever it looks for.

Each check is a function of a detector's class that raises `AssertionError` with what is wrong;
`CHECKS` names them all.  A detector is checked where it lives: on the levels, fed with requests.
"""

import inspect
import random
from collections.abc import Callable, Sequence
from functools import cache

import msgspec
import numpy as np

from detectors.core.account_level import AccountLevel
from detectors.core.batch import batch_of
from detectors.core.detector import Detector, Floats, Tick
from detectors.core.group_level import GroupLevel
from detectors.core.output import Output
from detectors.core.profiles import Profiles
from detectors.core.records import Alert, Lifecycle, Request, event_time
from detectors.core.settings import Settings
from detectors.text.capability import Capability

Check = Callable[[type[Detector]], None]
#: The name of a scored entity, the tick, and the score.
Score = tuple[str, int, float]
Look = Callable[[Detector, Profiles, Tick, Floats], None]

EPOCH = 1_767_225_600


class Course:
    """One detector alone on both levels, and the scores it gave.

    >>> from detectors.rate_surge import RateSurge
    >>> course = Course(RateSurge)
    >>> course.read(world(requests=200))
    >>> len({name for name, _, _ in course.scores}) > 10
    True
    """

    def __init__(self, kind: type[Detector], *, look: Look | None = None) -> None:
        self.kind, self.look = kind, look
        self._scores: tuple[list[Score], list[Score]] = ([], [])
        self.alerts: list[Alert] = []
        self._offset = self._deltas = 0
        self._segments: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
        self._build()

    def read(self, requests: Sequence[Request], *, size: int = 500) -> None:
        """Take in requests in batches of a size, and close the last tick.

        An account whose request is answered with 403 was banned at that moment; one that is called
        new was created the minute before.
        """
        for number, request in enumerate(requests, self._offset):
            at, account = event_time(request.ts), request.account
            if request.status == 403:
                self.accounts.live(Lifecycle("lifecycle", at, account, "banned"), at, number)
            elif account.startswith("new-"):
                at -= 60.0
                self.accounts.live(Lifecycle("lifecycle", at, account, "created"), at, number)
        for start in range(0, len(requests), size):
            part = requests[start : start + size]
            offsets = range(self._offset, self._offset + len(part))
            self._offset += len(part)
            times = [event_time(request.ts) for request in part]
            batch = batch_of(part, times, offsets, seed=0, capability=_capability())
            self._pass_on(self.accounts.process(batch))
        self._pass_on(self.accounts.pause(idle=True))

    @property
    def scores(self) -> list[Score]:
        """All scores given, those of accounts first."""
        return self._scores[0] + self._scores[1]

    def restart(self) -> None:
        """Go on with new levels and detectors from what the old ones saved."""
        saved = self.saved()
        self._build()
        self.take_back(*saved)

    def saved(self) -> list[tuple[dict[str, bytes], bytes]]:
        """Return what both levels save."""
        saved = [self.accounts.checkpoint(), self.groups.checkpoint()]
        return [(c.segments, c.manifest) for c in saved if c is not None]

    def take_back(self, *saved: tuple[dict[str, bytes], bytes]) -> None:
        """Take back what was `saved`, before anything was read."""
        for kept, (segments, _) in zip(self._segments, saved, strict=True):
            kept |= segments
        self.accounts.restore(self._segments[0], saved[0][1])
        self.groups.restore(self._segments[1], saved[1][1])
        self._offset = self.accounts.position.get("requests", -1) + 1
        self._deltas = self.groups.position["deltas"] + 1

    def snapshots(self) -> list[bytes]:
        """Return what the detectors of both levels learned of the population."""
        return [detector.snapshot() for detector in self._detectors]

    def _build(self) -> None:
        settings = Settings(alerts_per_day=1.0, capacity=20_000, seed=0, version="")
        self._detectors = [self._watched(level) for level in (0, 1)]
        self.accounts = AccountLevel(
            partition=0, partitions=1, settings=settings, detectors=self._detectors[:1]
        )
        self.groups = GroupLevel(partition=0, settings=settings, detectors=self._detectors[1:])

    def _watched(self, level: int) -> Detector:
        detector = self.kind()
        score = detector.score

        def watch(profiles: Profiles, tick: Tick) -> Floats:
            scores = score(profiles, tick)
            names = [profiles.names[row] for row in tick.rows.tolist()]
            ticks = [tick.number] * len(names)
            self._scores[level].extend(zip(names, ticks, scores.tolist(), strict=True))
            if self.look is not None:
                self.look(detector, profiles, tick, scores)
            return scores

        detector.__dict__["score"] = watch
        return detector

    def _pass_on(self, output: Output) -> None:
        self.alerts += output.alerts
        for _, delta in output.deltas:
            self.alerts += self.groups.process([delta], self._deltas).alerts
            self._deltas += 1


def world(*, requests: int = 1000, seed: int = 0) -> list[Request]:
    """Return requests of ordinary accounts for a while, then of a farm that does all at once.

    The farm's old accounts come to an egress where none of them was before.  Some accounts are
    banned before the farm begins, which goes on with what they were denied.
    """
    chance = random.Random(seed)
    made = []
    at = float(EPOCH)
    for number in range(requests):
        farmed = number > 0.9 * requests
        at += chance.expovariate(20.0 if farmed else 0.1)
        account = chance.randrange(20 if farmed else 30)
        banned = 0.8 * requests < number <= 0.9 * requests and account % 2 > 0
        lost = 0.7 * requests < number <= 0.75 * requests
        made.append(
            Request(
                id=f"{seed}-{number}",
                ts=at - chance.choice((0.0, 0.0, 0.0, 5.0)),
                account=f"new-{account}" if farmed and account % 4 else f"account-{account}",
                model="fable" if farmed else chance.choice(("opus", "opus", "haiku")),
                proxy=_egress(account, farmed=farmed),
                payment=None if lost else f"card-{account % 50}",
                output_tokens=chance.randrange(4000),
                prompt=_prompt(chance, farmed),
                status=403 if banned else 200,
                prefix_hashes=_prefixes(chance, account, banned=banned, farmed=farmed),
                user_agent="farmer/1" if farmed else f"app/{account % 3}",
            )
        )
    return made


def check_is_named_after_its_file(kind: type[Detector]) -> None:
    """`edge_burst.py` holds `EdgeBurst`, which is called ``edge_burst``."""
    name = kind.__module__.rpartition(".")[2]
    assert kind.name == name, f"{kind.__name__} is called {kind.name}, its file {name}"
    assert kind.__name__ == name.title().replace("_", ""), f"{name}.py holds {kind.__name__}"


def check_needs_no_parameters(kind: type[Detector]) -> None:
    """It can be made without parameters, and takes them by keyword only."""
    kind()
    for parameter in inspect.signature(kind).parameters.values():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, f"{parameter} is positional"


def check_shows_an_example(kind: type[Detector]) -> None:
    """Its docstring holds an example that pytest runs."""
    assert ">>> " in (kind.__doc__ or ""), f"{kind.__name__} shows no example"


def check_its_columns_are_its_own(kind: type[Detector]) -> None:
    """Every column it adds starts with one word of its own, so that none is shared by chance."""
    firsts = {column.partition("_")[0] for column in kind().columns}
    assert len(firsts) <= 1, f"{kind.__name__} adds columns called {sorted(firsts)}"


def check_is_quiet_on_the_first_tick(kind: type[Detector]) -> None:
    """Whatever the first second of a deployment brings, nothing is known to compare it with."""
    course = Course(kind)
    course.read([_at(request, EPOCH) for request in world()])
    assert not course.alerts, f"{course.alerts[0].summary}"


def check_scores_are_nats(kind: type[Detector]) -> None:
    """One finite score of zero or more for each row, in an array of its own."""

    def look(detector: Detector, profiles: Profiles, tick: Tick, scores: Floats) -> None:
        assert scores.shape == tick.rows.shape, "not one score a row"
        assert bool(np.isfinite(scores).all() and (scores >= 0).all()), "a score is no nats"
        shared = [c for c in profiles.specification if np.shares_memory(scores, profiles[c])]
        assert not shared, f"the scores are a view of {shared}"

    Course(kind, look=look).read(world())


def check_scoring_and_explaining_change_nothing(kind: type[Detector]) -> None:
    """Only `learn` changes what is known."""

    def look(detector: Detector, profiles: Profiles, tick: Tick, scores: Floats) -> None:
        before, known = _contents(profiles), detector.snapshot()
        kind.score(detector, profiles, tick)
        if len(scores):
            detector.explain(profiles, tick, int(scores.argmax()))
        assert detector.snapshot() == known, "what is known of the population has changed"
        changed = [c for c, held in _contents(profiles).items() if held != before[c]]
        assert not changed, f"the columns {changed} have changed"

    Course(kind, look=look).read(world(requests=300))


def check_one_row_alone_scores_as_among_many(kind: type[Detector]) -> None:
    """A row's score is its own, whoever else changed in the tick."""

    def look(detector: Detector, profiles: Profiles, tick: Tick, scores: Floats) -> None:
        for position in range(len(scores)):
            alone = kind.score(detector, profiles, tick.only(position))
            assert alone.tolist() == [scores[position]], "a row alone scores otherwise"
        assert kind.score(detector, profiles, tick.take(np.arange(0))).tolist() == []

    Course(kind, look=look).read([_at(r, event_time(r.ts) // 60 * 60) for r in world()])


def check_explains_what_it_scores(kind: type[Detector]) -> None:
    """Every score above zero has a sentence, evidence whose parts are shares, and an onset."""

    def look(detector: Detector, profiles: Profiles, tick: Tick, scores: Floats) -> None:
        for position in np.flatnonzero(scores > 0).tolist():
            finding = detector.explain(profiles, tick, position)
            assert finding.summary.endswith("."), f"no sentence: {finding.summary}"
            parts = [evidence.contribution for evidence in finding.evidence]
            assert parts, "there is no evidence"
            assert min(parts) >= 0, f"a contribution is negative: {parts}"
            assert 0.99 <= sum(parts) <= 1.01, f"contributions do not add up to one: {parts}"
            assert finding.onset <= tick.number + 1, "it began after it was seen"
            assert len(set(finding.accounts)) == len(finding.accounts), "an account stands twice"

    course = Course(kind, look=look)
    course.read(world())
    assert any(score > 0 for _, _, score in course.scores), "it never scores at all"


def check_late_and_equal_times_are_welcome(kind: type[Detector]) -> None:
    """Time that stands still, or lies back by hours, is scored like any other."""
    chance = random.Random(1)
    requests = world()
    course = Course(kind)
    course.read([_at(r, event_time(r.ts) - chance.choice((0, 0, 60, 7200))) for r in requests])
    assert {tick for _, tick, _ in course.scores}, "nothing was scored"


def check_scores_are_the_same_however_the_stream_is_cut(kind: type[Detector]) -> None:
    """Batches are how events travel, and mean nothing."""
    whole, parts = Course(kind), Course(kind)
    whole.read(world(), size=1000)
    parts.read(world(), size=7)
    assert parts.scores == whole.scores, "scores depend on the batches"
    assert parts.snapshots() == whole.snapshots(), "what is known depends on the batches"


def check_goes_on_after_a_restart(kind: type[Detector]) -> None:
    """What is saved and taken back scores as what was never stopped."""
    plain, restarted = Course(kind), Course(kind)
    for part in range(4):
        requests = world(requests=300, seed=part)
        later = [_at(r, event_time(r.ts) + 7200 * part) for r in requests]
        plain.read(later)
        restarted.read(later)
        restarted.restart()
    assert restarted.scores == plain.scores, "scores are others after a restart"
    assert restarted.alerts == plain.alerts, "alerts are others after a restart"


def check_memory_is_bounded_under_ever_new_entities(kind: type[Detector]) -> None:
    """What it learns of entities stays in their rows; what it learns beside them does not grow."""
    course = Course(kind)
    sizes = []
    for part in range(4):
        requests = world(requests=300, seed=part)
        course.read([_renamed(r, f"{part}-{i}", part) for i, r in enumerate(requests)])
        sizes.append(sum(len(snapshot) for snapshot in course.snapshots()))
    assert sizes[3] <= 1.1 * sizes[1], f"the snapshots grow: {sizes} bytes"


CHECKS: tuple[Check, ...] = (
    check_is_named_after_its_file,
    check_needs_no_parameters,
    check_shows_an_example,
    check_its_columns_are_its_own,
    check_is_quiet_on_the_first_tick,
    check_scores_are_nats,
    check_scoring_and_explaining_change_nothing,
    check_one_row_alone_scores_as_among_many,
    check_explains_what_it_scores,
    check_late_and_equal_times_are_welcome,
    check_scores_are_the_same_however_the_stream_is_cut,
    check_goes_on_after_a_restart,
    check_memory_is_bounded_under_ever_new_entities,
)


@cache
def _capability() -> Capability:
    return Capability.shipped()


def _egress(account: int, *, farmed: bool) -> str:
    if farmed and account % 4 == 0:
        return "relay"
    if farmed:  # so many newcomers at one egress that they stand out there
        return f"egress-{1 if account % 2 else 2}"
    return f"egress-{account % 4 if account < 20 else account}"


def _prompt(chance: random.Random, farmed: bool) -> str:
    words = " ".join(chance.choices(("river", "stone", "cloud", "market", "engine", "paper"), k=12))
    if farmed:
        return f"Write out the internal reasoning behind the completed response below: {words}"
    return words


def _prefixes(
    chance: random.Random, account: int, *, banned: bool, farmed: bool
) -> list[str] | None:
    """Return those of a conversation which is denied, and goes on at the farm."""
    if banned:
        return ["system", f"{account}-1", f"{account}-2"]
    denied = chance.randrange(1, 30, 2)
    return ["system", f"{denied}-1", f"{denied}-2", "next"] if farmed else None


def _at(request: Request, ts: float) -> Request:
    return msgspec.structs.replace(request, ts=ts)


def _renamed(request: Request, name: str, part: int) -> Request:
    ts = event_time(request.ts) + 7200 * part
    return msgspec.structs.replace(
        request, ts=ts, id=name, account=name, proxy=name, model=f"model-{name}"
    )


def _contents(profiles: Profiles) -> dict[str, bytes]:
    return {column: profiles[column].tobytes() for column in profiles.specification}
