"""The recorded results of every stage, and what differs from them now.

Belongs here: keeping figures with the version of the stage that made them, and saying which stage changed without one.
Does not belong here: which figures (`results`).

A file a task lies in `recorded/`: stage -> its version and its figures.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from assets.stages import PREDICTIONS, STAGES, Stage

from .results import Figure, Figures

FOLDER = Path(__file__).parent / "recorded"
RECORD = "`python -m tests.golden.record`"
BESIDE = {"drift": "validated_data"}
"""What a stage makes beside its own result."""
READ_BESIDE = {"drift": ("validated_data", "evaluation")}
"""What that reads; drift compares the latest judged model's performance."""
DATA, TRAINED = 1e-6, 1e-3
"""Relative: data are the same to the last digits on any machine, what was trained or follows from it is not."""
EXACT = ("validated_data", "features")
OF_PROCESSOR = {"image_classification": "torch_model", "recommendation": "lightgbm_model"}
"""Task -> the stage that ends elsewhere where a processor adds in another order: a network that learns little from 82
rows, and trees that split ties. Neither it nor what follows from it is compared."""
SHOWN = 6


def record(task: str, stages: Mapping[str, Figures]) -> None:
    """Keep the figures of a task's stages under the versions that these have now."""
    comparable = {stage: stages[stage] for stage in sorted(stages) if stage not in _incomparable(task)}
    kept = ",\n".join(_stage_text(stage, figures) for stage, figures in comparable.items())
    _path(task).write_text(f"{{\n{kept}\n}}\n", encoding="utf-8")


def _stage_text(stage: str, figures: Figures) -> str:
    """JSON, with a line a figure."""
    lines = ",\n".join(f"  {_json(place)}: {_json(figure)}" for place, figure in sorted(figures.items()))
    return f'{_json(stage)}: {{"version": {_json(_version(stage))}, "figures": {{\n{lines}\n}}}}'


def _json(value: Figure) -> str:
    return json.dumps(value, ensure_ascii=False)


def complaints(task: str, stages: Mapping[str, Figures]) -> list[str]:
    """Of each stage whose result or version is another than recorded, what to do.

    A stage is not blamed for what an earlier one changed: only the first that differ are named.
    """
    if not _path(task).exists():
        return [f"{task}: no results are recorded: run {RECORD}"]
    recorded = json.loads(_path(task).read_text(encoding="utf-8"))
    found: list[str] = []
    changed: set[str] = set()
    for stage in (*STAGES, PREDICTIONS.name, *BESIDE):
        if changed.intersection(_upstream(stage)):
            changed.add(stage)
        elif (stage in stages or stage in recorded) and stage not in _incomparable(task):
            kept = recorded.get(stage, {"version": _version(stage), "figures": {}})
            if why := _complaint(task, stage, kept, stages.get(stage, {})):
                found.append(why)
                changed.add(stage)
    return found


def _incomparable(task: str) -> set[str]:
    """A stage of `OF_PROCESSOR`, and all that follows from it."""
    found = {OF_PROCESSOR[task]} if task in OF_PROCESSOR else set()
    for stage in (*STAGES, PREDICTIONS.name, *BESIDE):
        if found.intersection(_upstream(stage)):
            found.add(stage)
    return found


def _complaint(task: str, stage: str, kept: dict, figures: Figures) -> str:
    if kept["version"] != _version(stage):
        return f"{task}: {_stage(stage).name} went from version {kept['version']} to {_version(stage)}: run {RECORD}"
    different = list(_different(kept["figures"], figures, DATA if stage in EXACT else TRAINED))
    if not different:
        return ""
    more = f"\n  … and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    shown = "".join(f"\n  {line}" for line in different[:SHOWN])
    return (
        f"{task}: {stage} gives another result than recorded under version {kept['version']}:{shown}{more}\n"
        f'  If that is meant, raise the version of Stage("{_stage(stage).name}", …) in assets/stages.py, so that what '
        f"is stored is made again, and run {RECORD}. If only the tiny use case or a library changed, run it alone."
    )


def _upstream(stage: str) -> tuple[str, ...]:
    return READ_BESIDE[stage] if stage in BESIDE else _stage(stage).upstream


def _stage(result: str) -> Stage:
    """The stage that makes a result."""
    name = BESIDE.get(result, result)
    return PREDICTIONS if name == PREDICTIONS.name else STAGES[name]


def _version(result: str) -> str:
    return _stage(result).version


def _different(kept: Figures, now: Figures, tolerance: float) -> Iterator[str]:
    for place in sorted(kept.keys() | now.keys()):
        if place not in now:
            yield f"{place}: gone, was {kept[place]}"
        elif place not in kept:
            yield f"{place}: new, is {now[place]}"
        elif not _same(kept[place], now[place], tolerance):
            yield f"{place}: {kept[place]} became {now[place]}"


def _same(kept: Figure, now: Figure, tolerance: float) -> bool:
    if isinstance(kept, list) and isinstance(now, list):
        size = max(abs(one) for one in kept[2:])
        return kept[:2] == now[:2] and all(
            math.isclose(one, other, abs_tol=tolerance * size) for one, other in zip(kept[2:], now[2:], strict=True)
        )
    if isinstance(kept, float) and isinstance(now, float | int):
        return math.isclose(kept, now, rel_tol=tolerance, abs_tol=tolerance)
    return kept == now


def _path(task: str) -> Path:
    return FOLDER / f"{task}.json"
