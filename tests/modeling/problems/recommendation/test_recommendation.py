"""Lists for users: one moment for all, the whole catalogue, nothing from the future; and who is unknown."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.compute import Compute
from modeling.core.feature_set import FeatureSet
from modeling.core.features import FeatureError
from modeling.core.learner import Fitting, Learner, LearnerError
from modeling.core.record import LeakageFinding
from modeling.core.splits import ROLES, SplitError, assign
from modeling.core.table import RARE
from modeling.problems import learners, tasks
from modeling.problems.recommendation.baseline.ease import between_items
from modeling.problems.recommendation.histories import HistoryRecipe
from modeling.problems.recommendation.ranking import HISTORY, ITEM, ITEMS, LENGTH, NO_ITEM, TAGS, ndcg, ranked, recall

from ...small_data import validated
from .tiny_recommendation import CONTENT, GENRES, frame

LEARNERS = ("popularity", "ease", "item_knn", "lightgbm_ranker", "sasrec")
WITHOUT_PROFILES = ("popularity", "ease", "item_knn", "sasrec")


def use_case(**changes: object) -> UseCase:
    return UseCase.model_validate(CONTENT | changes).placed("tiny/recommendation", Path("tiny"))


def prepared(rows: pl.DataFrame, **changes: object) -> FeatureSet:
    definition = use_case(**changes)
    return tasks.task(definition).prepare(validated(rows), definition, None)


@cache
def features() -> FeatureSet:
    return prepared(frame())


@cache
def fitted(name: str) -> Learner:
    learner = learners.learner(name)()
    learner.fit(features().train.table, features().valid.table, fitting(name))
    return learner


def fitting(name: str, **changes: object) -> Fitting:
    parameters = CONTENT["parameters"].get(name, {}) | changes
    return Fitting("ranking", 0, compute=Compute(threads=1), parameters=parameters)


def test_ndcg_and_recall_of_a_list_worked_by_hand() -> None:
    truth, lists = np.array([[3, 5, NO_ITEM], [9, NO_ITEM, NO_ITEM]]), np.array([[3, 4, 5], [1, 2, NO_ITEM]])
    best = 1 + 1 / np.log2(3)
    np.testing.assert_allclose(ndcg(truth, lists, 3), [(1 + 1 / np.log2(4)) / best, 0])
    np.testing.assert_allclose(recall(truth, lists, 2), [0.5, 0])


def test_ease_solves_its_closed_form() -> None:
    together = np.array([[3.0, 2.0, 0.0], [2.0, 4.0, 1.0], [0.0, 1.0, 2.0]])
    weights = between_items(together, 0.5)
    rest = together[1:, 1:] + 0.5 * np.eye(2)
    np.testing.assert_allclose(weights[1:, 0], np.linalg.solve(rest, together[1:, 0]), rtol=1e-5)
    assert not weights.diagonal().any()


def test_changing_the_test_window_changes_nothing_that_is_learned_from() -> None:
    rows = frame().sort("day")
    last = rows["day"][int(0.76 * rows.height)]
    changed = rows.with_columns(
        pl.when(pl.col("day") > last).then(pl.lit("b00")).otherwise(pl.col("book")).alias("book")
    )
    before, after = prepared(rows), prepared(changed.with_columns(pl.col("day")))
    assert before.train.table.content.equals(after.train.table.content)
    assert before.valid.table.content.equals(after.valid.table.content)


def test_a_test_history_ends_before_the_test_and_holds_the_validation_window() -> None:
    made, rows = features(), frame().sort("day")
    codes = dict(zip(made.train.table.shared[ITEMS][ITEM], range(100), strict=False))
    test_from = rows["day"][int(rows.height * 0.75)]
    table = made.open_test().table
    for user, history in table.content.select("user", HISTORY).iter_rows():
        mine = rows.filter((pl.col("reader") == user) & (pl.col("day") < test_from))
        assert history == [codes[book] for book in mine["book"] if book in codes]


def test_the_wanted_items_are_new_to_the_user() -> None:
    for rows in (features().valid, features().open_test()):
        for history, wanted in zip(rows.table.content[HISTORY], rows.table.target, strict=True):
            assert not set(history) & set(wanted.tolist()) and (wanted != NO_ITEM).any()


@pytest.mark.parametrize("name", LEARNERS)
def test_lists_hold_each_item_once_and_none_the_user_has(name: str) -> None:
    table = features().valid.table
    lists = fitted(name).predict(table)
    assert lists.shape == (len(table), LENGTH) and lists.dtype == np.int64
    for history, found in zip(table.content[HISTORY], lists, strict=True):
        shown = found[found != NO_ITEM].tolist()
        assert len(set(shown)) == len(shown) and not set(shown) & set(history)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_kept_learner_gives_the_same_lists(name: str, tmp_path: Path) -> None:
    fitted(name).save(tmp_path)
    table = features().valid.table
    np.testing.assert_array_equal(learners.learner(name).load(tmp_path).predict(table), fitted(name).predict(table))


@pytest.mark.parametrize("name", ("ease", "item_knn", "lightgbm_ranker"))
def test_taste_beats_popularity(name: str) -> None:
    table = features().valid.table
    scores = {one: ndcg(table.target, fitted(one).predict(table), 10).mean() for one in (name, "popularity")}
    assert scores[name] > 1.3 * scores["popularity"]


@pytest.mark.parametrize("name", WITHOUT_PROFILES)
def test_who_is_unknown_gets_what_is_popular(name: str) -> None:
    recipe, day = features().recipe, frame()["day"].max()
    rows = {"reader": ["new", "stranger"], "book": [None, "never seen"], "day": [day] * 2}
    table = recipe.transform(pl.DataFrame(rows, schema_overrides={"book": pl.String}))
    assert table.content[HISTORY].to_list() == [[], []]
    lists, popular = fitted(name).predict(table), fitted("popularity").predict(table)
    np.testing.assert_array_equal(lists, popular)


def test_a_ranker_serves_who_is_unknown_by_their_profile() -> None:
    one_by_one = pl.duration(days=2 * pl.col("reader").str.tail(2).cast(pl.Int32))
    since = (pl.col("day") - pl.col("day").min().over("reader")) / 100
    rows = frame().with_columns(
        day=pl.lit(datetime(2024, 1, 1)) + one_by_one + since,
        shelf=pl.col("genre").mode().sort().first().over("reader"),
    )
    made = prepared(rows, settings=CONTENT["settings"] | {"profile": ["shelf"]})
    ranker = learners.learner("lightgbm_ranker")()
    ranker.fit(made.train.table, made.valid.table, fitting("lightgbm_ranker"))
    strangers = pl.DataFrame(
        {"reader": GENRES, "book": [None] * 3, "day": [frame()["day"].max()] * 3, "shelf": GENRES},
        schema_overrides={"book": pl.String},
    )
    table = made.recipe.transform(strangers)
    assert table.content[HISTORY].to_list() == [[], [], []]
    tags = table.shared[ITEMS][TAGS]
    for shelf, found in zip(GENRES, ranker.predict(table), strict=True):
        assert sum(shelf in tag for tag in tags.gather(found[:10])) >= 8


def test_a_profile_is_what_a_users_first_interaction_tells() -> None:
    made = prepared(frame(), settings=CONTENT["settings"] | {"profile": ["club"]})
    day, rows = datetime(2024, 7, 20), {"reader": ["new"] * 2, "book": ["b00", "b01"], "club": ["south", "north"]}
    moved = made.recipe.transform(pl.DataFrame(rows | {"day": [day, day + timedelta(days=1)]}))
    stayed = made.recipe.transform(pl.DataFrame(rows | {"day": [day] * 2, "club": ["south"] * 2}))
    strange = made.recipe.transform(pl.DataFrame(rows | {"day": [day] * 2, "club": ["abroad"] * 2}))
    np.testing.assert_array_equal(moved.categorical, stayed.categorical)
    assert moved.categorical[0, 0] > RARE and strange.categorical[0, 0] == RARE


def test_a_profile_that_is_no_column_is_refused() -> None:
    with pytest.raises(FeatureError, match=r"the columns \['country'\] are missing"):
        prepared(frame(), settings=CONTENT["settings"] | {"profile": ["country"]})


def test_an_unknown_item_in_a_history_is_ignored() -> None:
    rows = frame().filter(pl.col("reader") == "reader 00")
    strange = rows.head(1).with_columns(pl.lit("never seen").alias("book"))
    recipe = features().recipe
    with_it, without = (recipe.transform(part).content for part in (pl.concat([rows, strange]), rows))
    assert with_it[HISTORY].equals(without[HISTORY])


def test_repeats_may_be_recommended_where_the_definition_says_so() -> None:
    made = prepared(frame(), settings=CONTENT["settings"] | {"repeats": True})
    table = made.valid.table
    everything = ranked(lambda part: np.zeros((len(part), 60)), np.arange(table.shared[ITEMS].height, 0, -1.0), table)
    assert (everything[:, 0] == 0).all()


def test_a_recipe_read_back_makes_the_same_table() -> None:
    recipe = features().recipe
    assert isinstance(recipe, HistoryRecipe)
    content = json.loads(json.dumps(asdict(recipe)))
    again = HistoryRecipe.from_json(content)
    assert again == recipe and again.transform(frame()).content.equals(recipe.transform(frame()).content)
    assert content["items"]["title"][0].startswith("Volume")


def test_a_split_that_is_not_by_time_is_refused() -> None:
    with pytest.raises(SplitError, match=r"write `split: \{by: time\}`"):
        prepared(frame(), split={"by": "random"})


def test_histories_without_pairs_are_refused() -> None:
    once = frame().unique("reader", keep="first", maintain_order=True).with_columns(pl.col("day") + timedelta(days=1))
    table = prepared(once).train.table
    with pytest.raises(LearnerError, match=r"none of the .* training users has two items"):
        learners.learner("ease")().fit(table, table, fitting("ease"))


def test_a_ranker_says_when_nobody_takes_anything() -> None:
    table = features().train.table
    with pytest.raises(LearnerError, match="set the hyperparameters `moments` and `days`"):
        learners.learner("lightgbm_ranker")().fit(table, table, fitting("lightgbm_ranker", moments=1, days=500.0))


@pytest.mark.parametrize("name", LEARNERS)
def test_items_of_which_nothing_else_is_known_are_ranked_too(name: str) -> None:
    made = prepared(frame(), settings={})
    learner = learners.learner(name)()
    learner.fit(made.train.table, made.valid.table, fitting(name))
    assert learner.predict(made.valid.table).max() < made.train.table.shared[ITEMS].height


def finding(made: FeatureSet, name: str) -> LeakageFinding:
    return next(one for one in made.datasheet.leakage if one.name == name)


def test_the_audit_counts_users_of_each_role_and_expects_them_to_return() -> None:
    rows = frame()
    role = assign(rows, use_case())
    of = {name: set(rows.filter(role == name)["reader"]) for name in ROLES}
    seen, said = set[str](), []
    for name in ROLES:
        said.append(f"{len(of[name] & seen):,} of {len(of[name]):,} users in {name}")
        seen |= of[name]
    found = finding(features(), "groups_across_roles")
    assert found.passed
    assert found.message.startswith(", ".join(said[1:]))


def test_an_item_that_users_have_under_another_code_is_a_near_twin_of_that_role() -> None:
    rows = frame()
    role = assign(rows, use_case())
    books = rows.unique("book", maintain_order=True)
    second = pl.concat_str(pl.lit("second edition of "), "book")
    library = books.with_columns(second.alias("book"), reader=pl.lit("library"), day=rows["day"].min())
    had = rows.filter(role == "train").unique("reader", maintain_order=True).head(12)
    again = had.with_columns(second.alias("book"), day=rows["day"].max())
    made = prepared(pl.concat([rows, library, again]))
    wanted = int((made.open_test().table.target != NO_ITEM).sum())
    found = finding(made, "near_duplicates_across_roles")
    assert not found.passed
    assert f"12 of {wanted:,} wanted items in test are called like another item" in found.message
    assert finding(features(), "near_duplicates_across_roles").passed
