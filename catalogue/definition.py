"""What an `industry.yaml` and a `use_case.yaml` may say.

Belongs here: the pydantic models of both files, their defaults and the checks one file can settle alone.
Does not belong here: finding and reading the files (`catalogue`), or knowing which tasks and learners exist
(`modeling`; the catalogue is handed those names).
"""

import re
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
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

    format: Literal["csv", "parquet", "json", "jsonl", "excel", "pickle", "bytes"] | None = Field(
        default=None,
        description="default: from the file's name. `bytes`: the file itself, a row of `path`, `folder` (the name of "
        "the one it lies in) and `content`",
    )
    separator: str = ","
    quote: str | None = Field(default='"', description="null where quotation marks are text like any other")
    skip_before_header: int = Field(default=0, ge=0, description="CSV: lines above the header, such as a title")
    skip_after_header: int = Field(default=0, ge=0, description="lines below the header that are no data")
    footer: str | None = Field(
        default=None,
        min_length=1,
        description="CSV: the table ends above the line, one of the last twenty, that begins with this: `Total`",
    )
    encoding: Literal["utf8", "utf16", "latin1", "cp1252", "gb18030"] = "utf8"
    null_values: list[str] = Field(default=["", "NA", "NaN", "null"])
    decimal_comma: bool = Field(default=False, description="CSV: numbers are written `3,5`")
    thousands: Literal[".", ",", " ", "'"] | None = Field(
        default=None, description="CSV: what stands between groups of three digits; a space is any kind of space"
    )
    date_format: dict[str, str | Annotated[list[str], Field(min_length=1)]] = Field(
        default={},
        description="column -> how its dates are written, where that is not ISO 8601: `%d.%m.%Y`, `%m/%d/%y %H:%M`; "
        "of several formats a value is read by the first that fits",
    )
    header: bool = True
    repair_header: bool = Field(
        default=False,
        description="give a nameless column its number, `column_3`, and a repeated name one more, `price_2`",
    )
    index: bool = Field(default=False, description="CSV: the first column, without a name, numbers the rows; left out")
    columns: list[str] | None = Field(default=None, description="the column names, when the file has no header")
    sheet: str | None = Field(default=None, description="Excel sheet; default: the first")

    @field_validator("separator", "quote")
    @classmethod
    def _one_character(cls, text: str | None) -> str | None:
        if text is not None and len(text) != 1:
            raise ValueError(f"{text!r} is not one character: write one, like ',' or ';' or \"\\t\"")
        return text

    @field_validator("date_format")
    @classmethod
    def _formats(cls, formats: dict[str, Any]) -> dict[str, Any]:
        for column, written in formats.items():
            if not all("%" in one for one in ([written] if isinstance(written, str) else written)):
                raise ValueError(f"{written!r}, of {column!r}, is no date format: write one, like '%d.%m.%Y'")
        return formats

    @model_validator(mode="after")
    def _one_meaning_of_a_comma(self) -> "Reading":
        if self.decimal_comma and self.thousands == ",":
            raise ValueError("a comma can't both stand before decimals and between thousands: take one of them out")
        return self


class Stack(Reading):
    """How files that match a glob become one table."""

    path_column: str | None = Field(default=None, description="a column to add: the path of the file a row comes from")

    @model_validator(mode="after")
    def _one_path(self) -> "Stack":
        if self.format == "bytes" and self.path_column:
            raise ValueError("a table of `bytes` has the column `path` already: leave out `path_column`")
        return self


def _stays_in_archive(path: str) -> str:
    if path.startswith("/") or ".." in PurePosixPath(path).parts:
        raise ValueError(f"{path!r} leaves the archive: write a relative path without '..'")
    return path


InArchive = Annotated[str, AfterValidator(_stays_in_archive)]


class Member(Stack):
    """Files inside an archive, pinned by the digest of the one file's bytes or of the archive's."""

    path: InArchive = Field(
        description="path inside the archive; a `.zip` or `.gz` member is opened too, and `a.tar.gz/b.txt` is a "
        "file in an archive in the archive. With `*`: all files that match, stacked in the order of their names. A top "
        "folder that all files of an archive share is left out"
    )
    sha256: Sha256 | None = Field(default=None, description="of the file; needed where the archive has none")

    @property
    def is_glob(self) -> bool:
        """Whether the path stands for all files that match it."""
        return "*" in self.path

    @model_validator(mode="after")
    def _one_digest_for_one_file(self) -> "Member":
        if self.is_glob and self.sha256:
            raise ValueError("one digest can't pin all files that match `*`: give `package.sha256`, the archive's")
        return self


class Package(Strict):
    """Files that lie inside a published Python package. The archive is read, never installed."""

    name: str
    version: str
    sha256: Sha256 | None = Field(default=None, description="of the archive; pins every member in it")
    members: dict[str, Member] = Field(min_length=1, description="name of the table -> the file")

    @property
    def pins(self) -> set[str]:
        """Every digest that is given: the archive's, and the members'."""
        return {pin for pin in (self.sha256, *(member.sha256 for member in self.members.values())) if pin}

    @model_validator(mode="after")
    def _every_member_is_pinned(self) -> "Package":
        loose = [name for name, member in self.members.items() if not (member.sha256 or self.sha256)]
        if loose:
            raise ValueError(f"members {loose} are not pinned: give each, or the whole archive, its sha256")
        return self


class Http(Strict):
    """Files at public addresses."""

    class Address(Stack):
        url: Annotated[str, Field(pattern=r"^https?://")]
        sha256: Sha256
        md5: Md5 | None = Field(
            default=None,
            description="of the file as its publisher gives it, where that one is packed otherwise than the pinned one",
        )
        path: InArchive | None = Field(
            default=None,
            description="path inside the file, where that is an archive (`*` as in a package); the digests stay the "
            "archive's",
        )

    members: dict[str, Address] = Field(min_length=1)


class Files(Stack):
    """Files somebody drops into a folder: all that match, each content once, whatever its name; or the newest alone."""

    path: str = Field(
        description="glob, relative to the use case's folder, or absolute, or at any store that fsspec knows: "
        "`data/*.csv`, `/srv/landing/*.csv`, `s3://bucket/orders/*.parquet`"
    )
    deliveries: Literal["append", "replace"] = Field(
        default="append",
        description="append: all files together are the table. replace: the newest alone is, which is the one whose "
        "path comes last in the order of text; write dates into names as 2026-11-26",
    )

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if not path.strip():
            raise ValueError("is empty: write a glob, like `data/*.csv`")
        if ".." in PurePosixPath(path).parts:
            raise ValueError(f"{path!r} leaves its folder: write it without '..', or as an absolute path")
        if "@" in path.partition("://")[2].partition("/")[0]:
            raise ValueError("holds a user or a password: give them to the store in its environment variables")
        return path


class Sql(Strict):
    """The rows of a table or of a query in a database."""

    class Incremental(Strict):
        """Only rows beyond the largest value already held are fetched, and added to the snapshot; where
        `columns.identifier` is given, a row that comes again replaces its older version."""

        column: str = Field(description="numbers, dates or moments that every new or changed row has larger ones of")
        generation: int = Field(default=0, description="raise it to have all rows fetched anew, once")

    url: str = Field(
        description="the environment variable that holds the database's SQLAlchemy URL, like `WAREHOUSE_URL`"
    )
    query: str | None = Field(default=None, description="a SELECT")
    table: str | None = Field(default=None, description="`table` or `schema.table`, in place of a query")
    incremental: Incremental | None = Field(default=None, description="default: all rows are fetched every time")

    @field_validator("url")
    @classmethod
    def _names_a_variable(cls, url: str) -> str:
        if "://" in url:
            raise ValueError(
                "holds an address, which may hold a password: put it into an environment variable, and write the name "
                "of that here, like WAREHOUSE_URL"
            )
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", url):
            raise ValueError("is not the name of an environment variable: write one, like WAREHOUSE_URL")
        return url

    @field_validator("table")
    @classmethod
    def _has_a_name(cls, table: str | None) -> str | None:
        if table is not None and not all(part.strip() for part in table.split(".")):
            raise ValueError(f"{table!r} names no table: write `table` or `schema.table`")
        return table

    @model_validator(mode="after")
    def _one_of_both(self) -> "Sql":
        if bool((self.query or "").strip()) == bool(self.table):
            raise ValueError("give either a `query` or a `table`")
        return self


class Simulation(Strict):
    """Rows that a simulator makes: the use case's `simulate` is called with the settings."""

    extra: str = Field(description="the extra of this project that installs the simulator")
    settings: dict[str, Any] = {}


SOURCES = ("package", "http", "files", "sql", "simulation")


class Source(Strict):
    """Where raw data comes from: exactly one of `package`, `http`, `files`, `sql`, `simulation`."""

    package: Package | None = None
    http: Http | None = None
    files: Files | None = None
    sql: Sql | None = None
    simulation: Simulation | None = None
    licence: str
    citation: str
    evidence: Literal["real", "perturbed", "simulated"] = "real"

    @model_validator(mode="after")
    def _exactly_one(self) -> "Source":
        named = [kind for kind in SOURCES if getattr(self, kind) is not None]
        if len(named) != 1:
            raise ValueError(f"name exactly one of {', '.join(SOURCES)}; this file names {named or 'none'}")
        return self

    @model_validator(mode="after")
    def _a_simulation_says_so(self) -> "Source":
        if self.simulation and self.evidence != "simulated":
            raise ValueError(f"what a simulation shows is not {self.evidence}: write `evidence: simulated`")
        return self


class Predict(Strict):
    """Rows without a target, which the published model predicts as they are delivered."""

    files: Files


class Columns(Strict):
    """What the columns mean. A column that is named nowhere is a feature."""

    identifier: list[str] = Field(default=[], description="unique together; never a feature")
    group: str | None = Field(default=None, description="rows of one patient, unit, day…; never a feature")
    time: str | None = Field(default=None, description="when the row was known; never a feature")
    sensitive: list[str] = Field(default=[], description="features that also get slices of their own")
    slices: list[str] = Field(default=[], description="more columns to slice the evaluation by")
    categorical: list[str] = Field(default=[], description="numbers that are names, or text with many levels")
    drop: list[str] = Field(default=[], description="never a feature, e.g. known only after the event")
    text: list[str] = Field(default=[], description="sentences or documents, for learners that read")
    image: str | None = Field(default=None, description="the bytes of a PNG or JPEG file, for learners that see")
    molecule: str | None = Field(default=None, description="SMILES, for learners that know chemistry")

    @property
    def content(self) -> list[str]:
        """The columns whose values only a learner made for them can use."""
        return [*self.text, *(column for column in (self.image, self.molecule) if column)]


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


class ScaffoldSplit(Strict):
    """Molecules (`columns.molecule`) with one ring system at random, all together."""

    by: Literal["scaffold"]
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


AnySplit = RandomSplit | GroupSplit | ScaffoldSplit | TimeSplit | ColumnSplit


def _leaves_training_rows(split: AnySplit) -> AnySplit:
    if not isinstance(split, ColumnSplit) and split.valid + split.test >= 1:
        raise ValueError(f"valid {split.valid} and test {split.test} leave no row to train: their sum must be below 1")
    return split


Split = Annotated[AnySplit, Field(discriminator="by"), AfterValidator(_leaves_training_rows)]


class ContractRule(Strict):
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
    min_lift_over_simple: float | None = None
    max_calibration_error: float | None = None
    max_slice_gap: float | None = Field(default=None, description="largest difference of the metric between two slices")
    min_predictions_per_second: float | None = None


class Costs(Strict):
    """What a wrong decision costs; the decision threshold is the one that costs least on validation rows."""

    false_positive: Annotated[float, Field(gt=0)] = 1.0
    false_negative: Annotated[float, Field(gt=0)] = 1.0


class DriftBounds(Strict):
    """How far a delivery may differ from the rows the model learned from, and what happens beyond.

    A bound counts as passed where chance alone does not explain it.
    """

    max_column: float = Field(
        default=0.25, gt=0, description="of any column: numbers in standard deviations, others as the share that moved"
    )
    max_auc: float = Field(
        default=0.75, gt=0.5, le=1, description="how well a classifier may tell new rows from old: 0.5 is not at all"
    )
    max_label: float = Field(default=0.1, gt=0, description="of the target, measured like a column")
    max_fall: float = Field(
        default=0.5, gt=0, description="share of the model's lift over the trivial baseline that may be lost"
    )
    on_drift: Literal["warn", "retrain", "block"] = Field(
        default="warn",
        description="`warn`: a failed check; `retrain`: also ask for new models; `block`: refuse the delivery, the "
        "rows and models that are published stay",
    )


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
    settings: dict[str, Any] = Field(default={}, description="what the task asks for beyond this; see its file")
    extra: str | None = Field(
        default=None, description="the extra of this project whose packages the use case's `features.py` imports"
    )
    columns: Columns = Columns()
    split: Split = RandomSplit()
    contract: list[ContractRule] = []
    delivered_every_days: Annotated[float, Field(gt=0)] | None = Field(
        default=None, description="deliveries are expected at least this often: people are told of one that is overdue"
    )
    metric: str | None = Field(default=None, description="default: the task's")
    learners: list[str] | None = Field(
        default=None, description="default: the task's; the first is the simple one that the champion is compared with"
    )
    seconds: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default={}, description="time budget of a learner on this machine; default: the learner's own"
    )
    parameters: dict[str, dict[str, Any]] = Field(default={}, description="a learner's hyperparameters, by its name")
    costs: Costs = Costs()
    gates: Gates = Gates()
    drift: DriftBounds = DriftBounds()
    limits: list[str] = Field(default=[], description="what the evaluation does not show; printed in the report")
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
        return self._key.partition("/")[0]

    @property
    def folder(self) -> Path:
        """The folder the definition was read from."""
        return self._folder

    @property
    def unlabelled(self) -> "UseCase":
        """This definition with the rows it is to predict in place of those it learns from."""
        assert self.predict, "asked of use cases that name `predict`"
        source = self.source.model_copy(update=dict.fromkeys(SOURCES) | {"files": self.predict.files})
        return self.model_copy(update={"source": source})

    def placed(self, key: str, folder: Path) -> "UseCase":
        """This definition, knowing its partition key and its folder."""
        copy = self.model_copy()
        copy._key, copy._folder = key, folder
        return copy
