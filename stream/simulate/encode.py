"""Requests as columns into JSON lines, a batch at a time."""

from typing import Final

import orjson
import xxhash

from stream.simulate.accounts import Accounts
from stream.simulate.columns import Columns
from stream.simulate.identity import MODELS, TOOLSETS, mixed
from stream.simulate.wording import Wording
from stream.simulate.world import World

_KEPT: Final = 65_536  # accounts whose constant part is remembered
_PREFIXES: Final = 12  # the newest prefixes that a gateway reports
_MARKS: Final = tuple(f"{number:03x}" for number in range(4_096))
_TOOLS: Final = tuple(
    f',"tools":{orjson.dumps(names).decode()}' if names else "" for names in TOOLSETS
)
_OPERATION: Final = '"operation":"chat","model":"'


class Encoder:
    """Write requests in the wire format; the lines of equal requests are equal bytes."""

    def __init__(self, *, world: World, accounts: Accounts) -> None:
        self._accounts = accounts
        self._text = world.text
        self._wording = (
            None
            if world.text == "none"
            else Wording(
                seed=world.seed,
                campaign=world.shape().wording if world.campaign else "",
                text=world.text,
            )
        )
        self._fragments: dict[int, str] = {}
        self._written = 0
        # Ids of different worlds differ, or the second in a topic would be taken for a repeat.
        name = f"{world.seed}|{world.start}|{world.campaign}".encode()
        self._world = f"{xxhash.xxh3_64_intdigest(name) >> 32:08x}"

    def encode(self, requests: Columns) -> list[bytes]:
        """Return one line a request, in the order given."""
        fragments = self._identities(requests)
        prompts, world = self._prompts(requests), self._world
        number = self._written
        self._written += len(requests)
        columns = [
            requests[name].tolist()
            for name in (
                "ts",
                "model",
                "input_tokens",
                "output_tokens",
                "cached_tokens",
                "latency",
                "status",
                "conversation",
                "turn",
                "application",
                "toolset",
            )
        ]
        return [
            (
                f'{{"id":"r{world}{number + place:08x}","ts":{ts:.3f},{fragment}'
                f'{MODELS[model]}","input_tokens":{asked},"output_tokens":{answered},'
                f'"cached_tokens":{cached},"latency_ms":{latency},"status":{status}'
                f"{_conversation(conversation, turn, application) if conversation else ''}"
                f"{_TOOLS[toolset]}{prompt}}}"
            ).encode()
            for place, (
                fragment,
                prompt,
                ts,
                model,
                asked,
                answered,
                cached,
                latency,
                status,
                conversation,
                turn,
                application,
                toolset,
            ) in enumerate(zip(fragments, prompts, *columns, strict=True))
        ]

    def _identities(self, requests: Columns) -> list[str]:
        known = self._fragments
        if len(known) > _KEPT:
            known.clear()
        keys = (requests["actor"] * 8 + requests["egress"]).tolist()
        for key in set(keys).difference(known):
            known[key] = f"{self._accounts.fragment(key >> 3, key & 7)},{_OPERATION}"
        return [known[key] for key in keys]

    def _prompts(self, requests: Columns) -> list[str]:
        if self._wording is None:
            return [""] * len(requests)
        drawn = zip(
            requests["wording"].tolist(),
            requests["chance"].tolist(),
            requests["cue"].tolist(),
            strict=True,
        )
        if self._text == "sketch":
            sketch = self._wording.sketch
            found = [sketch(which=which, chance=chance, cue=cue) for which, chance, cue in drawn]
            return [f',"prompt_sketch":"{each}"' if each else "" for each in found]
        text = self._wording.text
        return [
            f',"prompt":{orjson.dumps(text(which=which, chance=chance, cue=cue)).decode()}'
            for which, chance, cue in drawn
        ]


def _conversation(number: int, turn: int, application: int) -> str:
    """Write a conversation and the hashes of its prefixes: the system prompt's, then each turn's.

    All conversations of one application share the first prefix, as a shared system prompt does.
    """
    name = f"{number:012x}"
    marks = _MARKS[max(0, turn - _PREFIXES + 1) : turn + 1]
    own = f'","{name}'.join(marks)
    return (
        f',"conversation":"c{name}","prefix_hashes":["{mixed(application):012x}000","{name}{own}"]'
    )
