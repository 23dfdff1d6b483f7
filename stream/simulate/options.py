"""The options of `weir simulate` that say what a world is like."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

import click

from stream.simulate.campaigns import CAPABILITIES, KEEPABLE, SHAPES
from stream.simulate.world import World

_OF_SHAPE: Final = "of the campaign's shape"
#: What is asked of the operator, by the field of `World`: its type, and what it is.
SETTINGS: Final[dict[str, tuple[Any, str]]] = {
    "seed": (int, "Another world for each."),
    "accounts": (int, "Benign accounts."),
    "hours": (float, "Hours of event time."),
    "start": (str, "Event time of the first record, as a number or as 2026-01-01T00:00:00Z."),
    "intensity": (float, "Multiplies what every benign account does."),
    "churn": (float, "Share of the benign accounts that are new, per day."),
    "departures": (float, "Share of the benign accounts that are banned or closed, per day."),
    "background": (
        str,
        "built-in, or servegen:DIR for arrivals, rates, pauses and lengths of the real clients in "
        "DIR's <model>_trace.csv.gz and <model>_token_quantiles.csv.gz.",
    ),
    "text": (click.Choice(["prompt", "sketch", "none"]), "What requests carry of their prompt."),
    "release_at": (float, "Seconds after the start at which a model is released; left out: none."),
    "campaign": (
        str,
        f"A campaign among them: {', '.join(SHAPES)}, or none. May be given several times, each "
        "with settings of its own, as in mid2026:accounts=500,mixing=0.9. What follows goes for "
        "every campaign.",
    ),
    "campaign_at": (float, "Seconds after the start at which it begins; 0: it has been running."),
    "campaign_accounts": (int, "Its accounts."),
    "requests_per_account_day": (float, "What each of its accounts does."),
    "proxies": (int, "Its egresses."),
    "accounts_per_proxy": (float, "Sets the egresses by how many accounts come through each."),
    "egresses_per_account": (int, "Egresses that one of its accounts comes through, at most 8."),
    "customers_per_proxy": (int, "Unrelated benign accounts that come through each egress."),
    "accounts_per_payment": (int, "Accounts that share one payment instrument."),
    "own_clients": (int, "TLS fingerprints of its own; 0: its accounts come with common clients."),
    "templates": (int, "Prompts with slots that it works from."),
    "capabilities": (str, f"What it is after, joined by +: {', '.join(CAPABILITIES[1:])}."),
    "mixing": (float, "Share of ordinary requests among its own, 0 to 0.95."),
    "lockstep": (float, "Share of its tasks that start in a common wave."),
    "even_share": (float, "Share of its tasks that go to the least loaded account."),
    "duty": (float, "Share of each half hour in which it works; in the rest all pause."),
    "ban_rate": (float, "Bans per account and day."),
    "heirs": (bool, "Whether a new account takes over from a banned one."),
    "heir_delay": (float, "Median seconds from a ban to the heir."),
    "heir_keeps": (
        str,
        f"What an heir takes over besides the schedule, joined by +: {', '.join(KEEPABLE)}; or "
        "nothing.",
    ),
    "failover": (float, "Share of refused conversations that go on under another account."),
    "pivot_share": (float, "Share of its extraction that moves to the released model."),
    "pivot_delay": (float, "Seconds from the release to its first request that moves."),
    "pivot_seconds": (float, "Seconds that the move takes."),
    "aged": (float, "Evasion: seconds for which an account is kept before it is used."),
    "jitter": (float, "Evasion: seconds over which a wave is spread."),
    "paraphrase": (float, "Evasion: chance that a task says a phrase of its template otherwise."),
    "slow_start": (float, "Evasion: seconds in which a new account comes up to its full rate."),
    "rotate_payment": (float, "Evasion: seconds after which an account pays otherwise; 0: never."),
    "rotate_egress": (float, "Evasion: seconds after which it has other egresses; 0: never."),
}
#: Not those of `World`: a world that is asked for by hand should have something to find in it.
_DEFAULTS: Final = {"campaign": ("minimax",)}


def world_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for every setting of a world."""
    defaults = {field.name: field.default for field in fields(World)} | _DEFAULTS
    for name, (kind, help) in reversed(SETTINGS.items()):
        option = "--" + name.replace("_", "-")
        default = defaults[name]
        several = name == "campaign"
        shown: bool | str = default is not None
        if default is None and name != "release_at":
            shown = _OF_SHAPE
        if kind is bool:
            option, kind = f"{option}/--no-{option[2:]}", None
        command = click.option(
            option, type=kind, default=default, help=help, show_default=shown, multiple=several
        )(command)
    return command
