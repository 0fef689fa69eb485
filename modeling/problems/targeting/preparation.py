"""From validated impressions to the feature set of targeting.

Belongs here: splitting, the table of actions, what a policy is weighed with, and the audit. Does not belong here: the
recipe (`modeling.problems.targeting.impressions`), or policies (`modeling.problems.targeting.policies`).
"""

from dataclasses import replace

import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core import leakage, splits
from modeling.core.classification import BinaryClassificationTask
from modeling.core.feature_set import Datasheet, FeatureSet, summary
from modeling.core.features import Derive, FeatureError, FeatureRecipe, derived
from modeling.core.table import Rows
from modeling.core.validated_data import ValidatedData
from modeling.problems.targeting.impressions import WHICH, ImpressionRecipe
from modeling.problems.targeting.policies import (
    ACTION,
    ACTIONS,
    CLICK_RATE,
    JUDGED,
    LOGGED_SCORE,
    NAME,
    POOL,
    PROPENSITY,
)
from modeling.problems.targeting.settings import TargetingSettings

TargetingTask = BinaryClassificationTask[TargetingSettings]

PRIOR_ROWS = 200
"""The reward model's rates are drawn towards their pool's by as many rows."""


def prepare(data: ValidatedData, use_case: UseCase, task: TargetingTask, derive: Derive | None) -> FeatureSet:
    """Split by time, fit the recipe and the table of actions on training rows, shape each role, audit.

    Rows can't be dealt anew: the clicks of all training rows are in the table of actions that every row refers to.
    Rows of later roles whose action training never showed can't be weighed against a policy, and are left out.

    Raises
    ------
    SplitError: a role would be empty. FeatureError: a column is missing, or `derive` fails. TargetError: the target
    is not binary.
    """
    roles = splits.assign(data.frame, use_case)
    target = data.frame[use_case.target]
    frame = derived(data.frame.drop(cs.by_name(use_case.target)), derive).with_columns(target)
    classes = task.classes(target, use_case.positive)
    train = frame.filter(roles == "train")
    recipe = _fitted(train, use_case, task)
    actions = _actions(train, recipe, use_case, task, classes)
    shown = frame.select(recipe.named().is_in(actions[NAME].implode())).to_series().to_numpy()

    def rows(role: str) -> Rows:
        mask = (roles == role).to_numpy() & shown
        part = frame.filter(mask)
        table = replace(
            recipe.transform(part),
            target=task.encode(part[use_case.target], classes),
            content=_logged(part, actions, recipe, task),
            shared={ACTIONS: actions},
        )
        return Rows(table, data.numbers[mask], None, part.select())

    parts = [rows(role) for role in splits.ROLES]

    def whole(rows: pl.LazyFrame) -> pl.LazyFrame:
        return recipe.framed(derived(rows.collect(), derive)).drop(task.settings.unseen).lazy()

    framed = derived(data.frame, whole)
    audited = leakage.Audited(
        validated=data.frame,
        derived=framed,
        derive=whole,
        numbers=data.numbers,
        roles=roles,
        tables={role: part.table for role, part in zip(splits.ROLES, parts, strict=True)},
        classes=classes,
        likeness=_likeness(framed.drop(cs.by_name(use_case.target))),
    )
    counts, of_target = [len(part) for part in parts], summary(task.encode(target, classes), classes)
    found = leakage.audit(audited, use_case)
    datasheet = Datasheet.of(data, use_case, counts, of_target, found.findings, classes, found.twins)
    train_rows, tune, valid, test = parts
    return FeatureSet(recipe, datasheet, train_rows, tune, valid, lambda: test)


def _likeness(impressions: pl.DataFrame) -> leakage.Keys:
    """An impression logged twice. A visitor who returns, to be shown the same again, is none: policies meet such."""
    alike = pl.struct(cs.float().round_sig_figs(2), cs.exclude(cs.float())).hash()
    by = "all that was logged but the click, the moment included, numbers to two digits; visitors may return"
    return leakage.Keys(impressions.select(alike).to_series(), by)


def _fitted(train: pl.DataFrame, use_case: UseCase, task: TargetingTask) -> ImpressionRecipe:
    settings = task.settings
    named = [
        settings.action,
        settings.propensity,
        *settings.action_features,
        *(n for n in (settings.pool, settings.logger) if n),
    ]
    missing = [name for name in named if name not in train.columns]
    if missing:
        raise FeatureError(f"{use_case.key}: the columns {missing} are missing; the rows have {train.columns}")
    ids = train[settings.action].cast(pl.String).unique().sort().to_list()
    per_action = {
        name: {which: column for which in ids if (column := pattern.replace("{action}", which)) in train.columns}
        for name, pattern in settings.per_action.items()
    }
    bare = ImpressionRecipe(settings.action, settings.pool, per_action, FeatureRecipe([]))
    context = FeatureRecipe.fit(bare.framed(train).drop(settings.unseen, settings.action), use_case)
    return replace(bare, context=context)


def _actions(
    train: pl.DataFrame, recipe: ImpressionRecipe, use_case: UseCase, task: TargetingTask, classes: list[str]
) -> pl.DataFrame:
    """The table `policies.ACTIONS`, from training rows alone."""
    settings = task.settings
    production = pl.lit(True) if settings.logger is None else cs.by_name(settings.logger) == settings.production
    counted = train.with_columns(
        recipe.named().alias(NAME),
        pl.lit("").alias(POOL) if recipe.pool is None else cs.by_name(recipe.pool).cast(pl.String).alias(POOL),
        pl.Series("reward", task.encode(train[use_case.target], classes)),
        production.alias("produced"),
    )
    by_action = counted.group_by(POOL, NAME).agg(pl.len(), pl.sum("reward"), pl.sum("produced")).sort(POOL, NAME)
    pool_rate = pl.col("reward").sum().over(POOL) / pl.col("len").sum().over(POOL)
    share = (pl.col("produced") + 1) / (pl.col("produced") + 1).sum().over(POOL)
    rated = by_action.select(
        (pl.col(POOL).rank("dense") - 1).cast(pl.Int64),
        NAME,
        ((pl.col("reward") + PRIOR_ROWS * pool_rate) / (pl.col("len") + PRIOR_ROWS)).alias(CLICK_RATE),
        (share ** (1 / settings.sharpness)).alias(LOGGED_SCORE),
    )
    first = counted.unique(NAME, keep="first").sort(POOL, NAME)
    encoded = recipe.transform(first)
    own = [name for name in (WHICH, *settings.action_features) if name in encoded.names]
    return rated.with_columns(pl.Series(name, encoded.column(name)) for name in own)


def _logged(part: pl.DataFrame, actions: pl.DataFrame, recipe: ImpressionRecipe, task: TargetingTask) -> pl.DataFrame:
    """What a policy is weighed with: `Table.content`."""
    settings = task.settings
    number = recipe.named().replace_strict(actions[NAME], range(actions.height), return_dtype=pl.Int64)
    judged = pl.lit(True) if settings.logger is None else cs.by_name(settings.logger) == settings.judged_on
    logged = part.select(
        number.alias(ACTION), cs.by_name(settings.propensity).as_expr().alias(PROPENSITY), judged.alias(JUDGED)
    )
    pool = actions[POOL].gather(logged[ACTION])
    logged = logged.with_columns(pool.alias(POOL))
    return logged.with_columns(
        _of_every_action(part, actions, pool, columns).alias(name) for name, columns in recipe.per_action.items()
    )


def _of_every_action(part: pl.DataFrame, actions: pl.DataFrame, pool: pl.Series, columns: dict[str, str]) -> pl.Series:
    """``[n]`` lists: the value for every action of the row's pool, in the order of `actions`."""
    value = pl.lit(None, dtype=pl.List(pl.Float32))
    for code, members in actions.group_by(POOL, maintain_order=True):
        held = (columns.get(name.rpartition("/")[2]) for name in members[NAME])
        of_pool = pl.concat_list(
            pl.lit(None, pl.Float32) if column is None else cs.by_name(column).cast(pl.Float32) for column in held
        )
        value = pl.when(pl.lit(pool) == code[0]).then(of_pool).otherwise(value)
    return part.select(value.alias("values"))["values"]
