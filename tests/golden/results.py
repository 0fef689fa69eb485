"""What each stage makes of a tiny use case, in few figures: any row, figure or word that changes moves one of them.

Belongs here: the figures of a stage. Does not belong here: comparing and keeping them (`comparison`), or making the
tiny use cases (`tests/test_every_task.py`).
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from assets.models import MODEL_ASSETS
from assets.stages import PREDICTIONS
from modeling.core.predictions import DELIVERY, REMARKS, THRESHOLD
from modeling.core.record import Evaluation
from modeling.core.table import Rows
from modeling.evaluation.explanation import FEWEST_ROWS
from modeling.problems import tasks
from resources.serving.predictor import Published

if TYPE_CHECKING:
    from ..test_every_task import Made

Figure = str | int | float | bool | None | list[float]
"""A list is `numbers`."""
Figures = dict[str, Figure]
"""By place, such as `train/heat`."""

MOST_COLUMNS = 40
"""Wider arrays are one figure, not one a column."""
SHORT = 60
CIRCUMSTANCES = {
    "curve",
    "data_version",
    "device",
    "device_reason",
    "notes",
    "peak_memory_mb",
    "precision",
    "predictions_per_second",
    "provenance",
    "schema_version",
    "seconds",
}
"""Keys of the record that say how it was made, not what was found."""
UNREPEATABLE = {
    "text_classification": (
        "lightgbm_model",
        "torch_model",
        "evaluation",
        "evaluation_report",
        "published_model",
        "predictions",
        "drift",
    ),
}
"""Stages that give another result each time: the vocabulary of an encoder that starts at random is drawn from the
tokenizers library in no fixed order."""
NUMBER = re.compile(r"\d[\d,.e+-]*")
DIGEST = re.compile(r"^[0-9a-f]{32,}$")
"""Of data whose last bits differ from processor to processor."""


def of_stages(made: "Made", drift: Any) -> dict[str, Figures]:
    """The figures of every stage that a tiny use case has; `drift` is a delivery's comparison with its data."""
    data, features, judged = made.experiment.data, made.features, _unpaced(made)
    roles = {"train": features.train, "tune": features.tune, "valid": features.valid, "test": features.open_test()}
    found = {
        "validated_data": of_frame(data.frame) | {"numbers": numbers(data.numbers)},
        "drift": dict(_flat(drift.model_dump(mode="json"))),
        "features": {f"{role}/{name}": value for role, rows in roles.items() for name, value in _rows(rows).items()},
        "evaluation": dict(_flat(judged.model_dump(mode="json"))),
        "evaluation_report": _report(judged),
        "published_model": {"predicted": numbers(made.evaluated.model.predict(made.raw))},
    }
    if tasks.predicts(made.task.name):
        published = Published("before", made.evaluated.model, made.use_case)
        answers = published.predictions(made.raw.drop(made.use_case.target))
        found[PREDICTIONS.name] = of_frame(answers.rows.drop(DELIVERY, THRESHOLD, REMARKS, strict=False)) | {
            "set aside": answers.set_aside.height
        }
    for stage in MODEL_ASSETS:
        mine = [one for one in made.candidates if one.family == stage.family]
        found[stage.name] = {one.name: numbers(made.task.answers(one.learner, features.valid)) for one in mine}
    left_out = UNREPEATABLE.get(made.task.name, ())
    return {stage: figures for stage, figures in found.items() if figures and stage not in left_out}


def _unpaced(made: "Made") -> Evaluation:
    """The record, without the ranking of features where a slow machine would rank on fewer rows."""
    valid = made.features.valid
    paced = valid.table.content.width or len(valid) > FEWEST_ROWS
    return made.evaluated.evaluation.model_copy(update={"explanation": None} if paced else {})


def numbers(values: Any) -> list[float]:
    """How many numbers there are, how many of them are none, their mean, their spread, and the length of their shadow
    on a fixed random direction, which tells one order from another."""
    flat = np.asarray(values, np.float64).ravel()
    finite = np.isfinite(flat)
    flat = np.where(finite, flat, 0.0)
    direction = np.random.default_rng(0).normal(size=flat.size) / np.sqrt(max(flat.size, 1))
    spread = float(flat.std()) if flat.size else 0.0
    mean = float(flat.mean()) if flat.size else 0.0
    return [flat.size, int((~finite).sum()), *(float(f"{one:.7g}") for one in (mean, spread, flat @ direction))]


def of_frame(frame: pl.DataFrame) -> Figures:
    """A figure a column."""
    return {name: _series(frame[name]) for name in frame.columns}


def _series(series: pl.Series) -> Figure:
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        return numbers(series.cast(pl.Float64).fill_null(np.nan))
    if series.dtype == pl.Binary:  # images, whose bytes are of the library that compressed them
        return series.len()
    return _digest([str(value) for value in series.to_list()])


def _rows(rows: Rows) -> Figures:
    table = rows.table
    found: Figures = {
        "number": numbers(rows.number),
        "target": numbers(table.target),
        "names": _digest(table.names),
        "cardinalities": _digest(table.cardinalities),
    }
    if len(table.names) <= MOST_COLUMNS:
        found |= {name: numbers(table.matrix[:, place]) for place, name in enumerate(table.names)}
    else:
        found["matrix"] = numbers(table.matrix)
    for name, frame in {"content": table.content, **table.shared, "slices": rows.slices}.items():
        found |= {f"{name}/{column}": value for column, value in of_frame(frame).items()}
    return found


def _report(judged: Evaluation) -> Figures:
    """The text of each section, without its numbers: those are the evaluation's. Its provenance names this machine."""
    from modeling.reports import use_case

    timeless = Evaluation.model_validate(_timeless(judged.model_dump(mode="json")))
    sections = re.split(r"^#+ ", use_case.render(timeless).markdown, flags=re.MULTILINE)
    titled = (section.partition("\n") for section in sections)
    return {
        NUMBER.sub("#", title): _digest(NUMBER.sub("#", text)) for title, _, text in titled if "Provenance" not in title
    }


def _timeless(value: Any) -> Any:
    """The same record, as if everything had taken one second on the same machine."""
    if isinstance(value, list):
        return [_timeless(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: _constant(inner) if key in CIRCUMSTANCES else _timeless(inner) for key, inner in value.items()}


def _constant(value: Any) -> Any:
    if isinstance(value, str):
        return DIGEST.sub("digest", value)
    return [] if isinstance(value, list) else 1.0 if isinstance(value, float) else value


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, Figure]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in CIRCUMSTANCES:
                yield from _flat(inner, f"{place}/{key}" if place else str(key))
    elif isinstance(value, list) and value and all(isinstance(one, int | float | None) for one in value):
        yield place, numbers([np.nan if one is None else one for one in value])
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{place}/{_name(inner) or number}")
    elif isinstance(value, str):
        plain = NUMBER.sub("#", value)
        yield place, plain if len(plain) <= SHORT else _digest(plain)
    elif isinstance(value, float):
        yield place, float(f"{value:.7g}")
    else:
        yield place, value


def _name(value: Any) -> str:
    """What tells an entry of a list from the others, whatever their order."""
    named = ("learner", "name", "feature", "title", "column", "expectation", "level", "rule")
    return " ".join(str(value[key]) for key in named if value.get(key)) if isinstance(value, Mapping) else ""


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:12]
