"""What is made again after a change, and what is left alone."""

import shutil
from typing import Any

import polars as pl
import pytest
from dagster import DagsterInstance

from assets.stages import BESIDE_VALIDATED_DATA, STAGES, as_written, data_version, digest, latest
from catalogue.definition import Gates, UseCase
from modeling.artefacts.storage import load
from modeling.core.record import Evaluation
from pipelines.freshness import stale_industries, stale_market, stale_stages
from pipelines.jobs import DATA_STAGES
from resources.serving.predictor import Published
from resources.store.integrity import damage
from resources.store.state import DIGESTS
from resources.store.versions import current

from .sandbox import DELIVERY, KEY, Sandbox, definition, orders

JUDGED_AND_LATER = ["evaluation", "published_model", "evaluation_report"]
MODELS_AND_LATER = ["baseline_model", "lightgbm_model", "torch_model", *JUDGED_AND_LATER]
CONTRACT = [{"expect_column_values_to_be_between": {"column": "price", "min_value": 0}}]


def stale(sandbox: Sandbox, instance: DagsterInstance) -> list[str]:
    return stale_stages(sandbox.use_case(), instance, sandbox.state)


def test_before_the_first_run_everything_is_stale(empty: Sandbox):
    empty.place(frame=orders())
    with empty.instance() as instance:
        assert stale(empty, instance) == list(STAGES)


def test_after_a_run_nothing_is_stale(sandbox: Sandbox, instance: DagsterInstance):
    assert stale(sandbox, instance) == []


@pytest.mark.slow
@pytest.mark.parametrize("asset", list(STAGES))
def test_what_is_damaged_or_gone_is_made_again_with_what_depends_on_it(
    sandbox: Sandbox, instance: DagsterInstance, asset: str
):
    place = current(sandbox.state.artefact(asset, KEY))
    assert place is not None
    files = [path for path in sorted(place.rglob("*")) if path.is_file() and path.name != DIGESTS]
    (files or [place / DIGESTS])[0].write_bytes(b"")
    damaged = stale(sandbox, instance)
    shutil.rmtree(place)
    assert asset == damaged[0] == stale(sandbox, instance)[0]
    sandbox.make(instance, KEY)
    assert stale(sandbox, instance) == []


@pytest.mark.slow
def test_without_its_history_everything_is_made_again_beside_what_is_there(sandbox: Sandbox):
    former = {asset: current(sandbox.state.artefact(asset, KEY)) for asset in STAGES}
    shutil.rmtree(sandbox.dagster_home)
    with sandbox.instance() as instance:
        assert stale(sandbox, instance) == list(STAGES)
        sandbox.make(instance, KEY)
        assert stale(sandbox, instance) == []
    assert [asset for asset, place in former.items() if place is None or damage(place)] == []


def test_a_new_delivery_makes_everything_stale(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(frame=orders(seed=1))
    assert stale(sandbox, instance) == list(STAGES)


def test_the_same_bytes_delivered_again_change_nothing(sandbox: Sandbox, instance: DagsterInstance):
    delivery = sandbox.root / KEY / DELIVERY
    before = delivery.stat()
    content = delivery.read_bytes()
    delivery.unlink()
    delivery.write_bytes(content)
    assert delivery.stat().st_mtime_ns != before.st_mtime_ns
    assert stale(sandbox, instance) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"gates": {"min_metric": 0.6}}, JUDGED_AND_LATER),
        ({"costs": {"false_negative": 5}}, JUDGED_AND_LATER),
        ({"learners": ["logistic", "lightgbm"]}, MODELS_AND_LATER),
        ({"time_limit": 60}, MODELS_AND_LATER),
        ({"contract": CONTRACT}, [*list(STAGES)[1:]]),
        ({"split": {"by": "random", "seed": 1}}, [*list(STAGES)[1:]]),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_a_changed_definition_makes_only_what_depends_on_it_stale(
    sandbox: Sandbox, instance: DagsterInstance, change: dict[str, Any], expected: list[str]
):
    sandbox.place(**change)
    assert stale(sandbox, instance) == expected


def test_feature_code_makes_everything_stale(sandbox: Sandbox, instance: DagsterInstance):
    """`assemble` lies in the same file and changes the snapshot."""
    (sandbox.root / KEY / "features.py").write_text("def features(frame):\n    return frame\n")
    assert stale(sandbox, instance) == list(STAGES)


@pytest.mark.slow
def test_feature_code_that_makes_the_same_features_trains_nothing_and_the_model_predicts_again(
    sandbox: Sandbox, instance: DagsterInstance
):
    (sandbox.root / KEY / "features.py").write_text("def features(frame):\n    return frame  # as it was\n")
    sandbox.make(instance, KEY, *DATA_STAGES, *BESIDE_VALIDATED_DATA)
    assert stale(sandbox, instance) == JUDGED_AND_LATER
    sandbox.make(instance, KEY, *JUDGED_AND_LATER)
    assert stale(sandbox, instance) == []
    served = sandbox.current("published_model")
    assert Published.load(served.resolve(), sandbox.use_case()).answers(orders(5).drop("returned")).height


def test_a_key_that_is_new_to_the_code_makes_nothing_stale_and_one_that_is_written_does():
    class WiderGates(Gates):
        max_regret: float | None = None

    class Wider(UseCase):
        gates: WiderGates = WiderGates()  # pyright: ignore[reportIncompatibleVariableOverride]
        appetite: float = 0.5

    for gates in ({}, {"gates": {"min_metric": 0.6}}):
        before, now = (kind.model_validate(definition(**gates)) for kind in (UseCase, Wider))
        assert digest(as_written(before)) == digest(as_written(now))
        assert digest(as_written(before, ["gates"])) == digest(as_written(now, ["gates"]))
    written = Wider.model_validate(definition(gates={"max_regret": 0.1}))
    assert digest(as_written(written, ["gates"])) != digest(as_written(Wider.model_validate(definition()), ["gates"]))


def test_remaking_what_was_stale_leaves_nothing_stale(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(gates={"min_metric": 0.6})
    sandbox.make(instance, KEY, *stale(sandbox, instance))
    assert stale(sandbox, instance) == []


@pytest.mark.slow
def test_reports_above_are_stale_until_made_and_again_after_a_new_evaluation(
    sandbox: Sandbox, instance: DagsterInstance
):
    catalogue = sandbox.catalogue()
    assert stale_industries(catalogue, instance, sandbox.state) == ["retail"]
    sandbox.make(instance, "retail", job="industry")
    assert stale_industries(catalogue, instance, sandbox.state) == []
    assert stale_market(catalogue, instance, sandbox.state)
    sandbox.make(instance, None, job="market_entry")
    assert not stale_market(catalogue, instance, sandbox.state)
    sandbox.make(instance, KEY, "evaluation", "evaluation_report")
    assert stale_industries(catalogue, instance, sandbox.state) == ["retail"]


@pytest.mark.slow
def test_the_snapshot_has_one_version_from_the_source_to_the_evaluation(sandbox: Sandbox, instance: DagsterInstance):
    sandbox.place(frame=orders().with_columns(colour=pl.lit("a colour of more than twelve bytes"), weight=None))
    sandbox.make(instance)
    snapshot = data_version(latest(instance, "raw_data", KEY))
    assert load(Evaluation, sandbox.current("evaluation")).data_version == snapshot
