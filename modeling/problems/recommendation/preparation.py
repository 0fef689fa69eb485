"""From validated interactions to the feature set of recommendation.

Belongs here: the window of each role, its users and what they took there, and the audit of that. Does not
belong here: the recipe that gathers histories (`modeling.problems.recommendation.histories`).

Time is cut three times, once for all users. Learners are fitted on what lies before the first cut. The history that a
tuning, validation or test list is made from is all that lies before its cut: on that day a shop knows it. What is
wanted are the items of the following window that training knows.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import TimeSplit, UseCase
from modeling.core import leakage, splits
from modeling.core.feature_set import Datasheet, FeatureSet
from modeling.core.features import Derive, derived
from modeling.core.record import LeakageFinding
from modeling.core.table import Rows
from modeling.core.validated_data import ValidatedData
from modeling.problems.recommendation.histories import CODE, NUMBER, ROLE, TIME, HistoryRecipe
from modeling.problems.recommendation.ranking import NO_ITEM, TITLE, USER
from modeling.problems.recommendation.settings import RecommendationSettings

FEWEST_USERS = 5
"""Who take something in validation, or in the test: of fewer, a score is of persons and not of a model."""
MOST_ALIKE = 0.01
"""Share of a role's wanted items that may be known to the user under another code."""


def prepare(
    data: ValidatedData, use_case: UseCase, settings: RecommendationSettings, derive: Derive | None
) -> FeatureSet:
    """Cut time, learn the catalogue from training rows, gather the histories of each role, audit.

    Raises
    ------
    SplitError: the split is not by time, no user is declared, or a role would be empty. FeatureError: a column is
    missing, or `derive` fails.
    """
    if not isinstance(use_case.split, TimeSplit) or use_case.columns.group is None:
        raise splits.SplitError(
            f"{use_case.key}: recommendation asks who takes what next: write `split: {{by: time}}`, and name the user "
            "and the moment in `columns: {group: …, time: …}`"
        )
    roles = splits.assign(data.frame, use_case)
    target = data.frame[use_case.target]
    frame = derived(data.frame.drop(cs.by_name(use_case.target)), derive).with_columns(target)
    recipe = HistoryRecipe.fit(frame.filter(roles == "train"), use_case, settings)
    numbered = frame.with_columns(pl.Series(NUMBER, data.numbers), roles.alias(ROLE))
    coded, people = recipe.coded(numbered), recipe.people(frame)
    windows = {role: _Window.of(role, coded, settings.repeats) for role in splits.ROLES}
    _check_users(windows, data.frame[use_case.columns.group].n_unique(), settings.repeats)
    sliced = list(dict.fromkeys([*use_case.columns.sensitive, *use_case.columns.slices]))

    def rows(window: _Window) -> Rows:
        users = window.wanted[USER]
        table = replace(recipe.table(users, people, window.past, window.moment), target=_padded(window.wanted[CODE]))
        number = window.wanted[NUMBER].list.first().to_numpy()
        first = pl.DataFrame({NUMBER: number}).join(numbered, on=NUMBER, how="left", maintain_order="left")
        return Rows(table, number, None, first.select(cs.by_name(*sliced)))

    train, tune, valid, test = (rows(window) for window in windows.values())
    counts = [int((roles == role).sum()) for role in splits.ROLES]
    of_target, audited = _summary(coded, windows["test"]), _audit(coded, windows, recipe)
    audited += leakage.of_the_past(data.frame, recipe.inputs, use_case)
    datasheet = Datasheet.of(data, use_case, counts, of_target, audited)
    return FeatureSet(recipe, datasheet, train, tune, valid, lambda: test)


@dataclass(frozen=True)
class _Window:
    """What is known of users before `moment`, and what they take after it: a row a user, with lists of codes and of the
    rows' numbers. Training knows what it learns from: there both are the same."""

    past: pl.DataFrame
    moment: Any
    wanted: pl.DataFrame

    @classmethod
    def of(cls, role: str, coded: pl.DataFrame, repeats: bool) -> Self:
        window = coded.filter(pl.col(ROLE) == role)
        if role == "train":
            past, moment, fresh = window, coded.filter(pl.col(ROLE) != role)[TIME].min(), window
        else:
            moment = window[TIME].min()
            past = coded.filter(pl.col(TIME) < moment)
            fresh = window if repeats else window.join(past, on=[USER, CODE], how="anti")
        once = fresh.drop_nulls(CODE).unique([USER, CODE], keep="first", maintain_order=True)
        return cls(past, moment, once.group_by(USER, maintain_order=True).agg(CODE, NUMBER))


def _check_users(windows: dict[str, _Window], users: int, repeats: bool) -> None:
    """Refuse what could not be judged."""
    for role in ("valid", "test"):
        if (found := windows[role].wanted.height) < FEWEST_USERS:
            again = "" if repeats else "; if they take the same again, write `settings: {repeats: true}`"
            raise splits.SplitError(
                f"{found:,} of {users:,} users take an item in {role} that training knows and they have not had, "
                f"{FEWEST_USERS} are needed: deliver more users, or more of their time{again}"
            )


def _padded(codes: pl.Series) -> np.ndarray:
    """int64 ``[n, k]``: lists of different length, filled up with `NO_ITEM`."""
    lengths = codes.list.len().to_numpy()
    padded = np.full((len(codes), lengths.max(initial=1)), NO_ITEM, dtype=np.int64)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = codes.explode(empty_as_null=False)
    return padded


def _summary(coded: pl.DataFrame, test: _Window) -> dict[str, float]:
    users = test.wanted[USER]
    window = coded.filter(pl.col(ROLE) == "test")
    return {
        "users": float(coded[USER].n_unique()),
        "items known to training": float(coded[CODE].drop_nulls().n_unique()),
        "interactions per user": coded.height / coded[USER].n_unique(),
        "test users": float(len(users)),
        "test users without a history": float((~users.is_in(test.past[USER].unique().implode())).sum()),
        "test interactions with items unknown to training": float(window[CODE].null_count()),
    }


def _audit(coded: pl.DataFrame, windows: dict[str, _Window], recipe: HistoryRecipe) -> list[LeakageFinding]:
    """The findings that histories have. What a near twin is: an item that the user has under another code."""
    held_out = {role: window for role, window in windows.items() if role != "train"}
    late = sum(window.past.filter(pl.col(TIME) >= window.moment).height for window in windows.values())
    return [
        _had(held_out, recipe),
        _had_under_another_code(held_out, recipe),
        _users(coded),
        _moments(coded),
        LeakageFinding(name="single_feature", passed=True, severity="error", message="there are no plain features"),
        LeakageFinding(
            name="row_wise_features",
            passed=not late,
            severity="error",
            message=f"{late:,} interactions of histories lie after the moment the list is made",
        ),
    ]


def _wanted(window: _Window) -> pl.DataFrame:
    """A row a user and wanted item."""
    return window.wanted.select(USER, CODE).explode(CODE)


def _spelled(counts: dict[str, tuple[int, int]], of: str) -> str:
    """How many of how many in each role, in words."""
    return ", ".join(f"{part:,} of {whole:,} {of} in {role}" for role, (part, whole) in counts.items())


def _had(held_out: dict[str, _Window], recipe: HistoryRecipe) -> LeakageFinding:
    wanted = {role: _wanted(window) for role, window in held_out.items()}
    counts = {
        role: (wanted[role].join(window.past, on=[USER, CODE], how="semi").height, wanted[role].height)
        for role, window in held_out.items()
    }
    return LeakageFinding(
        name="duplicates_across_roles",
        passed=recipe.repeats or not any(had for had, _ in counts.values()),
        severity="error",
        message=f"{_spelled(counts, 'wanted items')} are in the user's history already"
        + (", which the definition allows (`repeats`)" if recipe.repeats else ""),
    )


def _had_under_another_code(held_out: dict[str, _Window], recipe: HistoryRecipe) -> LeakageFinding:
    wanted = {role: _wanted(window) for role, window in held_out.items()}
    counts = {
        role: (_titles_had(wanted[role], window.past, recipe), wanted[role].height) for role, window in held_out.items()
    }
    return LeakageFinding(
        name="near_duplicates_across_roles",
        passed=all(alike <= MOST_ALIKE * everything for alike, everything in counts.values()),
        severity="warning",
        message=f"{_spelled(counts, 'wanted items')} are called like another item of the user's past",
    )


def _users(coded: pl.DataFrame) -> LeakageFinding:
    """By design: a user's past is what a list is made from, at one moment for all."""
    of_role = {role: coded.filter(pl.col(ROLE) == role)[USER].unique() for role in splits.ROLES}
    earlier = [coded.filter(pl.col(ROLE) < role)[USER].unique() for role in splits.ROLES]
    counts = {
        role: (int(of_role[role].is_in(seen.implode()).sum()), len(of_role[role]))
        for role, seen in zip(splits.ROLES[1:], earlier[1:], strict=True)
    }
    return LeakageFinding(
        name="groups_across_roles",
        passed=True,
        severity="warning",
        message=f"{_spelled(counts, 'users')} were there before, as they must: what they took then is what a list is "
        "made from; the others have no history",
    )


def _moments(coded: pl.DataFrame) -> LeakageFinding:
    spans = [
        (role, *coded.filter(pl.col(ROLE) == role).select(first=pl.min(TIME), last=pl.max(TIME)).row(0))
        for role in splits.ROLES
    ]
    ordered = all(before[2] < after[1] for before, after in pairwise(spans))
    return LeakageFinding(
        name="time_across_roles",
        passed=ordered,
        severity="error",
        message=("one moment for all users: " if ordered else "the roles overlap in time: ")
        + "; ".join(f"{role} {first} to {last}" for role, first, last in spans),
    )


def _titles_had(wanted: pl.DataFrame, past: pl.DataFrame, recipe: HistoryRecipe) -> int:
    """How many wanted items bear the title of an item the user has under another code."""
    titles = recipe.catalogue.select(TITLE).with_row_index(CODE).cast({CODE: pl.Int32})
    mine = past.join(titles, on=CODE).select(USER, TITLE, had=CODE)
    also = wanted.join(titles, on=CODE).join(mine, on=[USER, TITLE]).filter(pl.col(CODE) != pl.col("had"))
    return also.select(USER, CODE).n_unique()
