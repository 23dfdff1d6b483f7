"""What a sender must know of a simulated record: where it belongs, and when it happened."""

import orjson

_OTHER_KIND = b'{"kind":'
_ACCOUNT, _TIME = b'"account":"', b'"ts":'


def route(line: bytes) -> tuple[str, bytes]:
    """Return the topic, without prefix, and the key of a record.

    Requests are not parsed for it: the simulator writes their account in front of all text, and
    quotes within text are escaped.

    >>> route(b'{"id":"r1","ts":5.000,"account":"a1","model":"m","prompt":"hi"}')
    ('requests', b'a1')
    """
    if line.startswith(_OTHER_KIND):
        record = orjson.loads(line)
        if record["kind"] == "release":
            return "releases", record["model"].encode()
        return "lifecycle", record["account"].encode()
    start = line.index(_ACCOUNT) + len(_ACCOUNT)
    return "requests", line[start : line.index(b'"', start)]


def time_of(line: bytes) -> float:
    """Return the event time of a record.

    >>> time_of(b'{"kind":"release","ts":5.25,"model":"m"}')
    5.25
    """
    start = line.index(_TIME) + len(_TIME)
    return float(line[start : line.index(b",", start)])
