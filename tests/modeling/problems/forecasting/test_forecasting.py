"""Forecasts know the past of their series and nothing else, and say what stands in their way."""

import json
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import FeatureError
from modeling.core.learner import Fitting
from modeling.core.metrics import unweighted
from modeling.core.resampling import repeats
from modeling.core.splits import SplitError
from modeling.core.task import EvaluatedChampion, Metric, Units
from modeling.problems import learners, tasks
from modeling.problems.forecasting.grid import SeriesLayout, on_grid
from modeling.problems.forecasting.quantiles import LEVELS, Errors, adaptive, conformal, inside, weighted_quantile_loss
from modeling.problems.forecasting.ranges import Ranges, ranges_keep_promise
from modeling.problems.forecasting.series import MOMENTS, SEASONAL_NAIVE, SMOOTHED, STEP, SeriesRecipe
from modeling.problems.forecasting.smoothing import smoothed

from ...small_data import validated
from .tiny_forecasting import CONTENT, frame

LAYOUT = SeriesLayout("shop", "hour", "sold", "1h", 6, [24], "refuse")


def prepared(rows: pl.DataFrame, **changes: Any) -> FeatureSet:
    definition = UseCase.model_validate(CONTENT | changes).placed("shop/sales", Path("shop/sales"))
    return tasks.task(definition).prepare(validated(rows), definition, None)


def without(shop: str, hour: datetime) -> pl.DataFrame:
    return frame().filter(~((pl.col("shop") == shop) & (pl.col("hour") == hour)))


@pytest.fixture(scope="module")
def features() -> FeatureSet:
    return prepared(frame())


def test_no_outcome_of_a_role_lies_in_the_time_of_the_next(features):
    roles = (features.train, features.tune, features.valid, features.open_test())
    spans = [
        pl.DataFrame({"number": rows.number}).join(rows.table.shared[MOMENTS], on="number")["moment"] for rows in roles
    ]
    for earlier, later in pairwise(spans):
        assert earlier.max() < later.min()
    assert all(finding.passed for finding in features.datasheet.leakage)


def test_what_is_predicted_is_said_in_words():
    definition = UseCase.model_validate(CONTENT).placed("shop/sales", Path("shop/sales"))
    described = tasks.task(definition).described(definition)
    assert described is not None and described.target == "sold of each shop, 1 to 6 steps of 1h ahead"


def test_features_are_the_same_when_the_future_is_another(features):
    grid, origin = on_grid(frame(), LAYOUT), np.array([200])
    another = np.where(np.arange(grid.values.shape[1]) > origin, 1e6, grid.values)
    changed = features.recipe.at(replace(grid, values=another), origin)
    np.testing.assert_array_equal(changed.matrix, features.recipe.at(grid, origin).matrix)


def test_a_row_names_its_outcome_and_the_same_hour_of_the_day_before(features):
    table, numbers = features.valid.table, features.valid.number - 1000
    sold = frame()["sold"].to_numpy()
    np.testing.assert_allclose(table.target, sold[numbers])
    np.testing.assert_allclose(table.column(SEASONAL_NAIVE), sold[numbers - 24], rtol=1e-6)


def test_raw_rows_alone_give_the_features_of_training(features):
    grid, origin = on_grid(frame(), LAYOUT), 250
    history = frame().filter(pl.col("hour") <= grid.moments[origin])
    np.testing.assert_array_equal(
        features.recipe.transform(history).matrix, features.recipe.at(grid, np.array([origin])).matrix
    )


def test_a_recipe_read_back_makes_the_same_features(features):
    again = SeriesRecipe.from_json(json.loads(json.dumps(asdict(features.recipe))))
    np.testing.assert_array_equal(again.transform(frame()).matrix, features.recipe.transform(frame()).matrix)


def test_smoothing_forecasts_a_season_that_never_changes():
    season = np.array([1.0, 5.0, 2.0])
    values = np.tile(season, 6)[None] + 10
    layout = SeriesLayout(None, "t", "y", "1h", 4, [3], "refuse")
    forecast = smoothed(values, np.array([0.2]), np.array([0.1]), layout)
    np.testing.assert_allclose(forecast[0, 9], [15, 12, 11, 15])
    assert np.isnan(forecast[0, :2]).all()


def test_smoothing_follows_a_level_that_jumps():
    values = np.concatenate([np.zeros(6), np.full(30, 8.0)])[None]
    layout = SeriesLayout(None, "t", "y", "1h", 1, [2], "refuse")
    fast, slow = (smoothed(values, np.array([alpha]), np.array([0.0]), layout)[0, 12, 0] for alpha in (0.5, 0.01))
    assert fast > 7 > 1 > slow > 0


def test_rules_hand_on_the_forecast_they_are_named_after(features):
    for name, column in {"seasonal_naive": SEASONAL_NAIVE, "ets": SMOOTHED}.items():
        model = learners.learner(name)()
        model.fit(features.train.table, features.valid.table, Fitting("regression", 0))
        np.testing.assert_array_equal(model.predict(features.valid.table), features.valid.table.column(column))


def test_a_correction_learns_and_survives_storage(features, tmp_path):
    train, valid = features.train.table, features.valid.table
    model = learners.learner("ets_lightgbm")()
    model.fit(train, valid, Fitting("regression", 0, parameters=CONTENT["parameters"]["ets_lightgbm"]))
    predicted = model.predict(train)
    smoothing = np.abs(train.target - train.column(SMOOTHED)).mean()
    assert np.abs(train.target - predicted).mean() < 0.95 * smoothing
    model.save(tmp_path)
    np.testing.assert_array_equal(learners.learner("ets_lightgbm").load(tmp_path).predict(train), predicted)


@pytest.mark.parametrize("known", [9, 19, 20, 33, 100])
def test_ranges_of_exchangeable_errors_hold_at_least_what_they_promise(known):
    """The next of n + 1 exchangeable errors has any rank alike, so a range from rank a to rank b holds it with
    probability (b - a) / (n + 1): at least 0.8, and exactly that where n + 1 is a multiple of ten."""
    draw = np.random.default_rng(known)
    errors = draw.standard_t(3, (8000, known + 1))
    quantiles = np.stack([conformal(of[:-1]) for of in errors])
    held = inside(errors[:, -1], quantiles).mean()
    low, high = np.floor(0.1 * (known + 1) + 1e-9), np.ceil(0.9 * (known + 1) - 1e-9)
    expected = (high - low) / (known + 1)
    assert expected >= 0.8 - 1e-9
    assert held == pytest.approx(expected, abs=3 * 0.4 / np.sqrt(8000))


def stream(spread: np.ndarray, seed: int, first: int = 0, series: int = 8, steps: int = 3) -> Errors:
    """Errors of as many origins as `spread`, from `first` on, of some series and steps."""
    size = np.random.default_rng(seed).normal(0, 1, (len(spread), series, steps)) * spread[:, None, None]
    origin, _, step = np.meshgrid(
        first + np.arange(len(spread)), np.arange(series), 1 + np.arange(steps), indexing="ij"
    )
    return Errors(size.ravel(), step.ravel(), origin.ravel())


def held(errors: Errors, shift: np.ndarray, since: int = 0) -> float:
    return float(inside(errors.size, shift)[errors.origin >= since].mean())


def test_ranges_find_back_to_their_promise_after_the_errors_have_grown():
    """Errors three times as large: what held 80 % of the old ones holds 33 % of the new, P(|z| < 1.2816 / 3)."""
    before, now = stream(np.ones(60), 0), stream(np.full(240, 3.0), 1, first=70)
    shift = adaptive(before, now)
    fixed = np.tile(conformal(before.size), (len(now.size), 1))
    assert held(now, fixed) == pytest.approx(0.331, abs=0.02)
    assert held(now, shift, since=230) == pytest.approx(0.8, abs=0.03)


def test_a_range_reads_no_outcome_that_was_unknown_at_its_origin():
    before, now = stream(np.ones(30), 0), stream(np.ones(30), 1, first=40)
    step, origin = 3, 55
    another = replace(now, size=np.where(now.origin + now.step > origin, 1e6, now.size))
    shift, changed = adaptive(before, now), adaptive(before, another)
    known = (now.step == step) & (now.origin == origin)
    np.testing.assert_array_equal(shift[known], changed[known])
    assert (shift[now.origin > origin + step] != changed[now.origin > origin + step]).any()


def evaluated(features: FeatureSet, answers: np.ndarray) -> EvaluatedChampion:
    """The smoothed forecast as champion, with these `answers` to the test."""
    rows, model = features.open_test(), learners.learner("ets")()
    return EvaluatedChampion(
        use_case=UseCase.model_validate(CONTENT).placed("shop/sales", Path("shop/sales")),
        classes=[],
        train=features.train,
        valid=features.valid,
        test=rows,
        units=Units(rows.table.target, rows.group),
        candidates=[],
        champion="ets",
        model=model,
        answers={"ets": answers},
        validation=model.predict(features.valid.table),
    )


@pytest.fixture(scope="module")
def months() -> FeatureSet:
    """Forty days of sales, of which the last sixteen test."""
    draw = np.random.default_rng(3)
    hours = pl.datetime_range(datetime(2024, 3, 4), datetime(2024, 4, 12, 23), "1h", eager=True)
    rhythm = 10 + 5 * np.sin(2 * np.pi * np.arange(len(hours)) / 24)
    sold = {shop: rhythm + draw.normal(0, 1, len(hours)) for shop in ("north", "south", "east", "west")}
    rows = [pl.DataFrame({"shop": shop, "hour": hours, "sold": of}) for shop, of in sold.items()]
    return prepared(pl.concat(rows), split={"by": "time", "valid": 0.25, "test": 0.4})


def test_ranges_that_keep_their_promise_pass_and_a_shift_is_held(months):
    """The champion is off by four standard deviations all through the test, which validation did not show."""
    forecast = learners.learner("ets")().predict(months.open_test().table)
    moved = forecast + np.where(np.arange(len(forecast)) % 2, 4.0, -4.0)
    kept, broken = (ranges_keep_promise(Ranges(evaluated(months, of))) for of in (forecast, moved))
    assert kept.passed and kept.bound == pytest.approx(0.75) and 0.77 < kept.measured < 0.85
    assert not broken.passed and "the low end must be at least 75%" in broken.message


def test_quantile_loss_is_least_for_the_true_quantiles():
    outcome = np.arange(1.0, 100.0)
    right = np.tile(np.quantile(outcome, LEVELS), (len(outcome), 1))
    loss = Metric("wql", "wql", False, weighted_quantile_loss)
    assert unweighted(loss, outcome, right) < unweighted(loss, outcome, right + 5)
    assert unweighted(loss, outcome, np.tile(outcome[:, None], len(LEVELS))) == 0


GAP = datetime(2024, 3, 9, 7)


def test_a_gap_is_refused_with_its_series_and_moment():
    message = r"series 'east' has hour 2024-03-09 07:00:00 without a value \(1 such gaps in all\).*`gaps: leave`"
    with pytest.raises(FeatureError, match=message):
        prepared(without("east", GAP))


def test_a_gap_that_may_be_left_is_no_outcome():
    settings = CONTENT["settings"] | {"gaps": "leave", "every": 1}
    whole, left = prepared(frame(), settings=settings), prepared(without("east", GAP), settings=settings)
    assert len(whole.train) - len(left.train) == LAYOUT.horizon
    assert np.isfinite(left.train.table.column(SEASONAL_NAIVE)).all()


def test_a_repeated_moment_is_refused():
    with pytest.raises(FeatureError, match=r"series 'west' has hour 2024-03-15 23:00:00 more than once"):
        prepared(pl.concat([frame(), frame().tail(1)]))


def test_a_moment_between_two_steps_is_refused():
    odd = frame().tail(1).with_columns(hour=pl.lit(GAP + timedelta(minutes=20)))
    with pytest.raises(FeatureError, match=r"series 'west' has hour 2024-03-09 07:20:00 between two steps of 1h"):
        prepared(pl.concat([frame(), odd]))


def test_an_unknown_series_is_named(features):
    with pytest.raises(FeatureError, match=r"unknown series \['harbour'\] \(1 in all\): the model learned 4 series"):
        features.recipe.transform(frame().with_columns(shop=pl.col("shop").replace("east", "harbour")))


def test_a_history_of_less_than_a_season_is_refused(features):
    with pytest.raises(FeatureError, match="the history has 10 steps; a season of 24 is needed"):
        features.recipe.transform(frame().filter(pl.col("hour") < datetime(2024, 3, 4, 10)))


def test_a_training_part_without_an_outcome_after_its_first_season_is_refused():
    with pytest.raises(FeatureError, match="fewer than a season of 144 and 6 steps ahead"):
        prepared(frame(), settings=CONTENT["settings"] | {"seasons": [144]})


def test_rolling_origins_share_no_outcome_and_learn_from_the_past():
    content = CONTENT | {"split": {"by": "time", "valid": 0.1, "test": 0.2}}
    definition = UseCase.model_validate(content).placed("shop/sales", Path("shop/sales"))
    features = tasks.task(definition).prepare(validated(frame()), definition, None)
    divisions = repeats(features, definition, 3)
    assert len(divisions) == 3
    sealed = features.open_test().number
    for division in divisions:
        parts = [rows.number for rows in (division.train, division.tune, division.held_out)]
        assert not any(np.isin(part, sealed).any() for part in parts)
        moments = [frame()["hour"].gather(part - 1000) for part in parts]
        assert all(earlier.max() < later.min() for earlier, later in pairwise(moments))


def test_a_role_too_short_for_the_horizon_is_refused():
    with pytest.raises(SplitError, match=r"'tune' covers \d+ steps: too few for 70 steps ahead"):
        prepared(frame(), settings=CONTENT["settings"] | {"horizon": 70})


def test_one_series_needs_no_name():
    alone = frame().filter(pl.col("shop") == "west").drop("shop")
    features = prepared(alone, columns={"time": "hour"})
    assert features.recipe.series == ["sold"]
    assert set(features.valid.slices[STEP]) == set(range(1, 7))


def series_of(moments: list[datetime]) -> pl.DataFrame:
    draw = np.random.default_rng(0)
    return pl.DataFrame({"hour": moments, "sold": 10 + draw.normal(size=len(moments))})


def alone(moments: list[datetime], **settings: Any) -> FeatureSet:
    """The features of one series with a value at each of the moments."""
    defaults = {"frequency": "1d", "horizon": 3, "seasons": [7]}
    return prepared(series_of(moments), columns={"time": "hour"}, settings=defaults | settings)


BERLIN = [
    moment.replace(tzinfo=None)
    for moment in pl.datetime_range(
        datetime(2021, 10, 1), datetime(2022, 4, 10), "1h", time_zone="UTC", eager=True
    ).dt.convert_time_zone("Europe/Berlin")
]


@pytest.mark.parametrize(
    ("moments", "message"),
    [
        (
            BERLIN,
            r"series 'sold' has hour 2021-10-31 02:00:00 more than once \(1 such moments in 1 series\); a local clock "
            r"of summer and winter time is put back an hour then\. Deliver moments with their offset",
        ),
        (
            BERLIN[1000:],
            r"series 'sold' has hour 2022-03-27 02:00:00 without a value .* is put forward an hour then\. Deliver",
        ),
    ],
)
def test_a_local_clock_is_named_with_its_moment(moments: list[datetime], message: str):
    with pytest.raises(FeatureError, match=message):
        alone(moments, frequency="1h", seasons=[24])


DAILY = pl.datetime_range(datetime(2022, 1, 3), datetime(2022, 10, 30), "1d", eager=True).to_list()
WORKING = [day for day in DAILY if day.isoweekday() <= 5]


def test_working_days_are_steps_of_their_own():
    features = alone(WORKING, weekdays=[1, 2, 3, 4, 5], seasons=[5])
    assert len(features.recipe.transform(series_of(WORKING)).numeric) == 3
    friday = features.recipe.transform(series_of(WORKING[:-1]))
    calendar = friday.categorical[:, friday.categorical_names.index("weekday")]
    assert [int(code) for code in calendar - calendar.min()] == [4, 0, 1], "Friday, Monday, Tuesday"


def test_a_day_off_is_no_working_day():
    with pytest.raises(FeatureError, match=r"2022-01-08 00:00:00 on a day that `weekdays` leaves out \(1 such"):
        alone(sorted([*WORKING, datetime(2022, 1, 8)]), weekdays=[1, 2, 3, 4, 5])


@pytest.mark.parametrize("first", [1, 2, 4])
def test_the_last_days_of_months_are_a_month_apart(first: int):
    ends = pl.datetime_range(datetime(2010, first, 1), datetime(2019, 12, 1), "1mo", eager=True).dt.month_end()
    features = alone(ends.to_list(), frequency="1mo", seasons=[12])
    ahead = features.recipe.transform(series_of(ends.to_list()))
    months = ahead.categorical[:, ahead.categorical_names.index("month")]
    assert [int(code) for code in months - months.min()] == [0, 1, 2], "January, February, March"


def test_moments_some_seconds_late_mean_their_step():
    draw = np.random.default_rng(0)
    exact = pl.datetime_range(datetime(2022, 1, 3), datetime(2022, 2, 3), "1h", eager=True).to_list()
    late = [moment + timedelta(seconds=int(draw.integers(0, 20))) for moment in exact]
    with pytest.raises(FeatureError, match=r"between two steps of 1h .* or correct .* `tolerance`"):
        alone(late, frequency="1h", seasons=[24])
    on_time, moved = (alone(one, frequency="1h", seasons=[24], tolerance=20) for one in (exact, late))
    assert np.array_equal(on_time.train.table.numeric, moved.train.table.numeric, equal_nan=True)


def test_a_series_that_begins_late_is_learned_and_leaves_the_others_as_they_are():
    north = frame().filter((pl.col("shop") != "north") | (pl.col("hour") >= datetime(2024, 3, 6)))
    settings = CONTENT["settings"] | {"gaps": "leave"}
    train = prepared(north, settings=settings).train.slices
    rows = {name: train.filter(series=name).height for name in ("north", "south", "west")}
    assert rows["south"] == rows["west"]
    assert rows["north"] > rows["south"] / 2


def test_a_short_history_is_answered_by_its_level(features):
    west = frame().filter((pl.col("shop") != "west") | (pl.col("hour") >= datetime(2024, 3, 15, 20)))
    settings = features.recipe.layout
    recipe = replace(features.recipe, layout=replace(settings, gaps="leave"))
    table = recipe.transform(west)
    short = table.column(SEASONAL_NAIVE)[-settings.horizon :]
    assert np.array_equal(short, table.column(SMOOTHED)[-settings.horizon :])
    assert np.isfinite(short).all()


def test_a_split_that_is_not_by_time_is_refused():
    with pytest.raises(SplitError, match=r"a forecast needs `columns: \{time: …\}` and `split: \{by: time\}`"):
        prepared(frame(), split={"by": "random"})
