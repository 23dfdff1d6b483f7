"""Prompts that an analyst has at hand, to what they have in common."""

from typing import Literal

import msgspec

from detectors.core.errors import InvalidEventError
from detectors.core.records import Text64, Text128
from detectors.text.capability import WITHOUT_ANSWER
from detectors.text.features import Asked, Hasher, Ints
from detectors.text.wording import LEAST_PROMPTS, wording
from detectors.text.words import words
from stream.codec import fault_of
from stream.decoded import RECORD_BYTES
from stream.files import InputError, InputFile

#: Prompts read at most: among more, features that nobody shares would fall on the same numbers.
MOST_READ = 256
BLOCK_BYTES = 1_048_576


class Logged(msgspec.Struct, frozen=True):
    """Of a request as its contract has it, what the words of a verdict are read from."""

    kind: Literal["request", "lifecycle", "release"] = "request"
    account: str | None = None
    operation: Text64 | None = None
    tools: list[Text128] | None = None
    system_prompt: str | None = None
    prompt: str | None = None


def features_of(name: str) -> list[list[int]]:
    """Return the features that prompts of a file share, for each that is of their wording.

    Prompts that say the same count once, unless they are of different accounts: what one person
    sent three times are still their own words.

    Args:
        name: path of request records, or ``-`` for standard input.

    Raises:
        InputError: the file cannot be read, or too few of its prompts are alike.
    """
    file, hasher = InputFile(name), Hasher()
    found: dict[tuple[str | None, bytes], Ints] = {}
    for number, line in file.lines(block_bytes=BLOCK_BYTES, line_bytes=RECORD_BYTES):
        asked, account = _asked(line, where=f"line {number} of {file.title}")
        if asked is not None:
            numbers = hasher.features([asked]).numbers
            found.setdefault((account, numbers.tobytes()), numbers)
        if len(found) > MOST_READ:
            raise InputError(
                f"{file.title} holds more than {MOST_READ} prompts: keep those that are alike, "
                "such as the requests that the alert names in `samples`"
            )
    if len(found) < LEAST_PROMPTS:
        raise InputError(
            f"{file.title} holds {len(found)} different prompts, and what fewer than "
            f"{LEAST_PROMPTS} have in common may be somebody's own words: add prompts of other "
            "requests that the alert is about, or leave --prompts out, and nothing is learned"
        )
    shared = wording(list(found.values()))
    if len(shared) < LEAST_PROMPTS:
        raise InputError(
            f"the {len(found)} prompts of {file.title} have no wording in common: keep those of "
            "one template, or add more of it"
        )
    return shared


def _asked(line: bytes, *, where: str) -> tuple[Asked | None, str | None]:
    try:
        if len(line) > RECORD_BYTES:
            raise InvalidEventError("too_large", f"longer than {RECORD_BYTES} bytes")
        try:
            logged = _LOGGED.decode(line)
        except (ValueError, RecursionError) as error:
            raise fault_of(error, line) from None
    except InvalidEventError as error:
        raise InputError(f"{where} is no request ({error.detail}): correct or drop it") from None
    prompt = words(logged.prompt) if logged.prompt else []
    system = words(logged.system_prompt) if logged.system_prompt else ()
    if not (prompt or system or logged.tools) or logged.operation in WITHOUT_ANSWER:
        return None, None
    return Asked(prompt, system, logged.tools or (), logged.operation), logged.account


_LOGGED = msgspec.json.Decoder(Logged)
