"""What a `use_case.yaml` may say.

Belongs here: that file's keys, from its parts, and where it was read from. Does not belong here: what a part may say (a
file each), or which tasks and learners exist (`modeling`; the catalogue is handed those names).
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from catalogue.definition.columns import Columns
from catalogue.definition.contract import ContractRule
from catalogue.definition.data_dictionary import ColumnDescription
from catalogue.definition.drift import DriftBounds
from catalogue.definition.gates import Costs, Gates
from catalogue.definition.source import SOURCES, Files, Source
from catalogue.definition.split import RandomSplit, Split
from catalogue.definition.strict import Strict


class Predict(Strict):
    """Rows without a target, which the published model predicts as they are delivered."""

    files: Files


class UseCase(Strict):
    """The content of a `use_case.yaml`."""

    removed: ClassVar[Mapping[str, str]] = {
        "seconds": "how much work a fit does follows from the table's size, so that any machine gets the same results: "
        "delete this key. `trials`, `rounds`, `epochs`, `rows` under `parameters` set it; `time_limit` is a safety net"
    }

    title: str
    question: str = Field(default="", description="the decision the model serves, in a sentence")
    task: str
    source: Source
    target: str
    positive: str | int | float | bool | None = Field(
        default=None, description="the target's value that counts as the event; default 1 or true"
    )
    classes: dict[str, Annotated[str, Field(pattern=r"\S")]] = Field(
        default={}, description="what readers call the target's values: `{0: healthy, 1: pneumonia}`"
    )
    settings: dict[str, Any] = Field(default={}, description="what the task asks for beyond this; see its file")
    extra: str | None = Field(
        default=None, description="the extra of this project whose packages the use case's `features.py` imports"
    )
    columns: Columns = Columns()
    data_dictionary: dict[str, ColumnDescription] = Field(
        default={},
        description="column -> what it means and its unit, for readers of reports: "
        "`{GLUCOSE: {means: glucose in the blood serum, unit: mg/dl}}`; changes no result",
    )
    split: Split = RandomSplit()
    contract: list[ContractRule] = Field(default=[])
    delivered_every_days: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="deliveries are expected at least this often: people are told of one that is overdue"
    )
    metric: str | None = Field(default=None, description="default: the task's")
    learners: list[str] | None = Field(
        default=None, description="default: the task's; the first is the simple one that the champion is compared with"
    )
    time_limit: float = Field(
        default=3600, gt=0, description="seconds after which a fit is cut, which holds publication back; a safety net"
    )
    parameters: dict[str, dict[str, Any]] = Field(default={}, description="a learner's hyperparameters, by its name")
    prefer: Literal["parsimony", "accuracy"] = Field(
        default="parsimony",
        description="the cheapest candidate within one standard error of the best expected score, or the best itself",
    )
    costs: Costs = Costs()
    gates: Gates = Gates()
    drift: DriftBounds = DriftBounds()
    limits: list[str] = Field(default=[], description="what the evaluation does not show; printed in the report")
    seen_of_test: list[str] = Field(
        default=[],
        description="what people settled with scores of the sealed test in view, or knew of them; in the report",
    )
    retired: date | Annotated[str, Field(min_length=1)] | None = Field(
        default=None, description="since when, or why: nothing runs any more, and all that was made can still be read"
    )
    predict: Predict | None = Field(default=None, description="rows without a target, for the published model")

    _key: str = ""
    _folder: Path = Path()

    @property
    def key(self) -> str:
        """`industry/use_case`: the partition key."""
        return self._key

    @property
    def industry(self) -> str:
        """The folder above its own."""
        return self._key.partition("/")[0]

    @property
    def folder(self) -> Path:
        """The folder the definition was read from."""
        return self._folder

    @property
    def rows_to_predict(self) -> Files | None:
        """How files of rows to predict are read: as `predict` says and, where it says nothing, as those learned from;
        None where those are no files either."""
        learned, files = self.source.files, self.predict.files if self.predict else self.source.files
        return (files.read_like(learned) if learned else files).to_predict(self.target) if files else None

    @property
    def unlabelled(self) -> "UseCase":
        """This definition with the rows it is to predict in place of those it learns from."""
        assert self.predict, "only for use cases that name `predict`"
        source = self.source.model_copy(update=dict.fromkeys(SOURCES) | {"files": self.rows_to_predict})
        return self.model_copy(update={"source": source})

    def placed(self, key: str, folder: Path) -> "UseCase":
        """This definition, knowing its partition key and its folder."""
        copy = self.model_copy()
        copy._key, copy._folder = key, folder
        return copy
