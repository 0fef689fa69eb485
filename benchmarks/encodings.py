"""Which encoding a small CSV file is taken for: `dialect.encoding_of` beside charset-normalizer.

`python -m benchmarks.encodings`. Belongs here: files as people save them, and counting right verdicts. A verdict is
right when the file, read so, says what was written.
"""

from collections.abc import Callable, Iterator

from charset_normalizer import from_bytes

from resources.sources.dialect import encoding_of

WESTERN = {
    "a word": "name,v\nKäse,2\n",
    "a unit": "sensor,temp\na,21 °C\nb,22 °C\n",
    "a currency": "item,price\npen,€ 2\nbook,€ 12\n",
    "quotes": "a,b\nx – y,1\n“quoted”,2\n",
    "German": "name;preis\nKäse;2,50\nBrötchen;1,20\nMüsli;3,10\n",
    "French": "prénom,ville\nÉloïse,Orléans\nFrançois,Besançon\nZoé,Nîmes\n",
    "Spanish": "nombre,ciudad\nJosé,Málaga\nMuñoz,A Coruña\n",
    "Portuguese": "nome,cidade\nJoão,São Paulo\nConceição,Brasília\n",
    "Swedish": "namn,ort\nÅsa,Malmö\nÖrjan,Göteborg\n",
    "many rows": "ort;preis\n" + "München;2,50\nKöln;1,20\nDüsseldorf;3,10\n" * 1000,
}
CHINESE = {
    "yes and no": "a,b\n1,是\n2,否\n3,是\n",
    "a header": "名称,值\n中国人民的价格,2\n",
    "names": "股票代码,股票简称\n600000,浦发银行\n600519,贵州茅台\n",
    "many rows": "姓名,城市,金额\n" + "王小明,北京,12\n李雷,上海,30\n韩梅梅,广州,7\n" * 1000,
}
KNOWN = ["cp1252", "gb18030", "latin_1", "utf_8", "utf_16"]
"""The encodings that a definition can name, as charset-normalizer calls them."""


def written() -> Iterator[tuple[bytes, str]]:
    """Every file, and its text."""
    for text in WESTERN.values():
        yield from ((text.encode(encoding), text) for encoding in ("cp1252", "utf-8", "utf-16"))
    for text in CHINESE.values():
        yield from ((text.encode(encoding), text) for encoding in ("gb18030", "utf-8", "utf-16"))


def library(content: bytes, only: list[str] | None = None) -> str:
    """The verdict of charset-normalizer, among `only` these where given."""
    best = from_bytes(content, cp_isolation=only).best()
    return best.encoding if best else ""


def right(verdict: Callable[[bytes], str]) -> str:
    """How many of the files are read as they were written."""
    files = list(written())
    return f"{sum(_reads(content, verdict(content), text) for content, text in files)} of {len(files)}"


def _reads(content: bytes, encoding: str, text: str) -> bool:
    try:
        return bool(encoding) and content.decode(encoding) == text
    except UnicodeDecodeError:
        return False


if __name__ == "__main__":
    print("ours", right(encoding_of))
    print("charset-normalizer, among all encodings", right(library))
    print("charset-normalizer, among those a definition can name", right(lambda content: library(content, KNOWN)))
