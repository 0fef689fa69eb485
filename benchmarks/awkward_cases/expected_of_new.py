"""What a person says `sectorforge new` should make of each file, by case and file.

Belongs here: the READMEs of the cases as values, with the reading that was taken where one is open to several. Does not
belong here: what is expected of runs, deliveries and predictions (`runs`).
"""

from datetime import UTC, date, datetime
from decimal import Decimal

from benchmarks.awkward_cases.proposed import New

TIMED = {"rows": 400, "task": "regression"}


def _dates(column: str, first: object, *says: str, **more: object) -> New:
    """400 rows in the order of a time whose first value is known."""
    return New("price", time=column, cells={column: {0: first}}, says=says, **more)  # pyright: ignore[reportArgumentType]


def _letters(town: str, **more: object) -> New:
    """Of case 02: names with umlauts, a town, a line break in a field."""
    note = more.pop("note", "Zeile eins\n zwei 0")
    cells = {"Stadt": {0: town}, "Fläche": {0: 98}, "Notiz": {0: note}}
    return New("gekündigt", task="binary_classification", positive="ja", cells=cells, **more)  # pyright: ignore[reportArgumentType]


EXPECTED: dict[str, dict[str, New]] = {
    "01": {
        "a.csv": New(
            "Umsatz",
            time="Datum",
            cells={
                "Umsatz": {1: 1251.38},
                "Listenpreis": {0: 403.93},
                "Rabatt": {1: 27.9},
                "Datum": {0: date(2021, 1, 4)},
                "Fläche m²": {0: 98},
            },
        ),
        "b.csv": New("revenue", cells={"revenue": {1: 1251.38}, "list_price": {0: 403.93}}),
        "c.csv": New("revenue", cells={"revenue": {1: 125137.98}, "list_price": {0: 40392.54}}),
        "d.csv": New("revenue", cells={"revenue": {1: 1251379.82}, "list_price": {0: 403925.38}}),
        "f.csv": New("revenue", cells={"discount": {0: 14.0}, "list_price": {0: 403.93}}),
        "fullwidth.csv": New("price", cells={"reading": {0: 50}}),
        "g.csv": New("revenue", cells={"weight": {0: 1.913}}, says=("'weight'", "thousands")),
        "inf.csv": New("price", cells={"reading": {1: 0.299}}, says=("infinite",)),
        "unit.csv": New("price", cells={"reading": {0: 50.0}}),
    },
    "02": {
        "be.csv": _letters("Köln"),
        "bom8.csv": _letters("Köln"),
        "cp1250.csv": _letters("Łódź"),
        "cp1252.csv": _letters("Köln"),
        "cr.csv": _letters("Köln", note="Zeile eins  zwei 0"),
        "le.txt": _letters("Köln"),
        "mixed.csv": _letters("Köln", note="Zeile eins\r\n zwei 0"),
        "nobom.csv": _letters("Köln"),
    },
    "03": {
        "a.csv": New(
            "churned",
            identifier="account",
            cells={"account": {0: "00013966"}, "zip": {0: "02614"}, "region_code": {0: "01"}},
        ),
        "b.jsonl": New(
            "churned",
            identifier="account",
            cells={"account": {0: "00013966"}, "zip": {0: "02614"}, "region_code": {0: "01"}},
        ),
    },
    # Beyond 2^53 a number is a name: as a feature it would lose digits.
    "04": {
        "a.csv": New("spam", identifier="tweet", cells={"tweet": {0: 1234567890123456790}}),
        "b.csv": New("spam", identifier="tweet", cells={"tweet": {1: "1234567890123456794001"}}),
        "c.csv": New("spam", says=("'account'", "1.23457E+15")),
        "e.jsonl": New("spam", identifier="tweet", cells={"tweet": {0: 1234567890123456790}}),
    },
    "05": {
        "9999.csv": New(
            "price",
            time="begun",
            cells={"begun": {0: date(2021, 1, 4)}, "valid_to": {0: date(2022, 2, 8), 1: None}},
            says=("31.12.9999",),
        ),
        "amb.csv": _dates("when", date(2020, 1, 1), "'when'", "%m/%d/%Y"),
        "amb2.csv": _dates("when", date(2023, 3, 1), rows=60),
        "ampm.csv": New("price", time="when", cells={"when": {2: datetime(2021, 1, 4, 14, 0)}}),
        "compact.csv": _dates("date", date(2021, 1, 4)),
        "epoch.csv": New("price", time="timestamp", cells={"timestamp": {0: datetime(2021, 1, 4)}}),
        "epochms.csv": New("price", time="ts", cells={"ts": {0: datetime(2021, 1, 4)}}),
        "german.csv": _dates("Datum", date(2021, 1, 4)),
        "sap.csv": _dates("Datum", date(2021, 1, 4), "'Datum' is empty in 20 rows"),
        "serial.csv": _dates("date", datetime(2021, 1, 4)),
        "tz.csv": _dates("when", datetime(2021, 3, 25, 23, tzinfo=UTC)),
        "us.csv": New("price", time="when", cells={"when": {1: date(2021, 1, 6)}}),
    },
    "06": {
        "local.csv": New("load_mw", refused=("2021-10-31 02:00:00", "more than once", "offset")),
        "offset.csv": New("load_mw", rows=1200, task="forecasting", time="moment"),
        "utc.csv": New("load_mw", rows=1200, task="forecasting", time="moment"),
    },
    "07": {
        "dup.csv": New("sold", rows=16800, says=("more than once", "'i100'", "20 series")),
        "eom.csv": New("sold", rows=140, task="forecasting", time="month_end"),
        "short.csv": New("sold", rows=1329, task="forecasting", time="day", says=("'s11' (9)", "missing")),
        "workdays.csv": New("sold", rows=214, task="forecasting", time="day", says=("Saturday, Sunday",)),
    },
    # A name stays as it stands in the file, with its spaces.
    "08": {
        "case.csv": New("outcome", says=("differ only in case or spaces", "'YES ' (35)")),
        "cn.csv": New("outcome", task="binary_classification", positive="是"),
        "emoji.csv": New("outcome", task="multiclass_classification", cells={"outcome": {0: "👍", 2: "متوسط"}}),
        "five.csv": New("outcome", task="multiclass_classification", says=("5 whole numbers", "--task regression")),
        "float.csv": New("outcome", task="binary_classification", says=("empty in 24 of 400",)),
        "neg.csv": New("outcome", task="binary_classification"),
        "space.csv": New(
            "Diabetes ", task="binary_classification", cells={"response, coronary": {0: 0.678}, " age": {0: 27}}
        ),
        "text_num.csv": New("outcome", task="regression", cells={"outcome": {0: None, 1: 0.17}}, says=("8 of 400",)),
        "tf.csv": New("outcome", task="binary_classification"),
        "words.csv": New("outcome", task="multiclass_classification", cells={"outcome": {2: "Car Loan (used)"}}),
        "yn.csv": New("outcome", task="binary_classification", positive="Y", says=("empty in 24 of 400",)),
    },
    "09": {
        "five.csv": New("kind", rows=2000, task="binary_classification", says=("can't be judged", "'1' (5)")),
        "leak_plain.csv": New("kind", rows=600, left_out=("booked_later",)),
        "leak_rare.csv": New("kind", refused=("'violet' (2)",)),
        "many.csv": New("kind", refused=("300 different values",)),
        "one.csv": New("kind", refused=("'1' (1)", "20 to be judged")),
    },
    "10": {
        "big_ids.xlsx": New("price", identifier="card", cells={"card": {1: 4000000000000007}, "zip": {0: "00500"}}),
        "d1904.xlsx": New("Revenue", time="Date", cells={"Date": {0: date(2021, 1, 4)}}),
        "hiddenrows.xlsx": New("Revenue", time="Date", says=("100 rows hidden",)),
        "merged.xlsx": New("Revenue", cells={"Area": {0: 49}, "Number": {0: "A0000"}}, says=("above the header",)),
        "mixed.xlsx": New(
            "price", cells={"size": {0: None, 1: 0.2987455375084699}, "ok": {0: True}, "grade": {0: "1"}}
        ),
        "months.xlsx": New("Revenue", rows=360, time="Date", cells={"Order": {359: "A0359"}}),
        "percent.xlsx": New(
            "Revenue",
            cells={"Discount": {1: 0.03}, "Ratio": {0: None}, "Text number": {1: 3.0}},
            says=("2 blank rows",),
        ),
        "textdates.xlsx": New("revenue", time="day", cells={"day": {0: date(2021, 1, 4), 1: date(2021, 1, 5)}}),
        "title.xlsx": New("Revenue", cells={"Order": {399: "A0399"}}, says=("above the header", "'Total'")),
        "words_among_numbers.xlsx": New("price", cells={"size": {0: None}}, says=("about 900", "12 kg")),
    },
    "13": {
        "blank.csv": New("price", cells={"area": {1: 75}}, says=("8 blank rows",)),
        "breaks.csv": New("price", cells={"note\n(free)": {0: 'line one\nline "two" 0\n'}}),
        "comments.csv": New("price", cells={"area": {0: 49}}, says=("2 lines above the header",)),
        "cut.csv": New("price", refused=("line 489", "again")),
        "dupnames.csv": New("price", cells={"area": {0: 49}, "area_2": {0: "note 0"}}, says=("'area' is 'area_2'",)),
        "inch.csv": New("price", cells={"note": {2: 'pipe 2" long'}}),
        "long.csv": New("price", refused=("line 101 has 5 fields", "quotation marks")),
        "nul.csv": New("price", cells={"area": {0: 49}}, says=("NUL bytes",)),
        "short.csv": New("price", refused=("line 12 has 3 fields",)),
        "trail.csv": New("price", cells={"price": {0: 5.55}}, says=("without name",)),
    },
    "14": {
        "array.json": New("price", identifier="order", cells={"area": {0: 49}}),
        "decimal.parquet": New(
            "amount", task="regression", cells={"fee": {0: Decimal("1.50")}}, silent_on=("left out",)
        ),
        "mixed.jsonl": New("price", cells={"area": {0: "49 m2", 1: "75"}}, says=("'area'", "read as text")),
        "nan.parquet": New("price", says=("infinite",)),
        "nested.jsonl": New("price", left_out=("size",), says=("'size'", "take it apart")),
        "pandas.parquet": New("price", identifier="__index_level_0__"),
        "types.parquet": New(
            "price",
            time="when",
            cells={"huge": {0: 2**63}},
            left_out=("took", "at", "raw"),
            says=("'took'", "'at'", "'raw'", "take it apart"),
        ),
        "wrapped.json": New("price", cells={"area": {0: 49}}, says=("'data'",)),
    },
    "15": {
        "empty.csv": New("price", left_out=("const", "none"), says=("'const'", "'none'")),
        "ids.csv": New("price", refused=("'order'", "'uuid'")),
        "onecol.csv": New("price", refused=("no column beside the target",)),
        "texts.csv": New("price", refused=("'name'",)),
        "tiny.csv": New("bought", refused=("30 rows", "50 are needed")),
        "tiny60.csv": New("bought", rows=60, task="binary_classification"),
    },
    # 99.5 % of one value: a refusal that names the rare ones says as much as a doubt.
    "16": {
        "const99.csv": New("amount", refused=("'8' (2)",)),
        "count.csv": New("accidents", task="regression", says=("counts",)),
        "date.csv": New("ends", refused=("is Date", "derive")),
        "heavy.csv": New("amount", task="regression", says=("1000000000", "far smaller")),
        "negative.csv": New("amount", task="regression"),
        "year.csv": New("year_built", task="regression", says=("years",)),
    },
    "21": {
        "table.csv": New(
            "returned 🙂",
            cells={"brand": {0: "🍎 apple", 1: "موز", 2: "\u202egnp.exe"}, "id": {0: "=ID0"}},
            left_out=("comment",),
            says=("'comment'",),
        ),
        "text.csv": New("mood", refused=("'review' (sentences: the task text_classification reads them)",)),
    },
    # `^…$` is the one name that can't stay: polars takes it for a pattern. It is renamed aloud.
    "22": {
        "names.csv": New("order by", cells={"*": {0: 0.060}, 'say "hi"': {0: -0.891}}, says=("'^a.*$' is 'a.*'",)),
        "no_star.csv": New("order by", cells={'say "hi"': {0: -0.891}, "<b>bold</b>": {0: -0.455}}),
        "plain.csv": New("order by", cells={'say "hi"': {0: -0.891}, "<b>bold</b>": {0: -0.455}}),
    },
}
