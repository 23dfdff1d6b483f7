"""Labelled model-API traffic: a benign population and, if wanted, a campaign in it.

    >>> from stream.simulate import World, labels, records
    >>> world = World(seed=7, accounts=50, hours=0.5, campaign="minimax", campaign_accounts=20)
    >>> lines = list(records(world))
    >>> lines == list(records(world))
    True
    >>> len(labels(world)["campaigns"][0]["accounts"]) >= 20
    True

`records` yields the JSON lines of `weir.requests`, `weir.lifecycle` and `weir.releases` mixed in
event-time order, `simulate` the same as dictionaries, and `labels` what is true of the same world.
A world is its settings: equal settings give equal bytes, in any process and under any hash seed,
as long as the version of numpy and the kind of processor stay the same.
"""

from stream.simulate.traffic import records, simulate
from stream.simulate.truth import labels
from stream.simulate.world import World

__all__ = ["World", "labels", "records", "simulate"]
