"""The contenders, in the order of the table."""

from tests.bench.contender import Contender

BASELINE = "faust"

LINEUP = (
    Contender(
        name=BASELINE,
        title="plain Faust agent, a count per account in a dict",
        module="faust_agent",
    ),
    Contender(
        name="aiokafka",
        title="aiokafka `getmany()` alone",
        module="aiokafka_getmany",
    ),
    Contender(
        name="aiokafka-orjson",
        title="aiokafka `getmany()`, `orjson.loads` of every record",
        module="aiokafka_getmany",
        variant="orjson",
    ),
    Contender(
        name="bytewax",
        title="Bytewax, one worker, `orjson.loads` and a count per account",
        module="bytewax_count",
    ),
    Contender(
        name="quix",
        title="Quix Streams, JSON and a count per account in its state",
        module="quix_count",
    ),
    Contender(
        name="weir-none",
        title="**Weir** worker, no detectors",
        module="weir_worker",
        variant="none",
    ),
    Contender(
        name="weir-one",
        title="**Weir** worker, one detector (`rate_surge`)",
        module="weir_worker",
        variant="one",
    ),
    Contender(
        name="weir-all",
        title="**Weir** worker, all detectors",
        module="weir_worker",
        variant="all",
    ),
    Contender(
        name="weir-replay",
        title="**Weir** replay of a file, all detectors",
        module="weir_replay",
        variant="all",
        reads_file=True,
    ),
)
