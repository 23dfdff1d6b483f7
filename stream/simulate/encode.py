"""Requests as columns into JSON lines, a batch at a time."""

from collections.abc import Callable
from typing import Final

import numpy as np
import orjson
import xxhash

from stream.simulate.accounts import Accounts
from stream.simulate.columns import Columns
from stream.simulate.identity import MODELS, TOOLSETS, mixed, mixed_columns
from stream.simulate.wording import Wording
from stream.simulate.world import World

_KEPT: Final = 65_536  # accounts whose constant part is remembered
_PREFIXES: Final = 12  # the newest prefixes that a gateway reports
_MARKS: Final = tuple(f"{number:03x}" for number in range(4_096))
_TOOLS: Final = tuple(
    f',"tools":{orjson.dumps(names).decode()}' if names else "" for names in TOOLSETS
)
_REASONS: Final = np.array([0.0, 0.0, 0.45, 0.3])  # share of an answer, by model
_OPERATION: Final = '"operation":"chat","model":"'


class Encoder:
    """Write requests in the wire format; the lines of equal requests are equal bytes."""

    def __init__(self, *, world: World, accounts: Accounts) -> None:
        self._accounts = accounts
        self._text = world.text
        self._wording = (
            None
            if world.text == "none"
            else Wording(seed=world.seed, campaigns=world.campaigns, text=world.text)
        )
        self._fragments: dict[int, str] = {}
        self._identifier = identifiers(world)

    def encode(self, requests: Columns) -> list[bytes]:
        """Return one line a request, in the order given."""
        fragments = self._identities(requests)
        prompts = self._prompts(requests)
        thought = _reasoning(requests)
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
                "end_user",
            )
        ]
        return [
            (
                f'{{"id":"{identifier}","ts":{ts:.3f},{fragment}'
                f'{MODELS[model]}","input_tokens":{asked},"output_tokens":{answered},'
                f'"cached_tokens":{cached}{thoughts},"latency_ms":{latency},"status":{status}'
                f"{_end_user(end_user) if end_user else ''}"
                f"{_conversation(conversation, turn, application) if conversation else ''}"
                f"{_TOOLS[toolset]}{prompt}}}"
            ).encode()
            for (
                identifier,
                fragment,
                prompt,
                thoughts,
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
                end_user,
            ) in zip(self._identifier(requests), fragments, prompts, thought, *columns, strict=True)
        ]

    def _identities(self, requests: Columns) -> list[str]:
        known = self._fragments
        if len(known) > _KEPT:
            known.clear()
        columns = [requests[name].astype(np.int64) for name in ("actor", "egress", "purse")]
        keys = ((columns[0] << 40) + (columns[1] << 20) + columns[2]).tolist()
        for key in set(keys).difference(known):
            egress, purse = key >> 20 & 0xF_FFFF, key & 0xF_FFFF
            known[key] = f"{self._accounts.fragment(key >> 40, egress, purse)},{_OPERATION}"
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


def identifiers(world: World) -> Callable[[Columns], list[str]]:
    """Return what names requests of a world.

    Names look like chance, or they would tell who is of a campaign; and those of different worlds
    differ, or the second in a topic would be taken for a repeat.
    """
    name = f"{world.seed}|{world.start}|{world.campaigns}".encode()
    prefix = f"r{xxhash.xxh3_64_intdigest(name) >> 32:08x}"

    def identify(requests: Columns) -> list[str]:
        return [f"{prefix}{number:012x}" for number in mixed_columns(requests["number"]).tolist()]

    return identify


def _reasoning(requests: Columns) -> list[str]:
    """Write how much of each answer was reasoning, where the model reasons."""
    luck = 0.5 + requests["chance"] % 1_009 / 1_009
    thoughts = requests["output_tokens"] * _REASONS[requests["model"]] * luck
    return [
        f',"reasoning_tokens":{count}' if count else "" for count in thoughts.astype(int).tolist()
    ]


def _end_user(number: int) -> str:
    return f',"end_user":"u{number:012x}"'


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
