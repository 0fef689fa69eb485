"""A judged use case as a folder: the record and the champion it speaks of.

Belongs here: the value between the `evaluation` asset and everything that reads it. Does not belong here: judging
(`evaluation`), or the model folder's own layout (`artefacts`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from modeling.artefacts.model import Model
from modeling.core.record import Evaluation
from modeling.drift.reference import REFERENCE, Reference, keep

RECORD, MODEL = "evaluation.json", "model"


@dataclass(frozen=True)
class EvaluatedModel:
    """The record; the champion's model folder once it lies there: `Model.load(model)` reads it; and what is kept of the
    rows it learned from, likewise: `Reference.load(reference)`."""

    evaluation: Evaluation
    model: Model | Path
    reference: Reference | Path | None = None

    def save(self, folder: Path) -> None:
        if isinstance(self.model, Path):
            raise TypeError(f"the model already lies at {self.model}")
        (folder / RECORD).write_text(self.evaluation.model_dump_json(indent=1), encoding="utf-8")
        (folder / MODEL).mkdir()
        self.model.save(folder / MODEL)
        keep(self.reference, folder / REFERENCE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        record = (folder / RECORD).read_text(encoding="utf-8")
        return cls(Evaluation.model_validate_json(record), folder / MODEL, folder / REFERENCE)
