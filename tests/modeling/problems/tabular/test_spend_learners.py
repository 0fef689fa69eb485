"""What RFM and BG/NBD make of orders, and the segments of a report."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from modeling.core.blend import Blend
from modeling.core.learner import Fitting, LearnerError
from modeling.core.record import Estimates, Listing
from modeling.core.table import Rows, Table
from modeling.core.task import EvaluatedChampion
from modeling.problems import learners, tasks
from modeling.problems.tabular.baseline import bg_nbd
from modeling.problems.tabular.baseline.bg_nbd import History
from modeling.problems.tabular.chapters import segment_chapters
from modeling.problems.tabular.regression import Regression
from modeling.problems.tabular.segments import Segments
from modeling.problems.tabular.settings import SegmentSettings

from ...small_data import use_case

R, ALPHA, A, B = 0.8, 5.0, 0.8, 2.5
P, Q, GAMMA = 6.0, 4.0, 15.0
HORIZON = 26.0
BUDGET = Fitting("regression", 0)
PARAMETERS = {
    "bg_nbd": {"horizon": HORIZON * 7},
    "rfm": {},
    "bg_nbd_lightgbm": {"bg_nbd": {"horizon": HORIZON * 7}, "lightgbm": {"trials": 1, "num_leaves": 7}},
}
NAMES = ("days_since_first", "days_since_last", "orders", "spend")


def customers(count: int = 6000, seed: int = 0) -> Table:
    """Customers who order, are lost and pay as BG/NBD with gamma-gamma says; the target is the spend to come."""
    draw = np.random.default_rng(seed)
    rate, loss = draw.gamma(R, 1 / ALPHA, count), draw.beta(A, B, count)
    scale = draw.gamma(Q, 1 / GAMMA, count)
    rows = [_customer(draw, *of) for of in zip(rate, loss, scale, draw.uniform(26, 39, count), strict=True)]
    numbers = np.array(rows)
    return table(numbers[:, :4], numbers[:, 4])


def _customer(draw, rate, loss, scale, age):
    times = [0.0]
    while times[-1] < age + HORIZON and (len(times) == 1 or draw.random() > loss):
        times.append(times[-1] + draw.exponential(1 / rate))
    values = draw.gamma(P, 1 / scale, len(times))
    time = np.array(times)
    past, future = time < age, (time >= age) & (time < age + HORIZON)
    return age * 7, (age - time[past][-1]) * 7, past.sum(), values[past].sum(), values[future].sum()


def table(numbers: np.ndarray, target: np.ndarray) -> Table:
    codes = np.empty((len(numbers), 0), dtype=np.int32)
    return Table(numbers.astype(np.float32), codes, target, NAMES, (), ())


TRAIN, VALID = customers(), customers(2000, seed=1)


@pytest.mark.parametrize("name", PARAMETERS)
def test_it_predicts_better_than_the_mean_and_after_loading_the_same(name, tmp_path):
    model = learners.learner(name)()
    summary = model.fit(TRAIN, VALID, replace(BUDGET, parameters=PARAMETERS[name]))
    predicted = model.predict(VALID)
    assert predicted.dtype == np.float64 and np.isfinite(predicted).all()
    assert np.mean((predicted - VALID.target) ** 2) < 0.95 * VALID.target.var()
    model.save(tmp_path)
    np.testing.assert_array_equal(type(model).load(tmp_path).predict(VALID), predicted)
    again = learners.learner(name)()
    again.fit(TRAIN, VALID.rows(slice(0, 0)), replace(BUDGET, parameters=summary.parameters, fixed=True))
    np.testing.assert_array_equal(again.predict(VALID), predicted)


def test_bg_nbd_finds_the_parameters_that_made_the_orders():
    model = bg_nbd.BGNBD()
    model.fit(TRAIN, VALID, replace(BUDGET, parameters=PARAMETERS["bg_nbd"]))
    r, alpha, a, b = model._orders
    assert r / alpha == pytest.approx(R / ALPHA, rel=0.1)
    assert a / (a + b) == pytest.approx(A / (A + B), rel=0.2)
    p, q, gamma = model._value
    assert p * gamma / (q - 1) == pytest.approx(P * GAMMA / (Q - 1), rel=0.05)
    assert model.predict(VALID).mean() == pytest.approx(VALID.target.mean(), rel=0.1)


def test_rfm_of_an_earlier_version_answers_as_it_did(tmp_path):
    saved = {
        "knobs": {"recency": "days_since_last", "frequency": "orders", "monetary": "spend", "groups": 2},
        "edges": [[100.0], [2.0], [50.0]],
        "means": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
    }
    (tmp_path / "rfm.json").write_text(json.dumps(saved))
    rows = table(np.array([[300, 10, 1, 20], [300, 200, 5, 90], [300, 10, 5, 20]]), np.empty(0))
    assert learners.learner("rfm").load(tmp_path).predict(rows).tolist() == [1.0, 8.0, 3.0]


def test_bg_nbd_never_reads_the_target():
    first, second = bg_nbd.BGNBD(), bg_nbd.BGNBD()
    fitting = replace(BUDGET, parameters=PARAMETERS["bg_nbd"])
    first.fit(TRAIN, VALID, fitting)
    second.fit(replace(TRAIN, target=TRAIN.target[::-1].copy()), VALID, fitting)
    np.testing.assert_array_equal(first.predict(VALID), second.predict(VALID))


def test_the_likelihood_is_that_of_the_article():
    """Fader, Hardie and Lee fitted 2,357 customers of CDNOW; a customer's likelihood written out as in equation 6."""
    from scipy.special import beta, gamma

    r, alpha, a, b, x, last, age = 0.243, 4.414, 0.793, 2.426, 2.0, 30.43, 38.86
    of_x = gamma(r + x) * alpha**r / gamma(r)
    kept = beta(a, b + x) / beta(a, b) * of_x / (alpha + age) ** (r + x)
    lost = beta(a + 1, b + x - 1) / beta(a, b) * of_x / (alpha + last) ** (r + x)
    history = History(*(np.array([value]) for value in (x, last, age, 10.0)))
    assert bg_nbd.order_likelihood(history, r, alpha, a, b)[0] == pytest.approx(np.log(kept + lost))
    # The article's worked example: 1.226 orders are expected of this customer in the next 39 weeks.
    assert bg_nbd.expected_orders(history, 39, r, alpha, a, b)[0] == pytest.approx(1.226, abs=1e-3)


def test_the_value_likelihood_is_a_density_of_the_mean():
    value = np.linspace(0.01, 3000, 400_000)
    history = History(*(np.full(len(value), of) for of in (2.0, 1.0, 5.0)), value)
    density = np.exp(bg_nbd.value_likelihood(history, P, Q, GAMMA))
    assert np.trapezoid(density, value) == pytest.approx(1, abs=1e-3)


def test_rfm_predicts_the_mean_of_the_training_customers_in_the_cell():
    model = learners.learner("rfm")()
    model.fit(TRAIN, VALID, replace(BUDGET, parameters={"groups": 2}))
    recency, frequency, monetary = (TRAIN.column(name) for name in ("days_since_last", "orders", "spend"))
    best = (recency > np.median(recency)) & (frequency <= np.median(frequency)) & (monetary > np.median(monetary))
    np.testing.assert_allclose(model.predict(TRAIN.rows(best)), TRAIN.target[best].mean())


@pytest.mark.parametrize("name", ["rfm", "bg_nbd"])
def test_a_column_that_is_not_there_is_named(name):
    with pytest.raises(LearnerError, match=r"no number 'visits' among the features .*name the column"):
        learners.learner(name)().fit(
            TRAIN, VALID, replace(BUDGET, parameters=PARAMETERS[name] | {"frequency": "visits"})
        )


def test_orders_that_cannot_be_are_counted():
    numbers = TRAIN.numeric.copy()
    numbers[:3, 2] = 0
    with pytest.raises(LearnerError, match=r"3 of 6,000 training rows have no order, negative spend"):
        bg_nbd.BGNBD().fit(table(numbers, TRAIN.target), VALID, replace(BUDGET, parameters=PARAMETERS["bg_nbd"]))


def test_bg_nbd_must_know_the_horizon():
    with pytest.raises(LearnerError, match="hyperparameter 'horizon': Field required"):
        bg_nbd.BGNBD().fit(TRAIN, VALID, BUDGET)


def two_kinds(rows: int = 300) -> Table:
    """Half buy often and much, half rarely; `noise` tells nobody apart, `spend_again` repeats `spend`."""
    draw = np.random.default_rng(0)
    often = np.arange(rows) % 2
    spend = often * 100 + draw.normal(50, 5, rows)
    numbers = np.column_stack([often * 10 + draw.normal(3, 1, rows), spend, spend * 2, draw.normal(size=rows)])
    codes = np.empty((rows, 0), dtype=np.int32)
    target = often * 20.0 + draw.normal(5, 1, rows)
    return Table(numbers.astype(np.float32), codes, target, ("orders", "spend", "spend_again", "noise"), (), ())


def test_segments_are_found_and_named_by_what_sets_them_apart():
    train = two_kinds()
    segments = Segments.fit(train, 2)
    member = segments.of(train)
    assert len(np.unique(member[::2])) == len(np.unique(member[1::2])) == 1 and member[0] != member[1]
    often = segments.titles[member[1]]
    assert "high" in often and "low" not in often and "noise" not in often
    assert not ("spend_again" in often and "spend," in often), "a feature that repeats another says nothing new"


def judged(settings: dict) -> tuple[list, Table]:
    definition = use_case(task="regression", target="future", settings=settings)
    task, train = tasks.task(definition), two_kinds()
    rows = Rows(train, np.arange(len(train)), None, pl.DataFrame())
    case = EvaluatedChampion(
        use_case=definition,
        classes=[],
        train=rows,
        valid=rows,
        test=rows,
        units=task.units(rows),
        candidates=[],
        champion="shifted",
        model=Blend({}, {}),
        answers={"shifted": train.target + 3},
        validation=train.target,
    )
    return task.chapters(case), train


def test_the_chapter_holds_sizes_means_and_where_the_champion_is_off():
    (chapter,), train = judged({"segments": 2})
    profile, gaps = chapter.exhibits
    assert isinstance(profile, Listing) and isinstance(gaps, Estimates)
    assert profile.columns["rows"] == [150, 150] and sum(profile.columns["share"]) == 1
    assert sorted(profile.columns["mean future"]) == pytest.approx(
        [train.target[::2].mean(), train.target[1::2].mean()]
    )
    assert [gap.value for gap in gaps.estimates.values()] == pytest.approx([3, 3])


def test_no_segments_unless_requested_or_without_numbers():
    assert judged({})[0] == []
    text_only = Table(np.empty((4, 0), np.float32), np.zeros((4, 1), np.int32), np.zeros(4), (), ("kind",), (3,))
    rows = Rows(text_only, np.arange(4), None, pl.DataFrame())
    task = Regression(SegmentSettings(segments=2))
    case = EvaluatedChampion(
        use_case(), [], rows, rows, rows, task.units(rows), [], "x", Blend({}, {}), {}, np.zeros(4)
    )
    assert segment_chapters(case, task.settings, task.metrics([])) == []
