"""A published model as MLflow's own server loads it: this installation's code over files of ours, no pickle.

Belongs here: the files that a registered model consists of, and what answers requests. MLflow and pandas may be
imported at the top: nothing imports this module while definitions load. Does not belong here: predicting
(`predictor`), or registering (`resources.tracking`).

A registered model holds the name of this module: who moves it raises `resources.tracking.runs.CURRENT_LAYOUT`.
"""

import logging
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import polars as pl
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE
from mlflow.pyfunc import save_model

from catalogue import feature_code
from catalogue.definition import UseCase
from resources.errors import PermanentError
from resources.serving.predictor import Published

PUBLISHED, MODEL, DEFINITION, USE_CASE = "published", "model", "definition", "use_case.json"
"""A folder with two in it: the model folder, and the folder of the definition, which is a file."""


def save(folder: Path, model: Path, version: str, use_case: UseCase, requirement: str) -> None:
    """Write a model folder, published as `version`, and its definition to a new `folder`, as MLflow serves them.

    requirement: what must be installed to load them, for pip.
    """
    with TemporaryDirectory() as temporary:
        data = Path(temporary) / PUBLISHED
        data.mkdir()
        (data / MODEL).symlink_to(model.resolve())
        _write_definition(data / DEFINITION, use_case)
        save_model(
            folder,
            loader_module=__name__,
            data_path=str(data),
            model_config={"version": version, "use_case": use_case.key},
            pip_requirements=[requirement],
        )


def _write_definition(folder: Path, use_case: UseCase) -> None:
    folder.mkdir()
    (folder / USE_CASE).write_text(use_case.model_dump_json(indent=1), encoding="utf-8")
    code = use_case.folder / feature_code.FILE
    if code.exists():
        shutil.copyfile(code, folder / feature_code.FILE)
    if shared := feature_code.shared(use_case.folder):
        shutil.copyfile(shared, folder.parent / feature_code.SHARED)


def _load_pyfunc(path: str, model_config: dict[str, str]) -> "ServedModel":
    """MLflow calls this with the folder of the files, and what `save` gave as configuration."""
    folder = Path(path) / DEFINITION
    definition = UseCase.model_validate_json((folder / USE_CASE).read_text(encoding="utf-8"))
    use_case = definition.placed(model_config["use_case"], folder)
    return ServedModel(Published.load(Path(path) / MODEL, model_config["version"], use_case))


class ServedModel:
    """A published model with its contract in front: a request is answered whole, or refused with the place."""

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
        except Exception:
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
