"""From interactions, a row each, to what every user had taken before a moment and took after it.

Belongs here: the recipe that codes items and gathers histories. Does not belong here: which interactions train and
which test (`modeling.problems.recommendation.preparation`), or what learners make of histories
(`modeling.problems.recommendation.ranking`).
"""

from dataclasses import dataclass, replace
from typing import Any, Self

import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.features import FeatureError, FeatureRecipe
from modeling.core.table import Table
from modeling.problems.recommendation.ranking import AGE, EXCLUDED, HISTORY, ITEM, ITEMS, TAGS, TITLE, USER
from modeling.problems.recommendation.settings import RecommendationSettings

CODE, TIME, NUMBER, ROLE = "code", "time", "number", "role"
"""Columns of coded interactions, beside `USER`: the item's code, the moment, and the row's number and role."""


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
    def fit(cls, train: pl.DataFrame, use_case: UseCase, settings: RecommendationSettings) -> Self:
        """Learn the catalogue from training rows: what an item is called there first.

        Raises
        ------
        FeatureError: a column the definition names is missing.
        """
        columns, numbers = use_case.columns, {name: cs.by_name(name).cast(pl.Float32) for name in settings.numbers}
        described = [name for name in (settings.title, settings.tags, *settings.numbers, *settings.profile) if name]
        missing = [name for name in (columns.group, columns.time, *described) if name not in train.columns]
        if missing:
            raise FeatureError(f"{use_case.key}: the columns {missing} are missing; the rows have {train.columns}")
        item = cs.by_name(use_case.target).cast(pl.String)
        tags = pl.lit("") if settings.tags is None else cs.by_name(settings.tags).fill_null("")
        catalogue = train.group_by(item.alias(ITEM)).agg(
            (cs.by_name(settings.title).cast(pl.String) if settings.title else item).first().alias(TITLE),
            tags.first().str.extract_all(r"[^\s|,]+").alias(TAGS),
            **{name: number.first() for name, number in numbers.items()},
        )
        read = {columns.group, columns.time, use_case.target, *described}
        people = _people(
            train.sort(cs.by_name(str(columns.time)), maintain_order=True), str(columns.group), settings.profile
        )
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
        """The columns read: user, item, time, and those of the profile."""
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
            cs.by_name(self.item)
            .cast(pl.String)
            .replace_strict(known, range(len(known)), default=None, return_dtype=pl.Int32)
        )
        read = {USER: cs.by_name(self.user).as_expr(), CODE: code, TIME: cs.by_name(self.time).as_expr()}
        kept = [name for name in (NUMBER, ROLE) if name in frame.columns]
        return frame.select(*kept, **read).sort(TIME, maintain_order=True)

    def transform(self, frame: pl.DataFrame) -> Table:
        """A row per user of `frame`, in order of first appearance, with all interactions there as history; ages count
        from the latest of them.

        Items that training does not know are ignored. Who has no other, or only a row without an item, has an empty
        history.
        """
        coded = self.coded(frame)
        users = frame[self.user].unique(maintain_order=True).alias(USER)
        return self.table(users, self.people(frame), coded, coded[TIME].max())

    def people(self, frame: pl.DataFrame) -> pl.DataFrame:
        """A row per user: `user`, and the profile as their first interaction has it."""
        return _people(frame.sort(cs.by_name(self.time), maintain_order=True), self.user, self.profile.inputs)

    def table(self, users: pl.Series, people: pl.DataFrame, past: pl.DataFrame, moment: Any) -> Table:
        """The profiles of `users`, from `people`, and their histories in the coded interactions `past`, which all lie
        before `moment`; no target."""
        age = ((pl.lit(moment) - pl.col(TIME)).dt.total_seconds() / 86400).cast(pl.Float32)
        gathered = past.drop_nulls(CODE).group_by(USER).agg(pl.col(CODE).alias(HISTORY), age.alias(AGE))
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
    first = ordered.unique(cs.by_name(user), keep="first", maintain_order=True)
    return first.select(cs.by_name(user).as_expr().alias(USER), cs.by_name(*profile).cast(pl.String))
