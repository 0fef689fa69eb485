"""From interactions, a row each, to what every user had taken before a moment and took after it.

Belongs here: the recipe that codes items and gathers histories, and the feature set of the task `recommendation` with
its audit. Does not belong here: what learners make of histories (`modeling.problems.recommendation.ranking`).

Time is cut twice, once for all users. Learners are fitted on what lies before the first cut. The history that a
validation or test list is made from is all that lies before its cut: on that day a shop knows it. What is wanted are
the items of the following window that training knows.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl

from catalogue.definition import TimeSplit, UseCase
from modeling.core import splits
from modeling.core.feature_set import Datasheet, FeatureSet
from modeling.core.features import Derive, FeatureError, FeatureRecipe, derived
from modeling.core.record import LeakageFinding
from modeling.core.table import Rows, Table
from modeling.core.validated_data import ValidatedData
from modeling.problems.recommendation.ranking import AGE, EXCLUDED, HISTORY, ITEM, ITEMS, NO_ITEM, TAGS, TITLE, USER

if TYPE_CHECKING:
    from modeling.problems.recommendation.task import RecommendationSettings

EXAMPLES = 5
_CODE, _TIME, _NUMBER, _ROLE = "code", "time", "number", "role"


@dataclass(frozen=True)
class HistoryRecipe:
    """The items that training knows, in the order of their codes, and the columns an interaction is read from.

    Attributes
    ----------
    items: column -> a value per item: `item`, `title`, `tags` (a list) and one column a number.
    profile: how what is known of a user from the beginning becomes codes.
    repeats: whether an item may be recommended to who already has it.
    """

    user: str
    item: str
    time: str
    items: dict[str, list[Any]]
    profile: FeatureRecipe
    repeats: bool
    left_out: dict[str, str]

    @classmethod
    def fit(cls, train: pl.DataFrame, use_case: UseCase, settings: "RecommendationSettings") -> Self:
        """Learn the catalogue from training rows: what an item is called there first.

        Raises
        ------
        FeatureError: a column the definition names is missing.
        """
        columns, numbers = use_case.columns, {name: pl.col(name).cast(pl.Float32) for name in settings.numbers}
        described = [name for name in (settings.title, settings.tags, *settings.numbers, *settings.profile) if name]
        missing = [name for name in (columns.group, columns.time, *described) if name not in train.columns]
        if missing:
            raise FeatureError(f"{use_case.key}: the columns {missing} are missing; the rows have {train.columns}")
        item = pl.col(use_case.target).cast(pl.String)
        tags = pl.lit("") if settings.tags is None else pl.col(settings.tags).fill_null("")
        catalogue = train.group_by(item.alias(ITEM)).agg(
            (pl.col(settings.title).cast(pl.String) if settings.title else item).first().alias(TITLE),
            tags.first().str.extract_all(r"[^\s|,]+").alias(TAGS),
            **{name: number.first() for name, number in numbers.items()},
        )
        read = {columns.group, columns.time, use_case.target, *described}
        people = _people(train.sort(columns.time, maintain_order=True), str(columns.group), settings.profile)
        return cls(
            user=str(columns.group),
            item=use_case.target,
            time=str(columns.time),
            items=catalogue.drop_nulls(ITEM).sort(ITEM).to_dict(as_series=False),
            profile=FeatureRecipe.fit(people.drop(USER), use_case) if settings.profile else FeatureRecipe([]),
            repeats=settings.repeats,
            left_out={name: "recommendation reads who, what and when" for name in train.columns if name not in read},
        )

    @property
    def inputs(self) -> list[str]:
        return [self.user, self.item, self.time, *self.profile.inputs]

    @property
    def catalogue(self) -> pl.DataFrame:
        """A row per item."""
        fixed = {ITEM: pl.String, TITLE: pl.String, TAGS: pl.List(pl.String)}
        return pl.DataFrame(self.items, {name: fixed.get(name, pl.Float32) for name in self.items})

    def coded(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`user`, `code` (null where training does not know the item) and `time` of every interaction, oldest first.

        Raises
        ------
        FeatureError: a column is missing, or the time is no date.
        """
        missing = [name for name in self.inputs if name not in frame.columns]
        if missing:
            raise FeatureError(f"the columns {missing} are missing; the rows have {frame.columns}")
        if not frame.schema[self.time].is_temporal():
            raise FeatureError(
                f"the time column {self.time!r} holds {frame.schema[self.time]}: make it a date or a time in "
                "features.py (`assemble`)"
            )
        known = self.items[ITEM]
        code = (
            pl.col(self.item)
            .cast(pl.String)
            .replace_strict(known, range(len(known)), default=None, return_dtype=pl.Int32)
        )
        read = {USER: pl.col(self.user), _CODE: code, _TIME: pl.col(self.time)}
        kept = [name for name in (_NUMBER, _ROLE) if name in frame.columns]
        return frame.select(*kept, **read).sort(_TIME, maintain_order=True)

    def transform(self, frame: pl.DataFrame) -> Table:
        """A row per user of `frame`, in order of first appearance, with all interactions there as history; ages count
        from the latest of them.

        Items that training does not know are ignored. Who has no other, or only a row without an item, has an empty
        history.
        """
        coded = self.coded(frame)
        users = frame[self.user].unique(maintain_order=True).alias(USER)
        return self.table(users, self.people(frame), coded, coded[_TIME].max())

    def people(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A row per user: `user`, and the profile as their first interaction tells it."""
        return _people(frame.sort(self.time, maintain_order=True), self.user, self.profile.inputs)

    def table(self, users: pl.Series, people: pl.DataFrame, past: pl.DataFrame, moment: Any) -> Table:
        """The profiles of `users`, from `people`, and their histories in the coded interactions `past`, which all lie
        before `moment`; no target."""
        age = ((pl.lit(moment) - pl.col(_TIME)).dt.total_seconds() / 86400).cast(pl.Float32)
        gathered = past.drop_nulls(_CODE).group_by(USER).agg(pl.col(_CODE).alias(HISTORY), age.alias(AGE))
        content = users.to_frame().join(gathered, on=USER, how="left", maintain_order="left")
        content = content.with_columns(pl.col(HISTORY, AGE).fill_null([]))
        excluded = pl.lit([], dtype=pl.List(pl.Int32)) if self.repeats else pl.col(HISTORY)
        profiles = users.to_frame().join(people, on=USER, how="left", maintain_order="left")
        return replace(
            self.profile.transform(profiles),
            content=content.with_columns(excluded.alias(EXCLUDED)),
            shared={ITEMS: self.catalogue},
        )

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The recipe whose `asdict` is `content`."""
        parts: dict[str, Any] = content | {"profile": FeatureRecipe.from_json(content["profile"])}
        return cls(**parts)


def _people(ordered: pl.DataFrame, user: str, profile: list[str]) -> pl.DataFrame:
    """The `profile` of each user as text, from the first of their rows."""
    first = ordered.unique(user, keep="first", maintain_order=True)
    return first.select(pl.col(user).alias(USER), pl.col(profile).cast(pl.String))


def prepare(
    data: ValidatedData, use_case: UseCase, settings: "RecommendationSettings", derive: Derive | None
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
    frame = derived(data.frame.drop(use_case.target), derive).with_columns(target)
    recipe = HistoryRecipe.fit(frame.filter(roles == "train"), use_case, settings)
    numbered = frame.with_columns(pl.Series(_NUMBER, data.numbers), roles.alias(_ROLE))
    coded, people = recipe.coded(numbered), recipe.people(frame)
    windows = {role: _Window.of(role, coded, settings.repeats) for role in splits.ROLES}
    sliced = list(dict.fromkeys([*use_case.columns.sensitive, *use_case.columns.slices]))

    def rows(window: _Window) -> Rows:
        users = window.wanted[USER]
        table = replace(recipe.table(users, people, window.past, window.moment), target=_padded(window.wanted[_CODE]))
        number = window.wanted[_NUMBER].list.first().to_numpy()
        first = pl.DataFrame({_NUMBER: number}).join(numbered, on=_NUMBER, how="left", maintain_order="left")
        return Rows(table, number, None, first.select(sliced))

    train, valid, test = (rows(window) for window in windows.values())
    counts = [int((roles == role).sum()) for role in splits.ROLES]
    of_target, audited = _summary(coded, windows["test"]), _audit(coded, windows, recipe)
    datasheet = Datasheet.of(data, use_case, counts, of_target, audited)
    return FeatureSet(recipe, datasheet, train, valid, lambda: test)


@dataclass(frozen=True)
class _Window:
    """What is known of users before `moment`, and what they take after it: a row a user, with lists of codes and of the
    rows' numbers. Training knows what it learns from: there both are the same."""

    past: pl.DataFrame
    moment: Any
    wanted: pl.DataFrame

    @classmethod
    def of(cls, role: str, coded: pl.DataFrame, repeats: bool) -> Self:
        window = coded.filter(pl.col(_ROLE) == role)
        if role == "train":
            past, moment, fresh = window, coded.filter(pl.col(_ROLE) != role)[_TIME].min(), window
        else:
            moment = window[_TIME].min()
            past = coded.filter(pl.col(_TIME) < moment)
            fresh = window if repeats else window.join(past, on=[USER, _CODE], how="anti")
        once = fresh.drop_nulls(_CODE).unique([USER, _CODE], keep="first", maintain_order=True)
        return cls(past, moment, once.group_by(USER, maintain_order=True).agg(_CODE, _NUMBER))


def _padded(codes: pl.Series) -> np.ndarray:
    """int64 ``[n, k]``: lists of different length, filled up with `NO_ITEM`."""
    lengths = codes.list.len().to_numpy()
    padded = np.full((len(codes), lengths.max(initial=1)), NO_ITEM, dtype=np.int64)
    padded[np.arange(padded.shape[1]) < lengths[:, None]] = codes.explode(empty_as_null=False)
    return padded


def _summary(coded: pl.DataFrame, test: _Window) -> dict[str, float]:
    users = test.wanted[USER]
    window = coded.filter(pl.col(_ROLE) == "test")
    return {
        "users": float(coded[USER].n_unique()),
        "items known to training": float(coded[_CODE].drop_nulls().n_unique()),
        "interactions per user": coded.height / coded[USER].n_unique(),
        "test users": float(len(users)),
        "test users without a history": float((~users.is_in(test.past[USER].unique().implode())).sum()),
        "test interactions with items unknown to training": float(window[_CODE].null_count()),
    }


def _audit(coded: pl.DataFrame, windows: dict[str, _Window], recipe: HistoryRecipe) -> list[LeakageFinding]:
    """The six findings, as far as histories have them."""
    judged = {role: window for role, window in windows.items() if role != "train"}
    wanted = {role: window.wanted.select(USER, _CODE).explode(_CODE) for role, window in judged.items()}
    had = sum(wanted[role].join(judged[role].past, on=[USER, _CODE], how="semi").height for role in judged)
    everything = sum(of_role.height for of_role in wanted.values())
    alike = sum(_titles_had(wanted[role], judged[role].past, recipe) for role in judged)
    crossing = coded.group_by(USER).agg(pl.col(_ROLE).n_unique()).filter(pl.col(_ROLE) > 1).height
    spans = [
        (role, *coded.filter(pl.col(_ROLE) == role).select(first=pl.min(_TIME), last=pl.max(_TIME)).row(0))
        for role in splits.ROLES
    ]
    ordered = all(before[2] < after[1] for before, after in pairwise(spans))
    late = sum(window.past.filter(pl.col(_TIME) >= window.moment).height for window in windows.values())
    return [
        LeakageFinding(
            name="duplicates_across_roles",
            passed=recipe.repeats or not had,
            severity="error",
            message=f"{had:,} of {everything:,} wanted items are in the user's history already"
            + (", which the definition allows (`repeats`)" if recipe.repeats else ""),
        ),
        LeakageFinding(
            name="near_duplicates_across_roles",
            passed=alike <= 0.01 * everything,
            severity="warning",
            message=f"{alike:,} of {everything:,} wanted items are called like another item of the user's past",
        ),
        LeakageFinding(
            name="groups_across_roles",
            passed=True,
            severity="error",
            message=f"{crossing:,} users are in more than one role, as they must: what they took before is what "
            "a list is made from",
        ),
        LeakageFinding(
            name="time_across_roles",
            passed=ordered,
            severity="error",
            message=("one moment for all users: " if ordered else "the roles overlap in time: ")
            + "; ".join(f"{role} {first} to {last}" for role, first, last in spans),
        ),
        LeakageFinding(name="single_feature", passed=True, severity="error", message="there are no plain features"),
        LeakageFinding(
            name="row_wise_features",
            passed=not late,
            severity="error",
            message=f"{late:,} interactions of histories lie after the moment the list is made",
        ),
    ]


def _titles_had(wanted: pl.DataFrame, past: pl.DataFrame, recipe: HistoryRecipe) -> int:
    """How many wanted items bear the title of an item the user has under another code."""
    titles = recipe.catalogue.select(TITLE).with_row_index(_CODE).cast({_CODE: pl.Int32})
    mine = past.join(titles, on=_CODE).select(USER, TITLE, had=_CODE)
    also = wanted.join(titles, on=_CODE).join(mine, on=[USER, TITLE]).filter(pl.col(_CODE) != pl.col("had"))
    return also.select(USER, _CODE).n_unique()
