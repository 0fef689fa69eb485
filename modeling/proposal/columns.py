"""What the columns of a table mean, by their names and values.

Belongs here: identifiers, time, groups, sensitive columns, numbers that are names, and columns to leave out. Does not
belong here: the target (`modeling.proposal.target`), what a column holds (`modeling.proposal.facts`), or what the
columns must hold (`modeling.proposal.contract`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from catalogue.visible import listed
from modeling.core.features import MAX_LEVELS
from modeling.core.predictions import is_taken
from modeling.proposal import names, unread_dates
from modeling.proposal.facts import ColumnFacts
from modeling.proposal.unread_dates import looks_like_dates

MOST_TEXT_LEVELS = 1000
"""A text column of more levels needs to be declared, unless they are few for so many rows."""
SHARE_OF_LEVELS = 0.1
SENTENCE = 4
"""Words of a value, on average, from which on a column holds sentences."""
FEWEST_MOMENTS = 10
"""Different moments from which on a time can order and cut the rows."""
FEWEST_GROUPS = 10
MOST_GROUPS = 0.95
"""Of the rows: with more, hardly a unit has several."""
LARGEST_GROUP = 0.25
"""Share of the rows from which on a unit is too large to be left out as a whole."""
LARGEST_AMOUNT = 2**53
"""Beyond, a number keeps not each of its digits: whole numbers that are all larger name something."""
MOST_MISSING_TIMES = 0.05
MOST_TIMES = 5
"""Columns named like a time that a unit is looked for beside."""
YEARS = (1800, 2200)
WEEKS = 53
"""No part of the calendar has a higher number."""
MOST_LEFT_OUT = 10
"""Columns left out that are said one by one."""
WHEN = "`columns.known_at` says of each column whether it is known before, at or only after the moment of prediction"


@dataclass
class Roles:
    """`columns` of a definition, with the evidence for each name in it, and doubts."""

    identifier: list[str] = field(default_factory=list)
    time: str | None = None
    group: str | None = None
    sensitive: list[str] = field(default_factory=list)
    categorical: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    evidence: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    @property
    def taken(self) -> set[str]:
        """The columns that are no features."""
        return {*self.identifier, *self.drop, *(name for name in (self.time, self.group) if name)}

    def keys(self) -> dict[str, Any]:
        """As a definition writes them; what is empty is left out."""
        roles = ("identifier", "time", "group", "sensitive", "categorical")
        held = {role: getattr(self, role) for role in roles} | {
            "drop": {name: self.evidence[name] for name in self.drop}
        }
        return {role: named for role, named in held.items() if named}

    def leave_out(self, name: str, because: str) -> None:
        """Drop a column, whatever it was thought to be."""
        for held in (self.sensitive, self.categorical):
            if name in held:
                held.remove(name)
        self.drop.append(name)
        self.evidence[name] = because


def roles(table: pl.DataFrame, *, ordered: bool = True) -> Roles:
    """The roles of the columns of a table, which has no target among them; no time where it is not `ordered`."""
    columns = [ColumnFacts.of(column) for column in table.iter_columns()]
    found = Roles()
    for facts in columns:
        if why := _useless(facts):
            found.leave_out(facts.name, why)
    undated = [facts for facts in _free(columns, found) if looks_like_dates(facts)]
    for facts in undated:
        found.leave_out(
            facts.name, f"looks like dates that were not read, such as {_short(facts.values.drop_nulls()[0])}"
        )
    usable = _free(columns, found)
    _identifiers(usable, found)
    if ordered:
        _time(_free(usable, found), found)
    found.doubts += [unread_dates.doubt(facts, ordered=found.time is not None) for facts in undated]
    _group(_free(usable, found), found)
    for facts in _free(usable, found):
        _feature(facts, found)
    return found


def _free(columns: list[ColumnFacts], found: Roles) -> list[ColumnFacts]:
    taken = found.taken
    return [facts for facts in columns if facts.name not in taken]


def _useless(facts: ColumnFacts) -> str:
    """Why a column can be no feature; empty where it can."""
    if facts.distinct == 0:
        return "empty in every row"
    if not facts.is_usable:
        return f"of type {facts.values.dtype}: take it apart into numbers, text or dates"
    if facts.distinct == 1 and not facts.nulls:
        return f"{_short(facts.values[0])} in every row"
    if facts.values.dtype.is_float() and facts.values.is_infinite().any():
        return f"infinite in {facts.values.is_infinite().sum():,} rows"
    return ""


def _identifiers(columns: list[ColumnFacts], found: Roles) -> None:
    """The first column that names rows; further ones are left out."""
    for facts in columns:
        if facts.nulls or facts.distinct < facts.rows or not _names_rows(facts):
            continue
        if is_taken(facts.name):
            found.leave_out(facts.name, "names a row, and predictions have a column of this name")
            found.doubts.append(_clash(facts.name))
        elif found.identifier:
            found.leave_out(facts.name, "names a row, like the identifier")
        else:
            found.identifier.append(facts.name)
            found.evidence[facts.name] = f"another value in each of {facts.rows:,} rows"


def _clash(name: str) -> str:
    return (
        f"{name!r} names each row, but predictions have a column of this name: rename it in the data, to 'id_{name}' "
        "for example, and declare it under columns.identifier; until then it is left out, and predictions count rows"
    )


def _names_rows(facts: ColumnFacts) -> bool:
    if facts.is_whole:
        in_steps = facts.values.diff().drop_nulls().n_unique() == 1
        named = names.says(facts.name, names.IDENTIFIER) or int(str(facts.values.min())) > LARGEST_AMOUNT
        return named or (in_steps and not names.says(facts.name, names.TIME))
    return facts.is_text and _words(facts) < SENTENCE


def _words(facts: ColumnFacts) -> float:
    """How many a value has, on average."""
    text = facts.values.cast(pl.String).drop_nulls()
    return 1 + int(text.str.count_matches(r"\s+").sum()) / len(text)


def _time(columns: list[ColumnFacts], found: Roles) -> None:
    orders = [facts for facts in columns if _orders_rows(facts)]
    if orders:
        chosen = min(orders, key=lambda facts: (not facts.values.dtype.is_temporal(), facts.nulls))
        first, last = chosen.values.min(), chosen.values.max()
        found.time = chosen.name
        found.evidence[chosen.name] = f"{chosen.distinct:,} moments from {first} to {last}"
        if chosen.nulls:
            found.doubts.append(f"{chosen.name!r} is empty in {chosen.nulls:,} rows, which are quarantined")
    for facts in columns:
        if facts.values.dtype.is_temporal() and facts.name != found.time:
            found.doubts.append(f"is {facts.name!r} known at the moment of prediction? If not, move it to columns.drop")


def _orders_rows(facts: ColumnFacts) -> bool:
    """A moment, a year, or a clock that runs on from row to row."""
    if facts.distinct < FEWEST_MOMENTS or facts.nulls > MOST_MISSING_TIMES * facts.rows:
        return False
    if facts.values.dtype.is_temporal():
        return not names.says(facts.name, names.BIRTH)
    if not facts.values.dtype.is_numeric() or facts.nulls:
        return False
    is_year = facts.is_whole and names.says(facts.name, names.YEAR)
    if is_year and facts.values.is_between(*YEARS).all():
        return not names.says(facts.name, (*names.BIRTH, "built", "model"))
    is_clock = names.words(facts.name) <= set(names.CLOCK)
    counts_on = names.says(facts.name, names.TIME) and facts.distinct == facts.rows
    return (is_clock or counts_on) and facts.values.is_sorted()


def _group(columns: list[ColumnFacts], found: Roles) -> None:
    """What has several rows. Where time orders the rows, all but new units are in training too: then it is a feature,
    for whole units can't be kept apart."""
    times = [facts for facts in columns if names.says(facts.name, names.TIME) and facts.distinct < facts.rows]
    units = [facts for facts in columns if _is_unit(facts) or _is_panel(facts, times[:MOST_TIMES])]
    if not units:
        return
    unit = max(units, key=lambda facts: facts.distinct)
    repeated = f"{unit.distinct:,} values in {unit.rows:,} rows"
    if found.time is None:
        found.group, found.evidence[unit.name] = unit.name, repeated
        found.doubts.append(f"rows of one {unit.name!r} are kept together: is that what the model will meet, new ones?")
        return
    found.doubts.append(
        f"{unit.name!r} repeats ({repeated}): the split by time tests on later rows of the same ones; split by group "
        "if the model must serve new ones"
    )


def _is_unit(facts: ColumnFacts) -> bool:
    """Named like one, and repeated."""
    words = names.words(facts.name)
    named = names.says(facts.name, names.UNIT) or "id" in words or words <= set(names.KEY)
    return named and _repeats(facts) and not names.says(facts.name, names.NO_UNIT)


def _is_panel(facts: ColumnFacts, times: list[ColumnFacts]) -> bool:
    """Each value once at each of the times, several times in all."""
    if not times or not _repeats(facts) or 2 * facts.distinct > facts.rows or _is_code(facts):
        return False
    return any(pl.DataFrame([facts.values, time.values]).is_unique().all() for time in times if time is not facts)


def _is_code(facts: ColumnFacts) -> bool:
    """By its name a part of the calendar or a kind, or numbered through like hours, weeks or shifts."""
    if names.says(facts.name, names.NO_UNIT):
        return True
    if not facts.is_whole:
        return False
    first, last = int(str(facts.values.min())), int(str(facts.values.max()))
    return first in (0, 1) and last <= WEEKS and facts.distinct == last - first + 1


def _repeats(facts: ColumnFacts) -> bool:
    if facts.nulls or not (facts.is_whole or facts.is_text):
        return False
    if not FEWEST_GROUPS <= facts.distinct <= MOST_GROUPS * facts.rows:
        return False
    return int(str(facts.values.alias("value").value_counts(name="rows")["rows"].max())) <= LARGEST_GROUP * facts.rows


def _feature(facts: ColumnFacts, found: Roles) -> None:
    if facts.is_text and (why := _unreadable(facts)):
        found.leave_out(facts.name, why)
        return
    is_code = names.says(facts.name, names.CODE) or bool(names.words(facts.name) & {"id", "ids"})
    if _is_unit(facts) and facts.is_whole and facts.distinct > MAX_LEVELS:
        found.leave_out(facts.name, f"names one of {facts.distinct:,} units")
        return
    if facts.is_whole and is_code and 2 < facts.distinct <= MAX_LEVELS:
        found.categorical.append(facts.name)
        found.evidence[facts.name] = f"a number that is a name: {facts.distinct:,} values"
    if kind := names.sensitive(facts.name):
        found.sensitive.append(facts.name)
        found.evidence.setdefault(facts.name, f"by its name: {kind}")


def _unreadable(facts: ColumnFacts) -> str:
    """Why a column of text has no levels that could be learned; empty where it has."""
    if facts.distinct > SHARE_OF_LEVELS * facts.rows and _words(facts) >= SENTENCE:
        return "sentences: the task text_classification reads them"
    if facts.distinct > max(MOST_TEXT_LEVELS, SHARE_OF_LEVELS * facts.rows) or facts.distinct > 0.5 * facts.rows:
        return f"{facts.distinct:,} different values in {facts.rows:,} rows: too many to learn from"
    return ""


def _short(value: Any, most: int = 40) -> str:
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def doubts(found: Roles) -> Iterator[str]:
    """What somebody who knows the data should check, of the roles as they were settled."""
    silent = [name for name in found.drop if not any(repr(name) in doubt for doubt in found.doubts)]
    yield from (f"{name!r} is left out: {found.evidence[name]}" for name in silent[:MOST_LEFT_OUT])
    if more := silent[MOST_LEFT_OUT:]:
        yield f"{len(more):,} more columns are left out, {listed(more)}: `columns.drop` says why of each"
    yield from found.doubts
    yield f"when is each feature known? {WHEN}: what is known only afterwards belongs in columns.drop"
    if found.sensitive:
        yield f"sensitive by their names: {', '.join(map(repr, found.sensitive))}. Is one missing, may they be used?"
