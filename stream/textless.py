"""Records without their text, for dead letters: nobody's prompt is kept by accident."""

import re

import msgspec

from detectors.core.records import Lifecycle, Release, Request, Verdict

#: Fields of the contracts that people write freely in.
TEXT = frozenset({"prompt", "system_prompt", "note", "reason"})
#: Of what is no JSON object, bytes kept at most: the beginning, up to where text is named.
BEGINNING = 512
#: Bytes of a kept string, and of a kept list of strings that short names stand in.
STRING, LIST, NAME = 1024, 65_536, 128
#: Fields that no contract names, shown at most.
STRANGERS = 16

_FIELDS = frozenset(
    name for kind in (Request, Lifecycle, Release, Verdict) for name in kind.__struct_fields__
)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_NAMES = msgspec.json.Decoder(list[str])
_NAMES_TEXT = re.compile(rb"prompt|messages|content|text", re.IGNORECASE)
_SIMPLE = re.compile(rb"-?[0-9.eE+-]{1,64}|true|false|null")


def without_text(value: bytes) -> bytes:
    r"""Return a record without what people wrote, as far as it can be read.

    Of a JSON object, numbers stay, and the names, times and identities that the contracts know,
    where they are as short as such things are.  Of all else the size is said.  What is no object
    cannot be told apart, and is cut after its first bytes, or before a word that names text.

    >>> without_text(b'{"id": 7, "prompt": "a secret", "messages": [{"content": "another"}]}')
    b'{"id":7,"prompt":"(10 bytes removed)","messages":"(24 bytes removed)"}'
    >>> without_text(b'{"id": 7, "prompt": "a sec')
    b'{"id": 7, "'
    """
    try:
        fields = _OBJECT.decode(value)
    except (ValueError, RecursionError):
        named = _NAMES_TEXT.search(value)
        return value[: min(named.start() if named else BEGINNING, BEGINNING)]
    strangers = [name for name in fields if name not in _FIELDS][:STRANGERS]
    shown = {
        name: raw
        if _stays(name, bytes(raw))
        else msgspec.Raw(b'"(%d bytes removed)"' % len(bytes(raw)))
        for name, raw in fields.items()
        if name in _FIELDS or (name in strangers and len(name) <= NAME)
    }
    return msgspec.json.encode(shown)


def _stays(name: str, raw: bytes) -> bool:
    if _SIMPLE.fullmatch(raw):
        return True
    if name not in _FIELDS or name in TEXT:
        return False
    if raw[:1] == b'"':
        return len(raw) <= STRING + 2
    return raw[:1] == b"[" and len(raw) <= LIST and _are_names(raw)


def _are_names(raw: bytes) -> bool:
    try:
        return all(len(name) <= NAME for name in _NAMES.decode(raw))
    except (ValueError, RecursionError):
        return False
