"""Columns as people write them, with what each value means.

Belongs here: a strategy for each kind of column, which draws values and one way of writing them. Does not belong here:
the file they stand in (`tables`), or comparing anything (`comparison`).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from hypothesis import strategies as st

Truth = Decimal | datetime | str | None
Draw = Callable[[st.SearchStrategy[Any]], Any]

EXCEL_ZERO = datetime(1899, 12, 30)


@dataclass(frozen=True)
class Cell:
    """A value as a text file holds it, and what it means.

    Attributes
    ----------
    others: what it may as well mean; whoever reads it so must say so.
    aloud: whether reading it as the truth must be said too.
    typed: what a file holds whose numbers and dates have types.
    """

    written: str
    truth: Truth
    others: tuple[Truth, ...] = ()
    aloud: bool = False
    typed: Any = None


@dataclass(frozen=True)
class Column:
    """Cells of one kind; `name` where the kind needs a certain one."""

    kind: str
    cells: list[Cell]
    name: str | None = None

    @property
    def holds_text(self) -> bool:
        """Whether its values are neither numbers nor dates."""
        return all(isinstance(cell.truth, str) for cell in self.cells if cell.truth is not None)


class Notation(NamedTuple):
    """The marks in the numbers of a file."""

    thousands: str = ""
    point: str = "."
    indian: bool = False

    def grouped(self, digits: str) -> str:
        """Whole digits with the marks between them."""
        if not self.thousands or len(digits) < 4:
            return digits
        head, size = digits[:-3], 2 if self.indian else 3
        groups = [head[max(0, end - size) : end] for end in range(len(head), 0, -size)][::-1]
        return self.thousands.join([*groups, digits[-3:]])

    def written(self, number: Decimal, decimals: int) -> str:
        """A number that is not negative, with so many decimals."""
        whole, _, rest = f"{number:.{decimals}f}".partition(".")
        return self.grouped(whole) + (self.point + rest if rest else "")


NOTATIONS = (
    *(Notation(), Notation(","), Notation(".", ","), Notation("", ","), Notation(" ", ","), Notation("\u202f", ",")),
    *(Notation("'"), Notation("’"), Notation(",", indian=True)),
)
PLAIN = Notation()
BESIDE = (
    *("{}", "{} €", "€{}", "$ {}", "CHF {}", "{} EUR", "{} %", "{}%", "{} kg", "{} m²", "₹ {}", "{} km/h"),
    *("US$ {}", "{} Stk."),
)
SIGNS = ("-{}", "−{}", "–{}", "({})", "{}-")
FULL_WIDTH = {ord(sign): ord(sign) + 0xFEE0 for sign in "0123456789.,"}
ARABIC = {ord("0") + digit: 0x0660 + digit for digit in range(10)}
GAPS = ("-", "--", "–", "—", "?", "n/a", "N/A", "#N/A", "NULL", "NA", "NaN", "null", "")
GAPS_AMONG_NUMBERS = (*GAPS, "k.A.", "unknown", "missing", "None", ".", "x")
INFINITIES = ("inf", "-inf", "Infinity", "∞", "-∞")


# --- numbers ----------------------------------------------------------------------------------------------------------


@st.composite
def numbers(
    draw: Draw, rows: int, notation: Notation, besides: Sequence[str] = BESIDE, signs: Sequence[str] = SIGNS
) -> Column:
    """Amounts, with all that people write around them."""
    decimals = draw(st.integers(0, 3))
    units = draw(st.lists(st.integers(-9_999, 9_999) | st.integers(0, 99_999_999), **_of(rows), unique=True))
    beside, sign = draw(st.sampled_from(besides)), draw(st.sampled_from(signs))
    digits = draw(st.sampled_from([{}, {}, {}, FULL_WIDTH, ARABIC]))
    values = [Decimal(unit).scaleb(-decimals) for unit in units]
    cores = [notation.written(abs(value), decimals) for value in values]

    def cell(value: Decimal, core: str, others: tuple[Decimal, ...]) -> Cell:
        text = beside.format(core.translate(digits))
        others = tuple(other.copy_sign(value) for other in others)
        if value >= 0:
            return Cell(text, value, others, typed=float(value))
        return Cell(sign.format(text), value, others, aloud=sign in ("({})", "{}-"), typed=float(value))

    cells = list(map(cell, values, cores, _otherwise(cores, notation)))
    kind = f"numbers like {beside.format(cores[0])!r}"
    return _with_oddities(draw, Column(kind, cells), _odd_numbers(beside, notation))


def _otherwise(cores: Sequence[str], notation: Notation) -> list[tuple[Decimal, ...]]:
    """What numbers mean where their mark is taken for the other one, if that is possible of every one of them."""
    if not all(re.fullmatch(r"[0-9]+|[1-9][0-9]{0,2}[.,][0-9]{3}", core) for core in cores):
        return [()] * len(cores)
    return [(Decimal(re.sub("[.,]", "" if notation.point in core else ".", core)),) for core in cores]


def _odd_numbers(beside: str, notation: Notation) -> st.SearchStrategy[Callable[[Cell], Cell]]:
    """What stands in a few cells of a column of numbers."""
    odd: list[Callable[[Cell], Cell]] = [
        lambda cell: replace(cell, written=f"  {cell.written} "),
        lambda cell: replace(cell, written=f"\u00a0{cell.written}"),
        *(lambda _, gap=gap: Cell(gap, None) for gap in GAPS_AMONG_NUMBERS),
        *(lambda _, text=text: Cell(text, None, aloud=True) for text in INFINITIES),
    ]
    if beside == "{}":
        odd += [
            *(_in_text(f"{{}}{mark}", notation) for mark in ("*", "†", " *")),
            *(_in_text(f"{sign}{{}}", notation, aloud=True) for sign in ("<", "> ", "≤")),
        ]
    return st.sampled_from(odd)


def _in_text(pattern: str, notation: Notation, *, aloud: bool = False) -> Callable[[Cell], Cell]:
    """A number with something beside it. In Excel and JSON such a cell alone is text, and the numbers around it do not
    tell what a mark in it means."""

    def with_beside(cell: Cell) -> Cell:
        (others,) = _otherwise([re.sub("[^0-9.,]", "", cell.written)], notation)
        signed = tuple(other.copy_sign(cell.truth) for other in others) if isinstance(cell.truth, Decimal) else ()
        return replace(cell, written=pattern.format(cell.written), typed=None, others=signed, aloud=aloud or cell.aloud)

    return with_beside


@st.composite
def whole_numbers(draw: Draw, rows: int) -> Column:
    """Counts and keys, also beyond what 24 or 53 bits hold."""
    first = draw(st.sampled_from([0, 2**24 - 2, 2**31 - 2, 2**53 - 2, 10**18]))
    steps = draw(st.lists(st.integers(0, 200), **_of(rows), unique=True))
    cells = [_whole(first + step) for step in steps]
    return _with_oddities(draw, Column(f"whole numbers from {first}", cells), _gaps(GAPS_AMONG_NUMBERS))


def _whole(number: int) -> Cell:
    return Cell(str(number), Decimal(number), typed=number)


@st.composite
def long_decimals(draw: Draw, rows: int) -> Column:
    """Amounts of more digits than a float keeps, and whole numbers beside decimals."""
    first = draw(st.sampled_from([2**24, 10**12, 2**53 - 2, 10**17]))
    halves = draw(st.lists(st.integers(0, 200), **_of(rows), unique=True))
    values = [first + Decimal(half) / 2 for half in halves]
    cells = [Cell(str(value), value, typed=value) for value in values]
    return Column(f"decimals from {first}", cells)


# --- names ------------------------------------------------------------------------------------------------------------


CODES: dict[str, Sequence[Callable[[int], str]]] = {
    "leading zeros": [lambda n: f"{n:05}", lambda n: f"{n}" if n % 2 else f"0{n}"],
    "powers": [lambda n: f"{n % 100}E{n // 100}", lambda n: f"{n}e{n % 3}"],
    "many digits": [lambda n: str(10**21 + n), lambda n: str(10**16 + n), lambda n: str(10**19 + n)],
    "letters": [lambda n: f"A{n}", lambda n: f"{n}{'XY'[n % 2]}", lambda n: f"K-{n:04}", lambda n: f"1.{n}.2"],
}


@st.composite
def codes(draw: Draw, rows: int, kind: str) -> Column:
    """Digits that are a name."""
    numbered = draw(st.lists(st.integers(0, 9_999), **_of(rows), unique=True))
    texts = list(map(draw(st.sampled_from(CODES[kind])), numbered))
    return _with_oddities(draw, Column("codes", [Cell(text, text) for text in texts]), _gaps(("", "NA", "n/a")))


def _codes(kind: str, rows: int, _: Notation) -> st.SearchStrategy[Column]:
    return codes(rows, kind)


@st.composite
def rounded_codes(draw: Draw, rows: int) -> Column:
    """What Excel leaves of long identifiers."""
    starts = draw(st.lists(st.integers(10, 99), **_of(rows)))
    texts = [f"{start / 10:.1f}E+{15 + start % 3}" for start in starts]
    return Column("rounded codes", [Cell(text, Decimal(text), aloud=True) for text in texts])


WORDS = (
    *("red", "blue", "Käse", "Brötchen", "Genève", "São Paulo", "Málaga", "smörgås", "Œuvre", "Łódź", "Москва", "東京"),
    *('say "hi"', "a;b", "a,b", "a|b", "two\nlines", "tab\there", "O'Brien", " padded", '"quoted"', "5 red", "#red"),
    *("1/2 cup", "a,b;c", "x y z", "50-60", "=red", "+red", "@red", "<b>", "N", "inside-out", "Mai", "true", "yes"),
)


@st.composite
def categories(draw: Draw, rows: int) -> Column:
    """A few words, again and again."""
    levels = draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=5, unique=True))
    texts = draw(st.lists(st.sampled_from(levels), **_of(rows)))
    cells = [Cell(text, text) for text in texts]
    if not any(map(_is_word, texts)):
        cells[0] = Cell("red", "red")
    return _with_oddities(draw, Column("categories", cells), _gaps(GAPS))


def _is_word(text: str) -> bool:
    return text.isalpha() and text not in ("true", "Mai")


@st.composite
def spellings(draw: Draw, rows: int) -> Column:
    """One word, spelt in several ways."""
    word = draw(st.sampled_from(["yes", "straße", "north west"]))
    ways = [word, word.capitalize(), word.upper(), f"{word} ", f" {word}", "other"]
    texts = draw(st.lists(st.sampled_from(ways), **_of(rows)))
    several = len({*texts} - {"other"}) > 1
    return Column("spellings", [Cell(text, text, aloud=several) for text in texts])


@st.composite
def truths(draw: Draw, rows: int) -> Column:
    """True and false, in words."""
    ways = draw(st.sampled_from([("true", "false"), ("True", "False"), ("yes", "no"), ("J", "N"), ("WAHR", "FALSCH")]))
    texts = draw(st.lists(st.sampled_from(ways), **_of(rows)))
    return _with_oddities(draw, Column("truths", [Cell(text, text) for text in texts]), _gaps(("", "NA")))


# --- dates ------------------------------------------------------------------------------------------------------------

MONTHS = {
    "English": "January February March April May June July August September October November December",
    "short English": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "German": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "short German": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sep. Okt. Nov. Dez.",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "short French": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
    "Polish": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "Swedish": "januari februari mars april maj juni juli augusti september oktober november december",
}
NAMED = ("{day} {name} {year}", "{day}. {name} {year}", "{day:02}-{name}-{year}", "{name} {day}, {year}")
FIGURES = (
    *("{year}-{month:02}-{day:02}", "{day:02}.{month:02}.{year}", "{day}.{month}.{year}", "{year}/{month:02}/{day:02}"),
    *("{day:02}.{month:02}.{short:02}", "{year}.{month:02}.{day:02}", "{year}年{month}月{day}日"),
)
SLASHED = (
    *("{day:02}/{month:02}/{year}", "{month:02}/{day:02}/{year}", "{month}/{day}/{year}", "{day:02}-{month:02}-{year}"),
    *("{month:02}/{day:02}/{short:02}", "{day:02}/{month:02}/{short:02}"),
)
TIMES = ("", " {hour:02}:{minute:02}", " {hour:02}:{minute:02}:{second:02}", " {twelve}:{minute:02} {half}")
NONE = {"{year}-{month:02}-{day:02}": "0000-00-00", "{day:02}.{month:02}.{year}": "00.00.0000"}
ENDLESS = {
    "{year}-{month:02}-{day:02}": "9999-12-31",
    "{day:02}.{month:02}.{year}": "31.12.9999",
    "{month:02}/{day:02}/{year}": "12/31/9999",
}


def _moments(rows: int) -> st.SearchStrategy[list[datetime]]:
    one = st.datetimes(datetime(1972, 1, 1), datetime(2050, 12, 28)).map(lambda moment: moment.replace(microsecond=0))
    return st.lists(one, **_of(rows), unique=True)


def _parts(moment: datetime) -> dict[str, Any]:
    return {
        **{part: getattr(moment, part) for part in ("year", "month", "day", "hour", "minute", "second")},
        "short": moment.year % 100,
        "twelve": (moment.hour - 1) % 12 + 1,
        "half": "AM" if moment.hour < 12 else "PM",
    }


@st.composite
def dates(draw: Draw, rows: int, written: Sequence[str]) -> Column:
    """Days and moments in figures."""
    day, time = draw(st.sampled_from([*product(written, TIMES)]))
    moments = [_cut(moment, time) for moment in draw(_moments(rows))]
    if written is SLASHED and draw(st.booleans()):
        moments = [moment.replace(day=(moment.day - 1) % 12 + 1) for moment in moments]
    swaps = [_day_and_month_swapped(moment) for moment in moments]
    both = written is SLASHED and None not in swaps
    cells = [
        Cell((day + time).format(**_parts(moment)), moment, (swapped,) if both else (), typed=_of_excel(moment))
        for moment, swapped in zip(moments, swaps, strict=True)
    ]
    odd = [Cell(gap, None) for gap in GAPS_AMONG_NUMBERS]
    if not time and day in NONE:
        odd += [Cell(NONE[day], None)] * 3
    if not time and day in ENDLESS:
        odd += [Cell(ENDLESS[day], None, aloud=True)] * 3
    return _with_oddities(
        draw, Column(f"dates like {cells[0].written!r}", cells), st.sampled_from([_to(o) for o in odd])
    )


def _cut(moment: datetime, time: str) -> datetime:
    """What is left of a moment where only so much is written."""
    kept = {part: 0 for part in ("hour", "minute", "second") if f"{{{part}" not in time}
    return moment.replace(**kept | ({"hour": moment.hour} if "{twelve" in time else {}))


def _day_and_month_swapped(moment: datetime) -> datetime | None:
    return moment.replace(month=moment.day, day=moment.month) if moment.day <= 12 else None


def _of_excel(moment: datetime) -> float:
    return (moment - EXCEL_ZERO) / timedelta(days=1)


@st.composite
def midnights(draw: Draw, rows: int) -> Column:
    """Quarters of an hour, of which 24:00 is the last of a day."""
    quarters = draw(st.lists(st.integers(1, 96), **_of(rows)))
    written = draw(st.sampled_from(["2021-03-{:02}", "{:02}.03.2021", "03/{:02}/2021"]))
    zero = "T" if written.startswith("2021") and draw(st.booleans()) else " "
    cells = []
    for place, quarter in enumerate(quarters):
        day = place % 15 + 14
        text = f"{written.format(day)}{zero}{quarter // 4:02}:{quarter % 4 * 15:02}"
        cells.append(Cell(text, datetime(2021, 3, day) + timedelta(minutes=15 * quarter)))
    return Column("midnights", cells)


@st.composite
def named_months(draw: Draw, rows: int) -> Column:
    """Days whose month is a word."""
    language, written = draw(st.sampled_from([*product(MONTHS, NAMED)]))
    names = MONTHS[language].split()
    days = [_cut(moment, "") for moment in draw(_moments(rows))]
    texts = [written.format(**_parts(day), name=names[day.month - 1]) for day in days]
    cells = [Cell(text, day) for text, day in zip(texts, days, strict=True)]
    return _with_oddities(draw, Column(f"dates like {texts[0]!r}", cells), _gaps(GAPS))


@st.composite
def parts_of_years(draw: Draw, rows: int) -> Column:
    """Months, quarters and weeks."""
    days = [_cut(moment, "") for moment in draw(_moments(rows))]
    kind = draw(st.sampled_from([*PARTS]))
    cells = [PARTS[kind](day) for day in days]
    if not all(cell.others for cell in cells):
        cells = [replace(cell, others=()) for cell in cells]
    return Column(f"{kind} like {cells[0].written!r}", cells)


def _month(written: str) -> Callable[[datetime], Cell]:
    names = MONTHS["short English"].split()
    return lambda day: Cell(written.format(**_parts(day), name=names[day.month - 1]), day.replace(day=1))


def _quarter(written: str) -> Callable[[datetime], Cell]:
    def cell(day: datetime) -> Cell:
        quarter = (day.month + 2) // 3
        return Cell(written.format(year=day.year, quarter=quarter), day.replace(month=3 * quarter - 2, day=1))

    return cell


def _quarter_or_month(day: datetime) -> Cell:
    cell = _quarter("{quarter}-{year}")(day)
    return replace(cell, others=(day.replace(month=(day.month + 2) // 3, day=1),))


def _month_or_quarter(day: datetime) -> Cell:
    first = day.replace(day=1)
    return Cell(
        f"{day.month}-{day.year}", first, (day.replace(month=3 * day.month - 2, day=1),) if day.month < 5 else ()
    )


def _week(written: str) -> Callable[[datetime], Cell]:
    def cell(day: datetime) -> Cell:
        year, week, _ = day.isocalendar()
        return Cell(written.format(year=year, week=week), datetime.fromisocalendar(year, week, 1))

    return cell


PARTS: dict[str, Callable[[datetime], Cell]] = {
    "Jan-90": _month("{name}-{short:02}"),
    "Jan 1990": _month("{name} {year}"),
    "1990-01": _month("{year}-{month:02}"),
    "01/1990": _month("{month:02}/{year}"),
    "01.1990": _month("{month:02}.{year}"),
    "1-1990": _month_or_quarter,
    "2015Q1": _quarter("{year}Q{quarter}"),
    "2015-Q1": _quarter("{year}-Q{quarter}"),
    "Q1 2015": _quarter("Q{quarter} {year}"),
    "1-2015": _quarter_or_month,
    "2015-W05": _week("{year}-W{week:02}"),
    "KW 5/2015": _week("KW {week}/{year}"),
}


@st.composite
def counted_dates(draw: Draw, rows: int) -> Column:
    """Numbers that are dates, in a column that says so by its name."""
    moments = draw(
        st.lists(
            st.datetimes(datetime(2002, 1, 1), datetime(2032, 12, 31)).map(lambda one: one.replace(microsecond=0)),
            **_of(rows),
            unique_by=datetime.date,
        )
    )
    kind = draw(st.sampled_from(["seconds", "milliseconds", "days", "figures"]))
    cells = [_counted(kind, moment) for moment in moments]
    return Column(f"dates in {kind}", cells, {"days": "Datum"}.get(kind, "timestamp"))


def _counted(kind: str, moment: datetime) -> Cell:
    if kind == "days":
        day = moment.replace(hour=0, minute=0, second=0)
        return Cell(str((day - EXCEL_ZERO).days), day, aloud=True)
    if kind == "figures":
        return Cell(f"{moment:%Y%m%d}", moment.replace(hour=0, minute=0, second=0), aloud=True)
    seconds = int(moment.replace(tzinfo=UTC).timestamp())
    return Cell(str(seconds * (1000 if kind == "milliseconds" else 1)), moment, aloud=True)


# --- any --------------------------------------------------------------------------------------------------------------


def _of(rows: int) -> dict[str, int]:
    return {"min_size": rows, "max_size": rows}


def _to(cell: Cell) -> Callable[[Cell], Cell]:
    return lambda _: cell


def _gaps(marks: Sequence[str]) -> st.SearchStrategy[Callable[[Cell], Cell]]:
    return st.sampled_from([_to(Cell(mark, None, (mark,) if mark in "-–—--?" and mark else ())) for mark in marks])


def _with_oddities(draw: Draw, column: Column, odd: st.SearchStrategy[Callable[[Cell], Cell]]) -> Column:
    """The column with something else in a few of its cells."""
    rows = len(column.cells)
    places = draw(st.lists(st.integers(0, rows - 1), max_size=rows // 12, unique=True))
    cells = [*column.cells]
    for place in places:
        cells[place] = draw(odd)(cells[place])
    return replace(column, cells=cells)


KINDS: dict[str, Callable[[int, Notation], st.SearchStrategy[Column]]] = {
    "plain numbers": lambda rows, notation: numbers(rows, notation, BESIDE[:1]),
    "numbers with a unit": lambda rows, notation: numbers(rows, notation, BESIDE[1:]),
    "accounts": lambda rows, notation: numbers(rows, notation, BESIDE[:4], ("({})", "{}-")),
    "whole numbers": lambda rows, _: whole_numbers(rows),
    "long decimals": lambda rows, notation: long_decimals(rows) if notation == PLAIN else numbers(rows, notation),
    **{f"codes: {kind}": partial(_codes, kind) for kind in CODES},
    "rounded codes": lambda rows, _: rounded_codes(rows),
    "categories": lambda rows, _: categories(rows),
    "spellings": lambda rows, _: spellings(rows),
    "true and false": lambda rows, _: truths(rows),
    "dates": lambda rows, _: dates(rows, FIGURES),
    "day or month first": lambda rows, _: dates(rows, SLASHED),
    "midnights": lambda rows, _: midnights(rows),
    "months by name": lambda rows, _: named_months(rows),
    "parts of years": lambda rows, _: parts_of_years(rows),
    "counted dates": lambda rows, _: counted_dates(rows),
}


def columns(rows: int, notation: Notation) -> st.SearchStrategy[Column]:
    """A column of any kind."""
    return st.one_of(kind(rows, notation) for kind in KINDS.values())
