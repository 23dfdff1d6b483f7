"""Who takes part in what several suspects say: the accounts that they agree on."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from detectors.core.mesh import Mesh
from detectors.core.records import SUPPORTING
from detectors.core.suspects import Suspect

#: Accounts that so small a part as many suspects name as their fellows were only there.
BYSTANDER = 0.2
#: Egresses at which who is named once only must have met others: a customer behind one of a
#: campaign's egresses who uses a popular template meets its accounts there, and nowhere else.
MEETINGS = 2


def agreed(suspects: Sequence[Suspect]) -> list[str]:
    """Return the accounts that two suspects name, or one that is an alert by itself.

    What else stands behind a suspect's egress may be anybody.  Of one suspect alone all count.
    Where suspects name accounts that many others name too, those that hardly another one names
    were only there, like the customers behind a campaign's egress whose requests an alert counted
    with the campaign's.  Heirs came too late to be named often, and are no bystanders.

    Where most of the accounts met another of them at an egress, who met nobody was only there too,
    unless named more often than is usual: somebody who happens to begin a prompt as a template
    does.  And who met others at several egresses takes part, though one suspect alone names it.
    Who asks for the same kinds of things (`SUPPORTING`), and has nothing else in common with the
    others, takes part in nothing.  Those named most often come first.
    """
    named: Counter[str] = Counter()
    surely: set[str] = set()
    for suspect in suspects:
        named.update(suspect.named.keys())
        for alert in suspect.claims.values():
            if alert.severity != "info" or len(suspects) == 1:
                surely.update(alert.accounts)
    taking_part: set[str] = set()
    for suspect in suspects:
        counts = [named[account] for account in suspect.named]
        least = BYSTANDER * median(counts) if counts else 0.0
        taking_part.update(
            account
            for account, count in zip(suspect.named, counts, strict=True)
            if count >= least or "heir" in suspect.ties[account]
        )
    accounts = {account for account in taking_part if named[account] >= 2 or account in surely}
    if len(suspects) > 1:
        met = Mesh.of(suspects).met()
        ties = (tie for suspect in suspects for tie in suspect.ties.items())
        odd = {account for account, signals in ties if not SUPPORTING.issuperset(signals)}
        accounts = {account for account in accounts if account in odd or met[account]}
        accounts |= {account for account in taking_part if met[account] >= MEETINGS}
        placed = [account for account in accounts if account in met]
        if 2 * sum(met[account] > 0 for account in placed) > len(placed):
            known = {a for s in suspects if s.key[0] != "template" for a in s.named} | surely
            usual = median(named[account] for account in placed)
            accounts -= {a for a in placed if not met[a] and named[a] <= usual and a not in known}
    return sorted(accounts, key=lambda account: (-named[account], account))
