"""What runs, deliveries and predictions make of a case, held against what a person says of it.

Belongs here: the cases that `new` alone does not settle. Does not belong here: what `new` makes of a file
(`expected_of_new`).
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
import yaml
from dagster import DagsterInstance, ExecuteInProcessResult

from assets.stages import BESIDE_VALIDATED_DATA, QUARANTINE
from benchmarks.awkward_cases.proposed import KEY, Verdict, lacking
from modeling.artefacts.table import TABLE
from modeling.core.predictions import ERROR, REMARKS
from pipelines.onboarding import onboard
from pipelines.vocabulary import read_catalogue
from resources.errors import PermanentError
from resources.serving.models import Models
from resources.serving.predictor import Published
from resources.sources.untrusted import read_file
from tests.pipelines.sandbox import Sandbox, failures

_METADATA = "metadata "
DATA = ("raw_data", "validated_data", *BESIDE_VALIDATED_DATA)


@dataclass(frozen=True)
class Ran:
    """What a run came to: whether it succeeded, and all that it said."""

    succeeded: bool
    said: str


@dataclass(frozen=True)
class Place:
    """A use case of one case, in a catalogue and a state folder of its own."""

    sandbox: Sandbox
    instance: DagsterInstance

    @property
    def folder(self) -> Path:
        return self.sandbox.root / KEY

    def new(self, file: Path, target: str, **changes: Any) -> None:
        """Let `new` propose the use case, and change some keys of it."""
        onboard(KEY, file, target, read_catalogue(self.sandbox.root), title="A case")
        self.change(learners=["logistic"], **changes)

    def copied(self, case: Path, **changes: Any) -> None:
        """Take the use case that lies in the case's folder."""
        shutil.copytree(case, self.folder)
        (self.folder.parent / "industry.yaml").write_text("title: Cases\n", encoding="utf-8")
        self.change(**changes)

    def change(self, **changes: Any) -> None:
        path = self.folder / "use_case.yaml"
        written = yaml.safe_load(path.read_text(encoding="utf-8")) | changes
        path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")

    def run(self, *assets: str) -> Ran:
        """These assets, or all of the use case."""
        result = self.sandbox.materialise(self.instance, KEY, *assets)
        return Ran(result.success, f"{_said(result)}\n{failures(result) or ''}")

    def table(self, asset: str) -> pl.DataFrame:
        """What readers see; no row where nothing was made."""
        path = self.sandbox.current(asset, KEY) / TABLE
        return pl.read_parquet(path) if path.is_file() else pl.DataFrame()

    def answers(self, file: Path) -> pl.DataFrame | str:
        """As `sectorforge predict`: a row for each of the file, or why there is none."""
        use_case = self.sandbox.use_case(KEY)
        serving = Models(self.sandbox.state).serving(KEY)
        if serving is None:
            return "no model serves"
        assert use_case.rows_to_predict, "`new` writes no source but files"
        try:
            rows, _ = read_file(file, use_case.rows_to_predict)
            return Published.load(serving, use_case).answers(rows)
        except PermanentError as error:
            return str(error).replace(f"{file}: ", "")


def _said(result: ExecuteInProcessResult) -> str:
    """Checks, remarks and reasons, as people read them in the UI."""
    checks = [check.description or "" for check in result.get_asset_check_evaluations()]
    metadata = [event.materialization.metadata for event in result.get_asset_materialization_events()]
    held = [_METADATA + str({name: value.value for name, value in one.items()}) for one in metadata]
    return "\n".join([*checks, *held])


def _in_place(act: Callable[[Place], Iterator[Verdict]]) -> Iterator[Verdict]:
    with tempfile.TemporaryDirectory() as folder:
        sandbox = Sandbox(Path(folder))
        with sandbox.instance() as instance:
            yield from act(Place(sandbox, instance))


# --- rows to predict --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answers:
    """What is right of a file to predict: how many rows have an answer; what remarks, errors and refusal contain."""

    predicted: int
    errors: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


TO_PREDICT = {
    "case.csv": Answers(0, refused=("'Income'", "'income'")),
    "de.csv": Answers(0, refused=('separator: ";"',)),
    "dup.csv": Answers(33, remarks=("customer",)),
    "empty_col.csv": Answers(30, remarks=("income is empty",)),
    "extra.csv": Answers(30),
    "floats.csv": Answers(30),
    "fraction.csv": Answers(30, remarks=("income",)),
    "lacks.csv": Answers(0, refused=("income", "missing")),
    "levels_all.csv": Answers(30, remarks=("astronaut",)),
    "noid.csv": Answers(1, remarks=("customer",)),
    "none.csv": Answers(0, refused=("no row",)),
    "ok.csv": Answers(30),
    "one.csv": Answers(1),
    "one_name.csv": Answers(0, refused=("'Income '", "'income'")),
    "one_null.csv": Answers(1, remarks=("income is empty",)),
    "range.csv": Answers(28, errors=("income", "99999999", "visits", "-5")),
    "semi.csv": Answers(0, refused=('separator: ";"',)),
    "some_empty.csv": Answers(30, remarks=("income is empty",)),
    "target.csv": Answers(30),
    "target_text.csv": Answers(30),
    "thousand.csv": Answers(0, refused=("income", "1,000")),
    "three_null.csv": Answers(3, remarks=("visits is empty",)),
    "unit.csv": Answers(29, errors=("income", "1800 EUR")),
    "upper.csv": Answers(30, remarks=("CLERK ", "clerk")),
    "utf16.csv": Answers(0, refused=("encoding",)),
}


def _answered(case: Path, name: str, found: pl.DataFrame | str, right: Answers) -> Verdict:
    if isinstance(found, str):
        wrong = lacking(right.refused, found) if right.refused else ["should not be refused"]
        return Verdict(case.name, name, f"refused: {found}", tuple(wrong))
    errors, remarks = ("\n".join(found[name].drop_nulls()) for name in (ERROR, REMARKS))
    predicted = found[ERROR].null_count()
    wrong = [f"{predicted} predicted, not {right.predicted}"] if predicted != right.predicted else []
    wrong += ["should be refused"] if right.refused else []
    wrong += [*lacking(right.errors, errors), *lacking(right.remarks, remarks)]
    return Verdict(case.name, name, f"{predicted} of {found.height} rows predicted {errors[:60]}", tuple(wrong))


def leading_zeros(case: Path) -> Iterator[Verdict]:
    def act(place: Place) -> Iterator[Verdict]:
        place.new(case / "a.csv", "churned")
        ran = place.run()
        found = place.answers(case / "new.csv")
        verdict = _answered(case, "new.csv to predict", found, Answers(20))
        kept = not isinstance(found, str) and found["account"][0] == "00900000"
        wrong = () if kept and ran.succeeded else ("00900000 is gone",)
        yield replace(verdict, wrong=(*verdict.wrong, *wrong))

    yield from _in_place(act)


def rows_to_predict(case: Path) -> Iterator[Verdict]:
    def act(place: Place) -> Iterator[Verdict]:
        place.new(case / "train.csv", "bought")
        ran = place.run()
        yield Verdict(case.name, "train.csv", "trained", () if ran.succeeded else (ran.said,))
        for name, right in TO_PREDICT.items():
            yield _answered(case, name, place.answers(case / name), right)

    yield from _in_place(act)


def target_with_a_space(case: Path) -> Iterator[Verdict]:
    def act(place: Place) -> Iterator[Verdict]:
        place.new(case / "space.csv", "Diabetes ")
        place.run()
        yield _answered(case, "space_new.csv", place.answers(case / "space_new.csv"), Answers(20))

    yield from _in_place(act)


def column_names(case: Path) -> Iterator[Verdict]:
    """Trained, reported (escaped) and predicted under the names of the file."""
    for train, new in (("names.csv", "new.csv"), ("plain.csv", "new_plain.csv")):

        def act(place: Place, train: str = train, new: str = new) -> Iterator[Verdict]:
            place.new(case / train, "order by")
            ran = place.run()
            pages = [page.read_text() for page in place.sandbox.current("evaluation_report", KEY).rglob("*.html")]
            raw = [f"in the report: {mark}" for mark in ("<b>bold</b>",) for page in pages if mark in page]
            wrong = [] if ran.succeeded and pages else [ran.said]
            yield Verdict(case.name, f"{train} trained", "trained and reported", (*wrong, *raw))
            yield _answered(case, new, place.answers(case / new), Answers(20))

        yield from _in_place(act)


# --- deliveries -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Delivered:
    """What is right of a delivery after another: the rows that are published then, and what is said."""

    rows: int
    says: tuple[str, ...] = ()


DELIVERIES = {
    "d2_added.csv": Delivered(420, ("'channel'", "left out until")),
    "d2_allnull.csv": Delivered(300, ("visits",)),
    "d2_cents.csv": Delivered(300, ("income",)),
    "d2_empty.csv": Delivered(300, ("d2_empty.csv", "empty (0 bytes)")),
    "d2_float.csv": Delivered(420),
    "d2_header.csv": Delivered(300, ("d2_header.csv", "no row below the header")),
    "d2_newclass.csv": Delivered(396, ("bought", "lines 2, 7")),
    "d2_ok.csv": Delivered(420),
    "d2_ragged.csv": Delivered(300, ("d2_ragged.csv", "line 52 has 3 fields")),
    "d2_renamed.csv": Delivered(300, ("d2_renamed.csv", "'job'", "'occupation'")),
    "d2_reordered.csv": Delivered(420),
    "d2_semi.csv": Delivered(300, ("d2_semi.csv", 'separator: ";"')),
    "d2_space.csv": Delivered(300, ("d2_space.csv", "'income '")),
    "d2_text.csv": Delivered(300, ("d2_text.csv", "about 900", "line 9")),
}
"""A fraction among whole numbers fits (`d2_float.csv`): a table's whole numbers widen. Of files of which nearly every
row breaks a rule (`d2_cents.csv`, `d2_allnull.csv`) nothing is taken; rows of a class never seen are set aside."""


def _delivered(case: Path, first: str, target: str, later: dict[str, Delivered]) -> Iterator[Verdict]:
    with tempfile.TemporaryDirectory() as folder:
        before = Sandbox(Path(folder) / "before")
        with before.instance() as instance:
            place = Place(before, instance)
            place.new(case / first, target)
            ran = place.run(*DATA)
            yield Verdict(case.name, f"{first} delivered", "taken", () if ran.succeeded else (ran.said,))
        for name, right in later.items():
            after = before.copy(Path(folder) / name)
            with after.instance() as instance:
                place = Place(after, instance)
                shutil.copy(case / name, place.folder)
                yield _told(case, f"{name} after {first}", place, right)


def _told(case: Path, name: str, place: Place, right: Delivered) -> Verdict:
    ran = place.run(*DATA)
    rows = place.table("validated_data").height
    wrong = [f"{rows} rows are published, not {right.rows}"] if rows != right.rows else []
    fitting = [line for line in ran.said.splitlines() if line and not line.startswith('{"')]
    return Verdict(case.name, name, f"{rows} rows; {' '.join(fitting)}", (*wrong, *lacking(right.says, ran.said)))


def dates_delivered(case: Path) -> Iterator[Verdict]:
    yield from _delivered(case, "amb.csv", "price", {"amb2.csv": Delivered(460)})
    yield from _delivered(
        case, "tz.csv", "price", {"tz_naive.csv": Delivered(400, ("tz_naive.csv", "'when'", "offset"))}
    )


def schema_evolution(case: Path) -> Iterator[Verdict]:
    yield from _delivered(case, "d1.csv", "bought", DELIVERIES)


# --- use cases as their folders describe them -------------------------------------------------------------------------


def _described(
    case: str,
    name: str,
    folder: Path,
    says: tuple[str, ...] = (),
    *,
    fails: bool = False,
    assets: tuple[str, ...] = (),
    **changes: Any,
) -> Iterator[Verdict]:
    """The use case in a folder, run (these `assets`, else all); `fails`: it must be refused, with a message."""

    def act(place: Place) -> Iterator[Verdict]:
        place.copied(folder, **changes)
        ran = place.run(*assets)
        rows, aside = place.table("validated_data").height, place.table(QUARANTINE)
        wrong = lacking(says, f"{ran.said}\n{aside.rows()}")
        if ran.succeeded == fails:
            wrong.append("should be refused" if fails else ran.said)
        outcome = "taken" if ran.succeeded else f"refused: {ran.said.splitlines()[-1]}"
        yield Verdict(case, name, f"{rows} rows, {aside.height} set aside, {outcome}", tuple(wrong))

    yield from _in_place(act)


def survival(case: Path) -> Iterator[Verdict]:
    """`ones` says by 1 and 2 what happened, and its use case does not say which of them is the event."""
    says = {"pos": (), "zero": (), "neg": ("'days': 2 of 400", "below zero"), "ones": ("failed", "happened")}
    for name, words in says.items():
        yield from _described(case.name, name, case / name, words, fails=name in ("neg", "ones"), learners=["cox"])


def molecules(case: Path) -> Iterator[Verdict]:
    """Fifteen rows hold no molecule; salts of one base with two labels are said."""
    says = ("no SMILES", "missing", "other labels")
    yield from _described(case.name, "d.csv", case, says, assets=(*DATA, "features"))


def images(case: Path) -> Iterator[Verdict]:
    yield from _described(case.name, "images", case, ("cut.jpg",), assets=DATA)


def recommendation(case: Path) -> Iterator[Verdict]:
    """Who buys the same again and again is recommended what is bought again where `repeats` says so."""
    for name in ("one", "two"):
        yield from _described(case.name, name, case / name, ("users",), fails=True, learners=["item_knn"])
    yield from _described(case.name, "same_time", case / "same_time", ("moment",), fails=True, learners=["item_knn"])
    yield from _described(case.name, "repeat", case / "repeat", learners=["item_knn"])


def texts(case: Path) -> Iterator[Verdict]:
    """What `new` refuses with the task that reads it, described by hand."""
    source = {"files": {"path": "text.csv"}, "licence": "-", "citation": "-"}
    written = {"title": "Moods", "task": "text_classification", "source": source, "target": "mood", "positive": "🙂"}
    columns = {"identifier": ["id"], "text": ["review"]}
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(case / "text.csv", folder)
        (Path(folder) / "use_case.yaml").write_text(yaml.safe_dump(written | {"columns": columns}), encoding="utf-8")
        yield from _described(case.name, "text.csv by hand", Path(folder), learners=["tfidf"])


def called_like_an_output(case: Path) -> Iterator[Verdict]:
    """The README alone is the case: `check` refuses the name before anything runs."""
    for name in ("decision", "prediction"):
        with tempfile.TemporaryDirectory() as folder:
            sandbox = Sandbox(Path(folder))
            sandbox.place(columns={"identifier": [name]})
            said = "; ".join(map(str, sandbox.catalogue().errors))
            yield Verdict(case.name, f"identifier {name}", said, tuple(lacking((f"'{name}'", f"id_{name}"), said)))


RUNS: dict[str, Callable[[Path], Iterator[Verdict]]] = {
    "03": leading_zeros,
    "05": dates_delivered,
    "08": target_with_a_space,
    "11": rows_to_predict,
    "12": schema_evolution,
    "17": survival,
    "18": molecules,
    "19": images,
    "20": recommendation,
    "21": texts,
    "22": column_names,
    "23": called_like_an_output,
}
