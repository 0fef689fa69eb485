"""What becomes of artefacts when a person is forgotten.

Belongs here: which versions go whole, which are made anew without the person's rows, and which models are marked. Does
not belong here: the order of it (`pipelines.forget`), or what Dagster and MLflow keep (`history`).
"""

import io
import json
from pathlib import Path

import polars as pl
from dagster import AssetMaterialization

from assets.metadata import ROWS
from assets.stages import (
    DATA_VERSION,
    DRIFT,
    INDUSTRY_REPORT,
    MARKET_ENTRY_REPORT,
    PREDICTIONS,
    QUARANTINE,
    STATUS_REPORT,
    latest,
)
from modeling.artefacts.evaluated_model import MODEL, RECORD
from modeling.artefacts.predictions import without_formulas
from modeling.artefacts.table import TABLE
from pipelines.forget.people import RAW, People, read_table
from pipelines.forget.removed import Removed, remove_all
from resources.serving.models import Models
from resources.store.materializations import PATH, version_made
from resources.store.state import VERSIONS
from resources.store.versions import content_digest, current, publish, rewrite

MADE_AGAIN = (
    "validated_data",
    QUARANTINE,
    DRIFT,
    "features",
    "baseline_model",
    "lightgbm_model",
    "torch_model",
    "evaluation_report",
)
"""Assets that the next run makes again of the new snapshot: every version goes."""
JUDGED = ("evaluation", "published_model")
"""Assets that stay, without the values of rows that they show."""
SHOWN = ("chapters", "within_clusters")
"""Parts of a judgement that show single rows, or name what belongs together, such as a patient."""


def mark_models(people: People) -> list[str]:
    """Note of published models that they learned, or may have, from the people; returns their names."""
    models = Models(people.state)
    versions = models.versions(people.key)
    learned = {one.name for one in versions if people.may_be_in_what_was_made_of(one.evaluation.data_version)}
    models.mark_learned_from_forgotten(people.key, learned)
    return sorted(learned)


def remove_drafts(people: People) -> Removed:
    """What killed processes left of versions, of whomever: nothing was made of it, and no run goes on."""
    assets = (RAW, PREDICTIONS.name, *MADE_AGAIN, *JUDGED)
    folders = [people.state.artefact(asset, people.key) / VERSIONS for asset in assets]
    return Removed("drafts", remove_all(place for folder in folders for place in folder.glob(".*")))


def remove_what_is_made_again(people: People) -> list[Removed]:
    """Every version of it."""
    note = "it is retired: no run makes it again" if people.use_case.retired else "the next run makes it again"
    return [Removed(asset, remove_all(people.versions(asset)), note) for asset in MADE_AGAIN if people.found]


def remove_reports_above(people: People) -> Removed:
    """Those on the industry, the market and all use cases that name them."""
    industry = people.state.artefact(INDUSTRY_REPORT, people.use_case.industry)
    folders = [industry, *(people.state.artefact(name) for name in (MARKET_ENTRY_REPORT, STATUS_REPORT))]
    versions = [place for folder in folders for place in (folder / VERSIONS).glob("*")]
    count = remove_all(filter(people.are_in_folder, versions))
    return Removed("reports above", count, "the next run makes them again")


def remove_interrupted_training(people: People) -> Removed:
    """All of it."""
    scratch = people.state.scratch_root / people.key
    return Removed("interrupted training", remove_all([scratch] if people.found and scratch.exists() else []))


def clear_predictions(people: People) -> Removed:
    """Without their rows, and without every value that broke a rule: nothing says whose it was."""
    versions = people.versions(PREDICTIONS.name) if people.found else []
    count = sum(_clear_predictions(people, place) for place in versions)
    return Removed("predictions", count, "without the person's rows, and without the values that broke rules")


def _clear_predictions(people: People, place: Path) -> bool:
    rows, set_aside = (read_table(place / f"{name}.parquet") for name in ("predictions", "set_aside"))
    if rows is None or set_aside is None or people.identifiers.column not in rows.columns:
        return bool(remove_all([place]))
    left = {
        "predictions": rows.filter(~people.identifiers.of(rows)),
        "set_aside": set_aside.with_columns(value=pl.lit(None, pl.String)),
    }
    contents = {f"{name}.parquet": _parquet(frame) for name, frame in left.items()}
    contents |= {f"{name}.csv": without_formulas(frame).write_csv().encode() for name, frame in left.items()}
    differing = {name: new for name, new in contents.items() if not _holds(place / name, new)}
    for name, content in differing.items():
        rewrite(place, name, content)
    return bool(differing)


def clear_judgements(people: People) -> Removed:
    """Records stay, and show no row any more where they may show theirs. A model that names them, among the levels of a
    column it reads, goes unless it serves."""
    places = [place for asset in JUDGED for place in people.versions(asset)]
    serving = Models(people.state).serving(people.key)
    doomed = [place for place in places if people.are_in_folder(place / MODEL) and place != serving]
    cleared = [place for place in places if place not in doomed and _clear_record(people, place)]
    return Removed("judgements", remove_all(doomed) + len(cleared), "examples of rows; scores and gates stay")


def _clear_record(people: People, place: Path) -> bool:
    try:
        content = json.loads((place / RECORD).read_text(encoding="utf-8"))
        shown = people.may_be_in_what_was_made_of(content["data_version"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
    without = people.identifiers.out_of_record(content, shown=shown)
    without |= {name: [] for name in SHOWN if shown and name in without}
    if without == content:
        return False
    rewrite(place, RECORD, json.dumps(without, ensure_ascii=False, indent=1).encode())
    return True


def replace_snapshots(people: People) -> Removed:
    """A current snapshot with them in it is replaced by one without; then all that hold them go."""
    place = current(people.state.artefact(RAW, people.key))
    frame = read_table(place / TABLE) if place in people.snapshots else None
    if frame is not None:
        _publish(people, frame.filter(~people.identifiers.of(frame)))
    return Removed(RAW, remove_all(people.snapshots), "the current one is published anew without the person")


def _publish(people: People, frame: pl.DataFrame) -> None:
    """Made of what the former one was made of, it is up to date until the source delivers other rows."""
    version = content_digest(frame)
    publish(people.state.artefact(RAW, people.key), version, lambda folder: frame.write_parquet(folder / TABLE))
    former = latest(people.instance, RAW, people.key)
    place = version_made(people.state, RAW, people.key, former)
    if former is None or place is None:
        return
    described = {
        **former.metadata,
        PATH: str(place.with_name(version)),
        "version": version,
        ROWS: frame.height,
    }
    people.instance.report_runless_asset_event(
        AssetMaterialization(RAW, partition=people.key, tags={DATA_VERSION: version}, metadata=described)
    )


def _holds(path: Path, content: bytes) -> bool:
    return path.exists() and path.read_bytes() == content


def _parquet(frame: pl.DataFrame) -> bytes:
    sink = io.BytesIO()
    frame.write_parquet(sink)
    return sink.getvalue()
