"""The model that serves changes when a champion passed its gates or a person decides, and else stays."""

import polars as pl
import pytest
from dagster import DagsterInstance

from assets.published_model import TAKES_OVER, NothingToAccept
from assets.stages import data_version, latest
from modeling.artefacts.storage import load
from modeling.core.model import Model
from modeling.core.record import Evaluation
from pipelines.freshness import stale_stages
from pipelines.model_choice import ServingChoice, choose
from resources.serving.models import Models

from ..pipelines.sandbox import KEY, Sandbox, hashes, orders

LATER = ("evaluation", "published_model", "evaluation_report")


def grown() -> pl.DataFrame:
    """The orders of before, and as many new ones."""
    return pl.concat([orders(), orders(seed=1).with_columns(pl.col("order") + 300)])


@pytest.fixture
def models(sandbox: Sandbox) -> Models:
    return Models(sandbox.state)


def serving(models: Models) -> str:
    place = models.serving(KEY)
    assert place
    return place.name


def why(instance: DagsterInstance) -> str:
    materialization = latest(instance, "published_model", KEY)
    assert materialization
    return str(materialization.metadata["why"].value)


def test_a_champion_that_passed_its_gates_serves_and_predicts(
    sandbox: Sandbox, instance: DagsterInstance, models: Models
):
    place = models.serving(KEY)
    assert place and load(Evaluation, place).published
    assert data_version(latest(instance, "published_model", KEY)) == place.name
    assert len(load(Model, place / "model").predict(orders(20).drop("returned"))) == 20


def test_a_champion_that_fails_a_gate_leaves_the_old_one_with_the_reason(sandbox, instance, models):
    before, files = serving(models), hashes(sandbox.home / "artefacts" / "published_model")
    sandbox.place(gates={"min_metric": 0.999})
    sandbox.make(instance, KEY, *LATER)
    assert serving(models) == before
    assert hashes(sandbox.home / "artefacts" / "published_model") == files
    assert "at least 0.999 is asked" in why(instance)
    assert data_version(latest(instance, "published_model", KEY)) == before
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []


@pytest.mark.slow
def test_a_champion_that_is_decisively_worse_leaves_the_old_one_with_the_reason(sandbox, instance, models):
    before = serving(models)
    sandbox.place(frame=grown(), columns={"identifier": ["order"], "drop": ["price"]})
    sandbox.make(instance)
    judged = load(Evaluation, sandbox.current("evaluation"))
    assert judged.challenge and judged.challenge.lift and judged.challenge.lift.high < 0
    assert judged.challenge.units < judged.units, "rows that the old one learned from do not count"
    assert serving(models) == before and "may be lost" in why(instance)
    assert "decisive" in (sandbox.current("evaluation_report") / "report.md").read_text()


@pytest.mark.slow
def test_a_champion_as_good_on_new_rows_takes_over(sandbox, instance, models):
    before = serving(models)
    sandbox.place(frame=grown())
    sandbox.make(instance)
    assert serving(models) != before and why(instance) == "all gates passed"
    assert len(models.versions(KEY)) == 2


@pytest.mark.slow
def test_a_pinned_model_stays_until_it_is_unpinned_and_the_lineage_knows(sandbox, instance, models):
    home, first = sandbox.state, serving(models)
    choose(ServingChoice.PIN, KEY, first[:6], home, instance)
    sandbox.place(frame=grown())
    sandbox.make(instance)
    assert serving(models) == first and "a person pinned" in why(instance)
    choose(ServingChoice.UNPIN, KEY, "", home, instance)
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == ["published_model"]
    sandbox.make(instance, KEY, "published_model")
    second = serving(models)
    assert second != first
    choose(ServingChoice.ROLL_BACK, KEY, "", home, instance)
    assert serving(models) == first == data_version(latest(instance, "published_model", KEY))
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []


@pytest.mark.slow
def test_the_ui_s_job_decides_too(sandbox, instance, models):
    sandbox.place(frame=grown())
    first = serving(models)
    sandbox.make(instance)
    config = {"ops": {"choose_version": {"config": {"use_case": KEY, "choice": "ROLL_BACK"}}}}
    job = sandbox.definitions().resolve_job_def("choose_model")
    assert job.execute_in_process(run_config=config, instance=instance).success
    assert serving(models) == first == models.pinned(KEY)


def test_the_check_says_whether_the_champion_took_over(sandbox, instance):
    sandbox.place(gates={"min_metric": 0.999})
    result = sandbox.materialise(instance, KEY, *LATER)
    (check,) = [c for c in result.get_asset_check_evaluations() if c.check_name == TAKES_OVER]
    assert not check.passed and "at least 0.999 is asked" in (check.description or "")


@pytest.mark.slow
def test_a_person_accepts_a_champion_that_could_not_be_compared(sandbox, instance, models):
    """Other features from other code: nothing shows that the new one is not worse."""
    before = serving(models)
    with pytest.raises(NothingToAccept, match="no gate holds the champion back"):
        choose(ServingChoice.ACCEPT, KEY, "", sandbox.state, instance)
    code = "import polars as pl\n\ndef features(frame):\n    return frame.with_columns(ratio=pl.col('price') / 50)\n"
    (sandbox.root / KEY / "features.py").write_text(code)
    sandbox.make(instance)
    assert serving(models) == before and "features.py" in why(instance) and "models accept" in why(instance)
    new = choose(ServingChoice.ACCEPT, KEY, "", sandbox.state, instance)
    assert serving(models) == new != before and "accept" in why(instance)
    best = models.best(KEY)
    assert best and best.name == new, "what a person decided on is what later ones are held against"
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []
