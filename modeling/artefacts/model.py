"""Models as folders.

Belongs here: the folder a champion is published as, and reading it back. Native weights, JSON and skops only: no pickle
is ever loaded. Does not belong here: the value (`modeling.core.model`), where the folders lie (`resources.store`), or a
learner's own weights (`modeling.learners`).

A model folder::

    model.json            the model card, with the version of this layout, the members' weights, the calibrator and the
                          files' digests
    recipe.json           the fitted feature recipe
    learned.npy           digests of the rows it learned from (`core.row_digests`); none where rows are no units
    columns.parquet       names and types of the columns of raw rows, the target aside; no rows
    members/<learner>/    native weights of every member
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from modeling.artefacts import members, recipe
from modeling.artefacts.errors import ModelError
from modeling.core.blend import Blend
from modeling.core.calibrator import read_calibrator
from modeling.core.model import Model, ModelCard

FORMAT = 3
"""The version of `CARD`, raised when a reader of before can't read it any more."""
READ = (2, FORMAT)
"""The versions that are read; before 3 nothing was recalibrated."""
_BESIDE_CARD = {"members", "files", "calibrator"}
CARD, COLUMNS, LEARNED = "model.json", "columns.parquet", "learned.npy"


def save(model: Model, folder: Path) -> None:
    """Write the files into an existing, empty `folder`."""
    recipe.save(model.recipe, folder)
    for name, learner in model.champion.learners.items():
        members.save(learner, folder / "members" / name)
    np.save(folder / LEARNED, model.learned, allow_pickle=False)
    pl.DataFrame(schema=model.columns).write_parquet(folder / COLUMNS)
    calibrator = model.champion.calibrator
    content = {
        "format": FORMAT,
        "members": model.champion.weights,
        "calibrator": calibrator and calibrator.model_dump(),
        **model.card.model_dump(mode="json"),
    }
    content["files"] = members.digests(folder)
    (folder / CARD).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")


def load(folder: Path) -> Model:
    """The model that `save` wrote.

    Raises
    ------
    ModelError: no model folder, one of another version, of a learner that is not known, or with files that are not as
        they were saved.
    """
    content = _content(folder)
    members.check(folder, content.pop("files"), beside=CARD)
    weights, calibrator = content.pop("members"), read_calibrator(content.pop("calibrator", None))
    fitted = {name: members.load(name, folder / "members" / name) for name in weights}
    card = ModelCard.model_validate(content)
    columns = pl.read_parquet(folder / COLUMNS).schema if (folder / COLUMNS).exists() else pl.Schema()
    learned = np.load(folder / LEARNED, allow_pickle=False)
    return Model(recipe.load(folder, card.task), Blend(fitted, weights, calibrator), card, learned, columns)


def load_card(folder: Path) -> ModelCard:
    """The card alone; weights stay unread.

    Raises
    ------
    ModelError: no model folder, or one of another version.
    """
    content = _content(folder)
    return ModelCard.model_validate({name: content[name] for name in content.keys() - _BESIDE_CARD})


def _content(folder: Path) -> dict[str, Any]:
    """What the file of the card holds, its version known."""
    path = folder / CARD
    if not path.exists():
        raise ModelError(f"{folder} is no model folder: it has no {CARD}")
    content = json.loads(path.read_text(encoding="utf-8"))
    found = content.pop("format", None)
    if found not in READ:
        raise ModelError(
            f"{path}: only formats {READ[0]} to {FORMAT} are known, this is {found}; update sectorforge, or run the "
            "use case again"
        )
    return content
