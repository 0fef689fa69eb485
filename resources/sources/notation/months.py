"""The names of the months.

Belongs here: the names, and putting English ones in their place. Does not belong here: reading dates (`dates`).

Source: Unicode CLDR 47 by Babel, Unicode License v3: format and stand-alone names, wide and abbreviated, of English,
German, French, Spanish, Italian, Portuguese, Dutch, Polish, Swedish, Danish, Norwegian and Czech. No name stands for
two months. `mrz` is Excel's.
"""

import re
import unicodedata

import polars as pl

NAMES = {
    "Jan": "january jan januar janvier janv enero ene gennaio gen janeiro januari stycznia sty styczeń ledna led leden",
    "Feb": "february feb februar février févr febrero febbraio fevereiro fev februari lutego lut luty února úno únor",
    "Mar": "march mar märz mär mrz mars marzo março maart mrt marca marzec marts března bře březen",
    "Apr": "april apr avril avr abril abr aprile kwietnia kwi kwiecień dubna dub duben",
    "May": "may mai mayo maggio mag maio mei maja maj května kvě květen",
    "Jun": "june jun juni juin junio giugno giu junho czerwca cze czerwiec června čvn červen",
    "Jul": "july jul juli juillet juil julio luglio lug julho lipca lip lipiec července čvc červenec",
    "Aug": "august aug août agosto ago augustus sierpnia sie sierpień augusti srpna srp srpen",
    "Sep": "september sep sept septembre septiembre settembre set setembro września wrz wrzesień září zář",
    "Oct": "october oct oktober okt octobre octubre ottobre ott outubro out października paź październik října říj "
    "říjen",
    "Nov": "november nov novembre noviembre novembro listopada lis listopad listopadu",
    "Dec": "december dec dezember dez décembre déc diciembre dic dicembre dezembro grudnia gru grudzień desember des "
    "prosince pro prosinec",
}
ORDINALS = "st|nd|rd|th|er|º|ª"
"""What follows the number of a day: 4th, 1er, 1º."""


def _plain(name: str) -> str:
    """In small letters without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(sign))


_ENGLISH = {_plain(name): english for english, names in NAMES.items() for name in names.split()}


def in_english(text: pl.Series) -> pl.Series:
    """Names of months as `Jan` to `Dec`, without the point that ends an abbreviation; days without their ordinal."""
    words = text.str.extract_all(r"\p{L}+").explode().drop_nulls().unique()
    months = {f"<{word}>": english for word in words if (english := _ENGLISH.get(_plain(word)))}
    marked = text.str.replace_all(r"(\p{L}+)", "<$1>").str.replace_many(months)
    short = marked.str.replace_all(r"(\p{L})\.([ -]|$)", "$1$2").str.replace_all(rf"(\d)<({ORDINALS})>", "$1")
    return short.str.replace_all("[<>]", "")


def without_points(written: str) -> str:
    """A format for text from `in_english`."""
    return re.sub(r"(%[bB])\.(?=[ -]|$)", r"\1", written)
