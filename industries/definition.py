"""What an `industry.yaml` and a `use_case.yaml` may say.

Belongs here: the pydantic models of both files, their defaults and the checks one file can settle alone.
Does not belong here: finding and reading the files (`catalogue`), or knowing which tasks and learners exist
(`modeling`; the catalogue is handed those names).
"""

from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Share = Annotated[float, Field(gt=0, lt=1)]
OnFailure = Literal["block", "quarantine"]


class Strict(BaseModel):
    """A model that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Industry(Strict):
    """The content of an `industry.yaml`."""

    title: str
    description: str = ""
    owners: list[str] = Field(default=["team:data"], description="Dagster owners: e-mail addresses or `team:name`")


class Reading(Strict):
    """How the bytes of one file become a table."""

    format: Literal["csv", "parquet", "jsonl", "excel", "pickle"] | None = Field(
        default=None, description="default: from the file's name"
    )
    separator: str = ","
    encoding: Literal["utf8", "latin1"] = "utf8"
    null_values: list[str] = Field(default=["", "NA", "NaN", "null"])
    header: bool = True
    columns: list[str] | None = Field(default=None, description="the column names, when the file has no header")
    sheet: str | None = Field(default=None, description="Excel sheet; default: the first")

    @field_validator("separator")
    @classmethod
    def _one_character(cls, separator: str) -> str:
        if len(separator) != 1:
            raise ValueError(f"{separator!r} is not one character: write one, like ',' or ';' or \"\\t\"")
        return separator


class Member(Reading):
    """One file inside an archive, or at an address, pinned by the digest of its bytes."""

    path: str = Field(description="path inside the archive; a `.zip` or `.gz` member is opened too")
    sha256: Sha256

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if path.startswith("/") or ".." in PurePosixPath(path).parts:
            raise ValueError(f"{path!r} leaves the archive: write a relative path without '..'")
        return path


class Package(Strict):
    """Files that lie inside a published Python package. The archive is read, never installed."""

    name: str
    version: str
    members: dict[str, Member] = Field(min_length=1, description="name of the table -> the file")


class Http(Strict):
    """Files at public addresses."""

    class Address(Reading):
        url: Annotated[str, Field(pattern=r"^https?://")]
        sha256: Sha256

    members: dict[str, Address] = Field(min_length=1)


class Files(Reading):
    """Files somebody drops into a folder; all that match are stacked, in the order of their names."""

    path: str = Field(description="glob, relative to the use case's folder or absolute, e.g. `data/*.csv`")

    @field_validator("path")
    @classmethod
    def _not_empty(cls, path: str) -> str:
        if not path.strip():
            raise ValueError("is empty: write a glob, like `data/*.csv`")
        return path


class Source(Strict):
    """Where raw data comes from: exactly one of `package`, `http`, `files`."""

    package: Package | None = None
    http: Http | None = None
    files: Files | None = None
    licence: str
    citation: str
    evidence: Literal["real", "perturbed", "simulated"] = "real"

    @model_validator(mode="after")
    def _exactly_one(self) -> "Source":
        named = [kind for kind in ("package", "http", "files") if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(f"name exactly one of package, http, files; this file names {named or 'none'}")
        return self


class Columns(Strict):
    """What the columns mean. A column that is named nowhere is a feature."""

    identifier: list[str] = Field(default=[], description="unique together; never a feature")
    group: str | None = Field(default=None, description="rows of one patient, unit, day…; never a feature")
    time: str | None = Field(default=None, description="when the row was known; never a feature")
    sensitive: list[str] = Field(default=[], description="features that also get slices of their own")
    slices: list[str] = Field(default=[], description="more columns to slice the evaluation by")
    categorical: list[str] = Field(default=[], description="numbers that are names, or text with many levels")
    drop: list[str] = Field(default=[], description="never a feature, e.g. known only after the event")


class RandomSplit(Strict):
    """Rows at random; exact duplicates stay together."""

    by: Literal["random"] = "random"
    stratify: Literal["target"] | None = None
    valid: Share = 0.15
    test: Share = 0.25
    seed: int = 0


class GroupSplit(Strict):
    """Whole groups (`columns.group`) at random."""

    by: Literal["group"]
    valid: Share = 0.15
    test: Share = 0.25
    seed: int = 0


class TimeSplit(Strict):
    """Past, nearer past, most recent (`columns.time`): by shares of the rows, or from stated moments."""

    by: Literal["time"]
    valid: Share = 0.15
    test: Share = 0.25
    valid_from: date | datetime | float | None = None
    test_from: date | datetime | float | None = None

    @model_validator(mode="after")
    def _both_moments(self) -> "TimeSplit":
        if (self.valid_from is None) != (self.test_from is None):
            raise ValueError("give both valid_from and test_from, or neither")
        return self


class ColumnSplit(Strict):
    """A column of the data that says `train`, `valid` or `test`."""

    by: Literal["column"]
    column: str


AnySplit = RandomSplit | GroupSplit | TimeSplit | ColumnSplit


def _leaves_training_rows(split: AnySplit) -> AnySplit:
    if not isinstance(split, ColumnSplit) and split.valid + split.test >= 1:
        raise ValueError(f"valid {split.valid} and test {split.test} leave no row to train: their sum must be below 1")
    return split


Split = Annotated[AnySplit, Field(discriminator="by"), AfterValidator(_leaves_training_rows)]


class Rule(Strict):
    """One expectation, in Great Expectations' own vocabulary, and what happens to data that breaks it."""

    expectation: str = Field(pattern=r"^expect_[a-z_]+$")
    arguments: dict[str, Any] = {}
    on_failure: OnFailure = "block"

    @model_validator(mode="before")
    @classmethod
    def _from_yaml(cls, value: Any) -> Any:
        """`{expect_x: {column: A}, on_failure: quarantine}` is how a rule is written."""
        if not isinstance(value, dict) or "expectation" in value:
            return value
        expectations = [key for key in value if key != "on_failure"]
        if len(expectations) != 1:
            raise ValueError(f"a rule names exactly one expectation; this one names {expectations}")
        name = expectations[0]
        return {
            "expectation": name,
            "arguments": value[name] or {},
            "on_failure": value.get("on_failure", "block"),
        }


class Gates(Strict):
    """Bounds a champion must meet on the sealed test before it is published."""

    min_metric: float | None = None
    min_lift_over_baseline: float = 0.0
    min_lift_over_linear: float | None = None
    max_calibration_error: float | None = None
    max_slice_gap: float | None = Field(default=None, description="largest difference of the metric between two slices")
    min_predictions_per_second: float | None = None


class Costs(Strict):
    """What a wrong decision costs; the decision threshold is the one that costs least on validation rows."""

    false_positive: Annotated[float, Field(gt=0)] = 1.0
    false_negative: Annotated[float, Field(gt=0)] = 1.0


class UseCase(Strict):
    """The content of a `use_case.yaml`."""

    title: str
    question: str = Field(default="", description="the decision the model serves, in a sentence")
    task: str
    source: Source
    target: str
    positive: str | int | float | bool | None = Field(
        default=None, description="the target's value that counts as the event; default 1 or true"
    )
    columns: Columns = Columns()
    split: Split = RandomSplit()
    contract: list[Rule] = []
    metric: str | None = Field(default=None, description="default: the task's")
    learners: list[str] | None = Field(default=None, description="default: the task's")
    seconds: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default={}, description="time budget of a learner on this machine; default: the learner's own"
    )
    parameters: dict[str, dict[str, Any]] = Field(default={}, description="a learner's knobs, by its name")
    costs: Costs = Costs()
    gates: Gates = Gates()
    limits: list[str] = Field(default=[], description="what the evaluation does not show; printed in the report")

    _key: str = ""
    _folder: Path = Path()

    @property
    def key(self) -> str:
        """`industry/use_case`: the partition key."""
        return self._key

    @property
    def industry(self) -> str:
        return self._key.partition("/")[0]

    @property
    def folder(self) -> Path:
        """The folder the definition was read from."""
        return self._folder

    def placed(self, key: str, folder: Path) -> "UseCase":
        """This definition, knowing its partition key and its folder."""
        copy = self.model_copy()
        copy._key, copy._folder = key, folder
        return copy
