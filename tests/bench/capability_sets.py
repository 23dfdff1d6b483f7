"""Prompts that no weight was ever fitted on: public question sets, and the simulator's texts."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from detectors.text.capability import CAPABILITIES
from detectors.text.features import Asked
from stream.simulate import texts, words
from stream.simulate.chance import Chance
from stream.simulate.templates import template
from tests.bench.capability_prompts import asked, rows

ORDINARY = frozenset({"ordinary"})


class UnseenSet(NamedTuple):
    """Prompts of one source, and what they are rightly taken for."""

    name: str
    asked: list[Asked]
    right: frozenset[str]


def public(folder: Path) -> list[UnseenSet]:
    """Return the public sets that the model was not fitted on."""
    mt_bench = [row["turns"][0] for row in rows(folder, "mt_bench_questions.jsonl.gz")]
    user_oriented = [
        f"{row['instruction']}\n{row['instances'][0]['input']}"
        for row in rows(folder, "self_instruct_user_oriented_252.jsonl.gz")
    ]
    awesome = [
        row["prompt"]
        for row in rows(folder, "awesome_chatgpt_prompts.csv.gz")
        if int(row["contributor_id"]) % 2 and row["for_devs"] == "FALSE"
    ]
    bbh = [row["input"] for row in rows(folder, "bbh_inputs.jsonl.gz")]
    people = mt_bench + user_oriented
    judge = [
        asked(row["prompt_template"], system=row["system_prompt"])
        for row in rows(folder, "fastchat_judge_prompts.jsonl.gz")
    ]
    return [
        _set("MT-bench questions", mt_bench, "ordinary"),
        _set("self-instruct, user oriented", user_oriented, "ordinary"),
        _set("both, a step-by-step cue added to each", _cued(people), "ordinary"),
        _set("awesome-chatgpt-prompts, half of the contributors", awesome, "ordinary"),
        _set("BIG-Bench Hard questions", bbh, "ordinary"),
        _set("BIG-Bench Hard questions, with a cue", _cued(bbh), "ordinary"),
        _set(
            "BIG-Bench Hard chain-of-thought prompts",
            [
                row["cot_prompt"].partition("-----")[2]
                for row in rows(folder, "bbh_cot_prompts.jsonl.gz")
            ],
            "reasoning_trace",
        ),
        UnseenSet("FastChat judge prompts", judge, frozenset({"rubric_grading"})),
        _set(
            "OpenAI evals, model-graded",
            [row["yaml"] for row in rows(folder, "openai_evals_modelgraded.jsonl.gz")],
            "rubric_grading",
        ),
        *(
            _set(
                f"Prometheus, {name}",
                [row["instruction"] for row in rows(folder, f"prometheus_{name}_eval.json.gz")],
                "rubric_grading",
            )
            for name in ("mt_bench", "vicuna")
        ),
    ]


#: Kinds of the simulator's templates that are nobody's campaign.
BENIGN = ("product", "tutor", "newsroom")


def simulated(*, prompts: int = 1000) -> list[UnseenSet]:
    """Return what `weir simulate` writes: word salad by design, so that nobody can learn it."""

    def many(write: Callable[[Chance], str]) -> list[str]:
        return [write(Chance(seed)) for seed in range(prompts)]

    def filled(kind: str) -> list[str]:
        return [template(kind, seed=seed)(Chance(seed + 1)) for seed in range(prompts)]

    return [
        _set("simulated people", many(texts.person), "ordinary"),
        _set("simulated people, with a cue", _cued(many(texts.person)), "ordinary"),
        *(_set(f"simulated {kind} templates", filled(kind), "ordinary") for kind in BENIGN),
        _set("simulated developers with a coding agent", many(texts.coding), "agentic_coding"),
        *(_set(f"simulated {kind} templates", filled(kind), kind) for kind in CAPABILITIES[1:]),
    ]


def _set(name: str, prompts: list[str], *right: str) -> UnseenSet:
    assert set(right) <= set(CAPABILITIES)
    return UnseenSet(name, [asked(prompt) for prompt in prompts], frozenset(right))


def _cued(prompts: list[str]) -> list[str]:
    return [f"{text} {words.CUES[i % len(words.CUES)]}" for i, text in enumerate(prompts)]
