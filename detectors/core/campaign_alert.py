"""What a campaign's alert says: who is in it, what ties each, how it grew, and how it grew back."""

import math
from collections.abc import Sequence

import msgspec
import xxhash
from msgspec.structs import replace

from detectors.core.campaign import Campaign, Members, Together, thin
from detectors.core.detector import share
from detectors.core.moves import Pivot
from detectors.core.parts import fitting
from detectors.core.prose import shown
from detectors.core.records import (
    TOOLS,
    Alert,
    Entity,
    Evidence,
    Look,
    Member,
    Severity,
    Tie,
    Window,
)
from detectors.core.settings import Settings
from detectors.core.severity import SEVERITIES, severity_of
from detectors.core.succession import REGROWTH, regrowth_of, replaced
from detectors.core.suspects import Suspect, nats_of

#: Accounts, samples and kinds of evidence in one alert at most.
MOST_ACCOUNTS, MOST_SAMPLES, MOST_EVIDENCE = 5000, 20, 30
#: Members of whom it says what ties them, suspects that are named for one and for all, and looks
#: back.
MOST_MEMBERS, MOST_TIES, MOST_ENTITIES, MOST_LOOKS = 200, 8, 100, 50
#: Bytes of the whole as JSON however long the names, of them for entities at most, and left for
#: members by the list of accounts.
MOST_BYTES, BYTES_ENTITIES, BYTES_MEMBERS = 100_000, 10_000, 15_000

MEETING = "egresses at which accounts of its templates met"


def of(
    campaign: Campaign, members: Members, *, tick: int, limit: float, settings: Settings
) -> Alert:
    """Return the alert of a campaign as it stands.

    Args:
        campaign: with this look noted in its history.
        members: its suspects and accounts.
        tick: second that is closed.
        limit: p-value that the budget lets through, were it of one signal.
        settings: of the level.
    """
    claims = members.claims()
    p_value = math.exp(-members.nats(tick))
    best = {detector: alerts[0] for detector, alerts in claims.items()}
    newest = max(
        (alert for alerts in claims.values() for alert in alerts),
        key=lambda alert: (alert.severity != "info", alert.ts, -alert.p_value, alert.id),
    )
    meeting = members.meeting
    nats = {detector: nats_of(alert, tick) for detector, alert in best.items()}
    weights = share(nats | ({MEETING: meeting.nats} if meeting is not None else {}))
    ordered = sorted(best, key=lambda detector: (-weights[detector], detector))
    capabilities = [a.capability for d in ordered for a in claims[d] if a.capability]
    key = f"campaign|{campaign.id}|{tick}"
    regrown, regrowth = _regrowth(members)
    strongest = sorted(
        members.suspects, key=lambda s: (-max(s.nats(tick).values(), default=0.0), s.key)
    )
    return _bounded(
        Alert(
            id=xxhash.xxh3_128_hexdigest(key.encode(), settings.seed),
            ts=float(tick + 1),
            raised_at=float(tick + 1),
            detector="campaign",
            signal="campaign",
            severity=_severity(p_value, members, limit=limit),
            p_value=p_value,
            entity=Entity(scope="campaign", value=campaign.id),
            accounts=members.accounts[:MOST_ACCOUNTS],
            accounts_total=len(members.accounts),
            window=Window(start=campaign.onset, end=float(tick + 1)),
            summary=(
                f"{len(members.accounts)} accounts act together behind "
                f"{_described(members.suspects)}, since "
                f"{max(tick + 1 - campaign.onset, 0):,.0f} s{regrown}: {newest.summary}"
            ),
            evidence=[
                *(
                    _evidence(best[detector], len(claims[detector]), weights[detector])
                    for detector in ordered[:MOST_EVIDENCE]
                ),
                *(_meeting(meeting, weights[MEETING]) if meeting is not None else ()),
                *regrowth,
            ],
            samples=_samples(members),
            version=settings.version,
            campaign=campaign.id,
            capability=capabilities[0] if capabilities else None,
            members=_members(members.accounts[:MOST_MEMBERS], strongest, own=members.own),
            entities=_entities(members.accounts, strongest),
            history=_history(campaign),
            merged=campaign.merged or None,
        )
    )


def _severity(p_value: float, members: Members, *, limit: float) -> Severity:
    usual = severity_of(p_value, limit=limit, accounts=len(members.accounts))
    several = {a.signal for alerts in members.claims().values() for a in alerts if _by_many(a)}
    if several <= TOOLS:
        return min(usual, "medium", key=SEVERITIES.index)
    return usual


def _by_many(alert: Alert) -> bool:
    return alert.accounts_total > 1


def pivot_of(campaign: str, pivot: Pivot, *, tick: int, limit: float, settings: Settings) -> Alert:
    """Return an alert of accounts of a campaign that moved to a model, whatever their groups.

    Args:
        campaign: its id.
        pivot: who moved, where and since when.
        tick: second that is closed.
        limit: p-value that the budget lets through; above it this is evidence at most.
        settings: of the level.
    """
    p_value, moved = math.exp(-pivot.nats), len(pivot.accounts)
    age = "" if pivot.released is None else f", released {tick + 1 - pivot.released:,.0f} s ago,"
    key = f"model_pivot|{campaign}|{pivot.model}|{tick}"
    severity = severity_of(p_value, limit=limit, accounts=moved) if p_value <= limit else "info"
    return Alert(
        id=xxhash.xxh3_128_hexdigest(key.encode(), settings.seed),
        ts=float(tick + 1),
        raised_at=float(tick + 1),
        detector="model_pivot",
        signal="pivot",
        severity=severity,
        p_value=p_value,
        entity=Entity(scope="campaign", value=campaign),
        accounts=pivot.accounts[:MOST_ACCOUNTS],
        accounts_total=moved,
        window=Window(start=float(pivot.since), end=float(tick + 1)),
        summary=(
            f"{moved} of its accounts moved to {shown(pivot.model)}{age} within "
            f"{max(tick + 1 - pivot.since, 1):,} s, where {pivot.expected:.1f} were to be expected."
        ),
        evidence=[
            Evidence(
                feature="accounts moved to the model",
                observed=float(moved),
                expected=pivot.expected,
                contribution=1.0,
                unit="accounts",
                note=pivot.model,
            )
        ],
        samples=[],
        version=settings.version,
    )


def _meeting(found: Together, contribution: float) -> list[Evidence]:
    """Return at how many egresses the accounts of all templates met."""
    return [
        Evidence(
            feature=MEETING,
            observed=found.again,
            expected=found.expected,
            contribution=contribution,
            unit="egresses",
            note=f"of {found.egresses:.0f}",
        )
    ]


def _described(suspects: Sequence[Suspect]) -> str:
    """Return how many suspects of each scope there are, in words."""
    scopes: dict[str, int] = {}
    for suspect in suspects:
        scopes[suspect.key[0]] = scopes.get(suspect.key[0], 0) + 1
    plural = {"proxy": "proxies"}
    words = [
        f"{count} {scope if count == 1 else plural.get(scope, scope + 's')}"
        for scope, count in sorted(scopes.items())
    ]
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _evidence(alert: Alert, entities: int, contribution: float) -> Evidence:
    """Return the first evidence of a detector's strongest alert, as part of a campaign's."""
    first = alert.evidence[0]
    note = f"{alert.detector} on {alert.entity.scope} {alert.entity.value}"
    if entities > 1:
        note += f" and {entities - 1} more"
    return Evidence(
        feature=first.feature,
        observed=first.observed,
        expected=first.expected,
        contribution=contribution,
        unit=first.unit,
        note=note if first.note is None else f"{note}: {first.note}",
    )


def _regrowth(members: Members) -> tuple[str, list[Evidence]]:
    """Return how much of what was banned came back, in words and as evidence.

    Banned are the campaign's accounts, and all of a suspect whose heirs were told of.  An account
    counts once, and so does a place, however many suspects see them; what an heir is told of by
    is evidence already, so this adds none.
    """
    accounts = set(members.accounts)
    banned: dict[str, int] = {}
    joined: dict[str, int] = {}
    for suspect in members.suspects:
        for account, at in suspect.banned.items():
            if suspect.heirs or account in accounts:
                banned[account] = max(at, banned.get(account, 0))
        for account, at in suspect.heirs.items():
            joined[account] = min(at, joined.get(account, at))
    if not banned:
        return "", []
    times, heirs = sorted(banned.values()), sorted(joined.values())
    told = [e for alert in members.claims().get("heir", []) for e in alert.evidence]
    back = {label: len(replaced(times, heirs, within=w)) for label, w in REGROWTH.items()}
    words = ""
    if any(back.values()):
        parts = " and ".join(f"{count} within {label}" for label, count in back.items())
        words = f"; of {len(banned)} banned accounts {parts} had heirs"
    figures = [("accounts banned", float(len(banned)), 0.0)]
    for label, count in back.items():
        feature = regrowth_of("accounts", label)
        share = max((e.expected for e in told if e.feature == feature), default=0.0)
        what = f"heirs of banned accounts within {label}"
        figures.append((what, float(count), share * len(banned)))
    return words, [
        Evidence(feature=what, observed=seen, expected=usual, contribution=0.0, unit="accounts")
        for what, seen, usual in figures
    ]


def _members(
    accounts: Sequence[str], suspects: Sequence[Suspect], *, own: Sequence[Alert]
) -> list[Member]:
    """Return what ties accounts: the suspects that name them, and for what they were named."""
    found = []
    did = [(alert.signal, set(alert.accounts)) for alert in own]
    for account in accounts:
        naming = [suspect for suspect in suspects if account in suspect.ties]
        signals = {signal for suspect in naming for signal in suspect.ties[account]}
        signals.update(signal for signal, named in did if account in named)
        found.append(
            Member(
                account=account,
                entities=[":".join(suspect.key) for suspect in naming[:MOST_TIES]],
                signals=sorted(signals),
            )
        )
    return found


def _entities(accounts: Sequence[str], suspects: Sequence[Suspect]) -> list[Tie]:
    """Return the suspects of a campaign, each with how many of the accounts it names."""
    known = set(accounts)
    return [
        Tie(
            scope=suspect.key[0],
            value=suspect.key[1],
            accounts=len(known & suspect.ties.keys()),
        )
        for suspect in suspects[:MOST_ENTITIES]
    ]


def _history(campaign: Campaign) -> list[Look]:
    kept = list(campaign.history)
    thin(kept, most=MOST_LOOKS)
    return [Look(ts=float(at + 1), accounts=many, entities=suspects) for at, many, suspects in kept]


def _bounded(alert: Alert) -> Alert:
    """Return an alert that is no larger than it may be, with as many names as there is room for."""
    entities = fitting(alert.entities or [], BYTES_ENTITIES)
    bare = replace(alert, accounts=[], members=[], entities=entities)
    left = MOST_BYTES - len(msgspec.json.encode(bare))
    bare = replace(bare, accounts=fitting(alert.accounts, left - BYTES_MEMBERS))
    left = MOST_BYTES - len(msgspec.json.encode(bare))
    return replace(bare, members=fitting(alert.members or [], left))


def _samples(members: Members) -> list[str]:
    """Return requests to look at, some of each suspect and of what its accounts did."""
    claims = [*members.own, *(a for s in members.suspects for a in s.claims.values())]
    columns = [alert.samples for alert in claims]
    rounds = (c[n] for n in range(MOST_SAMPLES) for c in columns if n < len(c))
    return list(dict.fromkeys(rounds))[:MOST_SAMPLES]
