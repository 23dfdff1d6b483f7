"""The prompts that the capability model is fitted on and judged on, each with its source."""

import csv
import gzip
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from detectors.text.capability import CAPABILITIES, ORDINARY
from detectors.text.features import Asked
from detectors.text.words import words

HERE = Path(__file__).parent / "wordings"
#: Prompts written from each wording.
FILLINGS = 8
FOLDS = 4
# Not taken as ordinary when fitting: among what people share are agents' and graders' prompts too.
_NOT_PLAINLY_ORDINARY = re.compile(
    r"\bagents?\b|autonom|coding|codebase|refactor|debug|repositor|github|\bsql\b|dataset"
    r"|data anal|grader|grading|judge|rubric|automat|censor|browser",
    re.IGNORECASE,
)
_CHOICE = re.compile(r"\[([^\[\]|]+(?:\|[^\[\]|]+)+)\]")
_SLOT = re.compile(r"\{(?!n\})(\w+)\}")
_NUMBER = re.compile(r"\{n\}")
_TOOLS = {
    "agentic_coding": (0.4, "bash read_file write_file edit_file grep glob run_tests str_replace "
                       "apply_patch list_dir git_diff terminal view_file search_code create_file"),
    "tool_use": (0.6, "search_flights get_weather send_email create_ticket lookup_customer "
                 "web_search calculator list_orders refund_order get_stock_price add_event "
                 "book_hotel fetch_url update_record query_crm notify_user"),
    "data_analysis": (0.3, "python run_sql code_interpreter query_database load_csv plot "
                      "describe_table execute_python"),
    "computer_use": (0.4, "computer screenshot left_click type_text scroll press_key mouse_move "
                     "browser_navigate browser_click wait double_click drag"),
    "ordinary": (0.08, "web_search calculator get_weather image_generation memory file_search"),
}  # fmt: skip


class Example(NamedTuple):
    """One prompt, what it is after, and where it comes from."""

    asked: Asked
    capability: int
    source: str
    group: str


def data() -> Path | None:
    """Return where the public prompts are, or nothing."""
    named = os.environ.get("WEIR_DATA")
    root = Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "data"
    return root / "prompts" if (root / "prompts").is_dir() else None


def asked(prompt: str, *, system: str = "", tools: tuple[str, ...] = ()) -> Asked:
    """Return a request that says this."""
    return Asked(words(prompt), words(system), tools)


def rows(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    """Read one of the public files."""
    with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as file:
        if ".csv" in name:
            csv.field_size_limit(1 << 30)
            yield from csv.DictReader(file)
        elif ".jsonl" in name:
            yield from map(json.loads, file)
        else:
            yield from json.load(file)


def written(*, fold: int | None = None, held_out: bool = False, seed: int = 7) -> list[Example]:
    """Fill in the wordings of `wordings/`.

    With a `fold`, families of wordings, questions, answers and tool names are parted: what is held
    out shares none of them with what is fitted on.

    Args:
        fold: which quarter is held out; none: all wordings, all fillings.
        held_out: return that quarter instead of the other three.
        seed: of the fillings.
    """
    chance = random.Random(seed)
    slots = {
        name: _part([item for line in lines for item in line.split(" | ")], fold, held_out)
        for name, lines in _families("slots").items()
    }
    folder = data()
    if folder and not held_out:
        # Of the tasks that are judged as held out, nothing is filled in either.
        tasks = list(rows(folder, "self_instruct_seed_tasks.jsonl.gz"))
        seeds = [task for i, task in enumerate(tasks) if i % FOLDS != fold]
        slots["q"] += [" ".join(row["instruction"].split()) for row in seeds]
        outputs = [" ".join(row["instances"][0]["output"].split()) for row in seeds]
        slots["a"] += (real := [text[:900] for text in outputs if len(text) > 20])
        slots["b"] += real
    examples = []
    for code, name in enumerate(CAPABILITIES):
        families = _wordings(name)
        chosen = _part(list(families), fold, held_out)
        share, tool_names = _TOOLS.get(name, _TOOLS["ordinary"])
        tools = _part(tool_names.split(), fold, held_out)
        for family in chosen:
            for number, line in enumerate(families[family]):
                for _ in range(FILLINGS):
                    system, _, prompt = _fill(line, slots, chance).rpartition(" ## ")
                    declared: tuple[str, ...] = ()
                    if chance.random() < share:
                        count = chance.randint(1, min(5, len(tools)))
                        declared = tuple(chance.sample(tools, count))
                    example = asked(prompt, system=system, tools=declared)
                    examples.append(Example(example, code, "written", f"{name}/{family}/{number}"))
    return examples


def public_ordinary(folder: Path) -> list[Example]:
    """Return the public prompts that the shipped weights are fitted on, all as ordinary."""
    # The tasks come first: `written` parts them by the same count.
    examples = []
    for row in rows(folder, "self_instruct_seed_tasks.jsonl.gz"):
        text = f"{row['instruction']}\n{row['instances'][0]['input']}"
        examples.append(Example(asked(text), 0, "self_instruct_seed", row["name"]))
    for row in rows(folder, "awesome_chatgpt_prompts.csv.gz"):
        told = f"{row['act']} {row['prompt'][:600]}"
        plain = row["for_devs"] == "FALSE" and not _NOT_PLAINLY_ORDINARY.search(told)
        if plain and int(row["contributor_id"]) % 2 == 0:
            examples.append(Example(asked(row["prompt"]), 0, "awesome", row["act"]))
    return examples


def cued(examples: list[Example]) -> list[Example]:
    """Return every second ordinary example once more, a cue for steps before or after it.

    The cues are other ones than those of the simulator, with which the model is judged.
    """
    cues = [words(cue) for cue in _families("slots")["cue"][0].split(" | ")]
    copies = []
    for index, example in enumerate(one for one in examples if one.capability == ORDINARY):
        cue, found = cues[index // 2 % len(cues)], example.asked.words
        together = [*cue, *found] if index % 8 == 0 else [*found, *cue]
        if index % 2 == 0:
            copies.append(example._replace(asked=example.asked._replace(words=together)))
    return copies


def _wordings(name: str) -> dict[str, list[str]]:
    # Half of the ordinary ones are made to resemble the others.
    return _families(name) | (_families("ordinary_near") if name == "ordinary" else {})


def _families(name: str) -> dict[str, list[str]]:
    families: dict[str, list[str]] = {}
    for line in (HERE / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            lines = families.setdefault(line[2:], [])
        else:
            lines.append(line)
    return families


def _part(items: list[str], fold: int | None, held_out: bool) -> list[str]:
    if fold is None:
        return list(items)
    return [item for i, item in enumerate(items) if (i % FOLDS == fold) is held_out]


def _fill(line: str, slots: dict[str, list[str]], chance: random.Random) -> str:
    # Choices are written [one|other]; brackets without a bar are the wording's own.
    chosen = _CHOICE.sub(lambda found: chance.choice(found[1].split("|")), line)
    filled = _SLOT.sub(lambda found: chance.choice(slots[found[1]]), chosen)
    return _NUMBER.sub(lambda _: str(chance.randint(2, 9)), filled).replace("\\n", "\n")
