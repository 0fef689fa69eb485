"""Which encoding a small CSV file is taken for: `encoding.encoding_of` beside chardet and charset-normalizer.

`python -m benchmarks.encodings`. Belongs here: files as people save them, and counting right verdicts. A verdict is
right when the file, read so, says what was written.
"""

import codecs
from collections.abc import Callable, Iterator

from chardet import detect
from charset_normalizer import from_bytes

from resources.sources.encoding import LIKELIEST, encoding_of, readings_of

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
OTHERS = {
    "cp1252": (
        "name,v\nKäse,2\n",
        "sensor,temp\na,21 °C\nb,22 °C\n",
        "item,price\npen,€ 2\nbook,€ 12\n",
        "a,b\nx – y,1\n“quoted”,2\n",
        "name;preis\nKäse;2,50\nBrötchen;1,20\nMüsli;3,10\n",
        "prénom,ville\nÉloïse,Orléans\nFrançois,Besançon\nZoé,Nîmes\n",
        "nombre,ciudad\nJosé,Málaga\nMuñoz,A Coruña\n",
        "namn,ort\nÅsa,Malmö\nÖrjan,Göteborg\n",
        "ort;preis\n" + "München;2,50\nKöln;1,20\nDüsseldorf;3,10\n" * 100,
    ),
    "cp1250": (
        "miasto;v\nŁódź;1\nKraków;2\n",
        "miasto;v\nŁódź;1\nGdańsk;2\nŚwięciany;3\nPoznań;4\n",
        "jméno,obec\nŽofie,Plzeň\nJiří,Třebíč\nŠárka,Děčín\n",
        "név,város\nÁrpád,Győr\nŐze,Székesfehérvár\n",
        "miasto;v\n" + "Łódź;1\nGdańsk;2\nŚwidnica;3\n" * 200,
    ),
    "iso8859_2": ("miasto;v\nŁódź;1\nGdańsk;2\nŚwięciany;3\nPoznań;4\n",),
    "cp1251": (
        "город;v\nМосква;1\n",
        "имя;город\nИван;Москва\nОльга;Санкт-Петербург\nПётр;Новосибирск\n",
        "a;b\n1;да\n2;нет\n",
        "город;v\n" + "Москва;1\nКазань;2\n" * 200,
    ),
    "koi8_r": ("имя;город\nИван;Москва\nОльга;Санкт-Петербург\n",),
    "cp866": ("имя;город\nИван;Москва\nОльга;Санкт-Петербург\n",),
    "cp1253": ("όνομα;πόλη\nΓιώργος;Αθήνα\nΜαρία;Θεσσαλονίκη\n",),
    "cp1254": ("isim;şehir\nAyşe;İstanbul\nÇağrı;Eskişehir\n",),
    "shift_jis": ("名前,都市\n田中,東京\n鈴木,大阪\n", "商品,値段\nりんご,120\nバナナ,80\n", "a,b\n1,はい\n2,いいえ\n"),
    "euc_jp": ("名前,都市\n田中,東京\n鈴木,大阪\n",),
    "cp949": ("이름,도시\n김철수,서울\n이영희,부산\n",),
    "big5": ("姓名,城市\n王小明,台北\n李大同,高雄\n",),
    "gb18030": (
        "a,b\n1,是\n2,否\n3,是\n",
        "名称,值\n中国人民的价格,2\n",
        "股票代码,股票简称\n600000,浦发银行\n600519,贵州茅台\n",
    ),
    "mac_roman": (
        "name;preis\nKäse;2,50\nBrötchen;1,20\nMüsli;3,10\n",
        "prénom,ville\nÉloïse,Orléans\nFrançois,Besançon\n",
    ),
    "cp437": ("name;preis\nKäse;2,50\nBrötchen;1,20\nMüsli;3,10\n",),
    "cp850": ("prénom,ville\nÉloïse,Orléans\nFrançois,Besançon\nZoé,Nîmes\n",),
    "utf_16_le": ("name;preis\nKäse;2,50\nBrötchen;1,20\nMüsli;3,10\n",),
    "utf_16_be": ("name;preis\nKäse;2,50\nBrötchen;1,20\nMüsli;3,10\n",),
    "cp1256": ("الاسم;المدينة\nمحمد;القاهرة\nفاطمة;الرياض\n",),
    "cp1255": ("שם;עיר\nדוד;ירושלים\nשרה;חיפה\n",),
}
CANDIDATES = [*LIKELIEST, "utf_8", "utf_16", "utf_16_le", "utf_16_be"]
NORMALIZER_NAMES = [codecs.lookup(name).name.replace("-", "_") for name in CANDIDATES]


def others() -> Iterator[tuple[bytes, str]]:
    """Every file in another encoding, and its text."""
    return ((text.encode(encoding), text) for encoding, texts in OTHERS.items() for text in texts)


def written() -> Iterator[tuple[bytes, str]]:
    """Every file, and its text."""
    for text in WESTERN.values():
        yield from ((text.encode(encoding), text) for encoding in ("cp1252", "utf-8", "utf-16"))
    for text in CHINESE.values():
        yield from ((text.encode(encoding), text) for encoding in ("gb18030", "utf-8", "utf-16"))


def normalizer(content: bytes, only: list[str] | None = None) -> str:
    """The verdict of charset-normalizer, among `only` these where given."""
    best = from_bytes(content, cp_isolation=only).best()
    return best.encoding if best else ""


def trusted(content: bytes) -> str:
    """The encoding that chardet trusts most among the same."""
    return str(detect(content, compat_names=False, include_encodings=CANDIDATES)["encoding"])


def right(verdict: Callable[[bytes], str]) -> str:
    """How many of the Western and Chinese files, and of the others, are read as they were written."""
    counts = [
        sum(_reads(content, verdict(content), text) for content, text in files) for files in (written(), others())
    ]
    return f"{counts[0]} of {len(list(written()))}, {counts[1]} of {len(list(others()))}"


def unsaid() -> int:
    """Files whose encoding `readings_of` does not name at all."""
    files = [*written(), *others()]
    return sum(not any(_reads(content, name, text) for name, _ in readings_of(content)) for content, text in files)


def _reads(content: bytes, encoding: str, text: str) -> bool:
    try:
        return bool(encoding) and content.decode(encoding) == text
    except UnicodeDecodeError:
        return False


if __name__ == "__main__":
    print("ours", right(encoding_of), "- neither read nor named:", unsaid())
    print("chardet", right(trusted))
    print("charset-normalizer, among all encodings", right(normalizer))
    print("charset-normalizer, among the same", right(lambda content: normalizer(content, NORMALIZER_NAMES)))
