"""A published model as one that MLflow itself can load: always this installation's code over data.

Belongs here: the files that a registered model consists of. MLflow and pandas may be imported at the top: nothing
imports this module while definitions load. Does not belong here: predicting (`predictor`), registering
(`resources.tracking`), or the server of `sectorforge serve` (`scoring`).

A registered model holds the name of this module: who moves it raises `resources.tracking.runs.CURRENT_LAYOUT`.
`sectorforge serve` reads none: its file `MLmodel` says which code MLflow runs, so whoever can write one can run code.
"""

import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import polars as pl
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE
from mlflow.pyfunc import save_model

from catalogue import reader
from catalogue.definition import UseCase
from modeling.artefacts.errors import is_panic
from modeling.artefacts.storage import load
from modeling.core.model import Model
from resources.errors import PermanentError
from resources.serving.predictor import Published

PUBLISHED, MODEL, USE_CASE = "published", "model", "use_case.json"
"""A folder, and in it the model folder and the definition."""
NOWHERE = Path(os.devnull)
"""The folder of a use case that the catalogue lacks: nothing lies in it."""


def save(folder: Path, model: Path, version: str, use_case: UseCase, requirement: str) -> None:
    """Write a model folder, published as `version`, and its definition to a new `folder`, as MLflow serves them.

    requirement: what must be installed to load them, for pip.
    """
    with TemporaryDirectory() as temporary:
        data = Path(temporary) / PUBLISHED
        data.mkdir()
        (data / MODEL).symlink_to(model.resolve())
        (data / USE_CASE).write_text(use_case.model_dump_json(indent=1), encoding="utf-8")
        save_model(
            folder,
            loader_module=__name__,
            data_path=str(data),
            model_config={"version": version, "use_case": use_case.key},
            pip_requirements=[requirement],
        )


def _load_pyfunc(path: str, model_config: dict[str, str]) -> "ServedModel":
    """MLflow calls this with the folder of the files, and what `save` gave as configuration. A `features.py` is the one
    of this installation's catalogue."""
    definition = UseCase.model_validate_json((Path(path) / USE_CASE).read_text(encoding="utf-8"))
    use_case = definition.placed(model_config["use_case"], _folder(model_config["use_case"]))
    return ServedModel(Published.of(model_config["version"], load(Model, Path(path) / MODEL), use_case))


def _folder(key: str) -> Path:
    """Where this installation's catalogue has a use case."""
    folders = {f"{place.parent.name}/{place.name}": place for root in reader.roots() for place in root.glob("*/*")}
    return folders.get(key, NOWHERE)


class ServedModel:
    """A published model with its contract in front: each row has an answer or an error (`Published.answers`)."""

    def __init__(self, published: Published) -> None:
        self._published = published

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """A row of predictions for each row of the request; MLflow passes `params`, of which there are none.

        Raises
        ------
        MlflowException: the request is refused, or the model failed.
        """
        try:
            return self._published.answers(_rows(model_input)).to_pandas()
        except PermanentError as error:
            raise MlflowException(str(error), INVALID_PARAMETER_VALUE) from None
        except BaseException as error:
            if not isinstance(error, Exception) and not is_panic(error):
                raise
            logging.getLogger(__name__).exception("a request failed")
            raise MlflowException("the model failed; its server's log says where", INTERNAL_ERROR) from None


def _rows(table: pd.DataFrame) -> pl.DataFrame:
    """The request as a table; a column of values of several types becomes text."""
    if not isinstance(table, pd.DataFrame) or not table.columns.is_unique:
        raise PermanentError("send a table with unique columns: `dataframe_records`, `dataframe_split` or text/csv")
    return pl.DataFrame([_column(str(name), values) for name, values in table.items()])


def _column(name: str, values: pd.Series) -> pl.Series:
    if values.dtype != object:
        return pl.from_pandas(values).alias(name)
    return pl.Series(name, values.where(values.notna(), None).tolist(), strict=False)
