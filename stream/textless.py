"""Records without their text, for dead letters: a broken record must not keep a prompt either."""

import re

import msgspec

from detectors.core.records import Lifecycle, Release, Request, Verdict
from stream.decoded import MOST_NAMES, NAME_LENGTH

#: Fields of the contracts in which people write what they like, and all others.
_WRITTEN = {"prompt", "system_prompt", "note", "reason"}
_NAMED = {
    name for kind in (Request, Lifecycle, Release, Verdict) for name in kind.__struct_fields__
} - _WRITTEN
#: Bytes of the longest value shown, and of what is shown of a record that is no JSON object.
_VALUE, _BEGINNING = 256, 2048
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
#: Fields with which a broken object begins, as far as each can be told from text.
_FIELDS = re.compile(
    rb'\s*\{(?:\s*"(?:%s)"\s*:\s*(?:"[^"\\]{0,%d}"|[0-9.eE+-]+)\s*,)+'
    % ("|".join(sorted(_NAMED)).encode(), _VALUE - 2)
)


def without_text(value: bytes) -> bytes:
    """Return a record with what its contract names, but for text, lists and objects.

    Of these, and of long values, the size is said; of a few other fields the name and the size.
    Of what is no JSON object the fields at its beginning are shown, if it can be read so far.

    >>> without_text(b'{"id": "r7", "status": 9, "prompt": "secret", "tool": {"is": "secret"}}')
    b'{"id":"r7","status":9,"prompt":"(8 bytes removed)","tool":"(16 bytes removed)"}'
    >>> without_text(b'{"id": "r7", "prompt": "secr')
    b'{"id": "r7",(16 bytes removed)'
    """
    try:
        fields = _OBJECT.decode(value)
    except (ValueError, RecursionError):
        begins = _FIELDS.match(value, 0, _BEGINNING)
        end = begins.end() if begins else 0
        return value[:end] + _removed(len(value) - end).encode()
    strangers = [name for name in fields if name not in _NAMED | _WRITTEN]
    for name in strangers[MOST_NAMES:]:
        del fields[name]
    return msgspec.json.encode(
        {name[:NAME_LENGTH]: _shown(name, bytes(raw)) for name, raw in fields.items()}
    )


def _shown(name: str, raw: bytes) -> msgspec.Raw | str:
    if name in _NAMED and raw[:1] not in b"[{" and len(raw) <= _VALUE:
        return msgspec.Raw(raw)
    return _removed(len(raw))


def _removed(size: int) -> str:
    return f"({size} bytes removed)"
