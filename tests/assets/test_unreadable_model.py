"""A serving model that can't be read is reported, stops nothing, and is replaced by the next champion."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from dagster import DagsterInstance

from assets.drift import DRIFT
from assets.published_model import TAKES_OVER
from modeling.artefacts.storage import load
from modeling.core.record import Evaluation
from modeling.drift.record import CHECKS
from resources.serving.models import Models
from resources.store.integrity import write_digests

from ..pipelines.sandbox import KEY, Sandbox, orders
from .test_contract_checks import evaluations, rows

GATE = "not_worse_than_serving"


def grown() -> pl.DataFrame:
    """The orders of before, and as many new ones."""
    return pl.concat([orders(), orders(seed=1).with_columns(pl.col("order") + 300)])


def rewritten(**changes: object) -> Callable[[Path], None]:
    def damage(served: Path) -> None:
        path = served / "model" / "model.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return damage


def cut(name: str) -> Callable[[Path], None]:
    def damage(served: Path) -> None:
        (path,) = served.glob(name)
        path.write_bytes(path.read_bytes()[:-20])

    return damage


def without(name: str) -> Callable[[Path], None]:
    def damage(served: Path) -> None:
        path = served / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


MODEL_DAMAGE = {
    "weights cut off": (cut("model/members/logistic/*.skops"), "not as it was saved"),
    "a card cut off": (cut("model/model.json"), "JSONDecodeError"),
    "a later format": (rewritten(format=4), "only formats 2 to 3 are known, this is 4; update sectorforge"),
    "no format": (rewritten(format=None), "only formats 2 to 3 are known"),
    "a learner of another name": (rewritten(members={"forest": 1.0}), "no learner is called 'forest'"),
    "a field that is unknown": (rewritten(colour="red"), "ValidationError"),
    "no recipe": (without("model/recipe.json"), "not as it was saved"),
    "no model": (without("model"), "it has no model.json"),
}


@pytest.fixture
def served(sandbox: Sandbox) -> Path:
    """The folder of the version that serves."""
    place = Models(sandbox.state).serving(KEY)
    assert place
    return place


def check_of(instance: DagsterInstance, name: str, asset: str) -> tuple[bool, str]:
    (latest, *_) = evaluations(instance, name, asset)
    return latest.passed, latest.description or ""


def gate(instance: DagsterInstance) -> tuple[bool, str]:
    (latest, *_) = evaluations(instance, "gates", "evaluation")
    found = next(one for one in rows(latest, "gates") if one["name"] == GATE)
    return found["passed"], found["message"]


@pytest.mark.slow
@pytest.mark.parametrize("damage", MODEL_DAMAGE)
def test_a_model_that_cannot_be_read_is_replaced_by_the_next_champion(
    sandbox: Sandbox, instance: DagsterInstance, served: Path, damage: str
):
    spoil, reason = MODEL_DAMAGE[damage]
    spoil(served)
    write_digests(served)
    sandbox.place(frame=grown())
    sandbox.make(instance)

    passed, said = check_of(instance, "performance_fell", DRIFT)
    assert passed and "the model that serves can't be read" in said and reason in said
    passed, said = gate(instance)
    assert passed and "not compared" in said and reason in said
    challenge = load(Evaluation, sandbox.current("evaluation")).challenge
    assert challenge and challenge.serving == served.name and challenge.lift is None
    assert str(sandbox.home) not in challenge.message, "a report shows no place of this machine"

    assert check_of(instance, TAKES_OVER, "published_model")[0]
    serving = Models(sandbox.state).serving(KEY)
    assert serving and serving != served


@pytest.mark.slow
def test_a_model_that_is_not_what_was_published_is_not_read(sandbox: Sandbox, instance: DagsterInstance, served: Path):
    cut("model/model.json")(served)
    sandbox.place(frame=grown())
    sandbox.make(instance)
    for passed, said in (check_of(instance, "performance_fell", DRIFT), gate(instance)):
        assert passed and "model/model.json has" in said and "not as it was published" in said


@pytest.mark.slow
@pytest.mark.parametrize("damage", [cut("evaluation.json"), without("evaluation.json")], ids=["cut off", "missing"])
def test_a_record_that_cannot_be_read_stops_neither_a_delivery_nor_its_successor(
    sandbox: Sandbox, instance: DagsterInstance, served: Path, damage: Callable[[Path], None]
):
    damage(served)
    damage(sandbox.current("evaluation"))
    sandbox.place(frame=grown())
    sandbox.make(instance)
    passed, said = check_of(instance, "performance_fell", DRIFT)
    assert passed and "can't be read: evaluation.json" in said
    serving = Models(sandbox.state).serving(KEY)
    assert serving and serving != served


@pytest.mark.slow
def test_a_reference_that_cannot_be_read_stops_no_delivery(sandbox: Sandbox, instance: DagsterInstance):
    cut("reference/profile.json")(sandbox.current("evaluation"))
    sandbox.place(frame=grown())
    sandbox.make(instance, job="data")
    for name in CHECKS:
        passed, said = check_of(instance, name, DRIFT)
        assert passed and "what is kept of the rows that the model learned from can't be read" in said
