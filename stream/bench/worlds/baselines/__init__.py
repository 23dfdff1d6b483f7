"""What Weir is compared with: earlier methods, as contenders in the same harness.

All see the same records in the same order, none sees a label, and each keeps to the settings of its
paper or library. None was fitted on a world.
"""

from collections.abc import Mapping

from stream.bench.worlds.baselines.edge_stream import EdgeStream
from stream.bench.worlds.baselines.fixed_limits import FixedLimits
from stream.bench.worlds.baselines.half_space_trees import HalfSpaceTrees
from stream.bench.worlds.baselines.prada import Prada
from stream.bench.worlds.baselines.rate_drift import Adwin, PageHinkley
from stream.bench.worlds.baselines.two_sample import TwoSample
from stream.bench.worlds.raised import Contender

BASELINES: Mapping[str, type[Contender]] = {
    each.name: each
    for each in (
        FixedLimits,
        HalfSpaceTrees,
        Prada,
        TwoSample,
        EdgeStream,
        Adwin,
        PageHinkley,
    )
}
