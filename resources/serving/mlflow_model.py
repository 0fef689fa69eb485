"""The model that MLflow's own server loads: code beside our model folder, no pickle.

Belongs here: what MLflow copies into a registered model and runs in its server; nothing else imports it, so that MLflow
and pandas may be imported at the top. Does not belong here: predicting (`published`), or registering (`tracking`).
"""

import logging
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from catalogue.definition import UseCase
from resources.errors import PermanentError
from resources.serving.predictor import Published
from resources.tracking import DEFINITION


class ServedModel(PythonModel):
    """A published model with its contract in front: a request is answered whole, or refused with the place."""

    def load_context(self, context: PythonModelContext) -> None:
        folder, about = Path(context.artifacts["definition"]), context.model_config
        definition = UseCase.model_validate_json((folder / DEFINITION).read_text(encoding="utf-8"))
        use_case = definition.placed(about["use_case"], folder)
        self._published = Published.load(Path(context.artifacts["model"]), about["version"], use_case)

    def predict(  # pyright: ignore[reportIncompatibleMethodOverride]  the base says nothing of what it returns
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
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


set_model(ServedModel())
