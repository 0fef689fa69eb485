"""Which encoding a text is in, told from its bytes.

Belongs here: the likeliest encoding, and the others in which the bytes read as words too. Does not belong here:
decoding a file (`formats.text`), or how a table is laid out in it (`dialect`). chardet is imported where it is used:
its models are heavy.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from itertools import zip_longest

BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
SAMPLE = 200_000
"""Bytes that are looked at: of a longer text, those of its lines beyond ASCII."""
LIKELIEST = (
    *("cp1252", "cp1250", "cp1251", "cp1254", "cp1253", "cp1257", "cp1255", "cp1256", "gb18030", "cp932", "cp949"),
    *("big5", "euc_jis_2004", "iso8859-2", "koi8-r", "cp866", "mac-roman", "cp850", "cp437", "cp852"),
)
"""What files are saved in that are not Unicode; of those that fit alike, the first."""
CLOSE = 0.5
"""An encoding is worth a look where chardet trusts it this share of what it trusts the best."""
TYPOGRAPHY = set("€°²³µ±§®©™×½¼¾£¥–—‘’“”„…•« »´¨·\u00a0\u00ad")
"""What cp1252 adds to texts in any language. Alone it tells nothing of others."""
WORD = re.compile(
    r"[^\s\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f\d]*[^\x00-\x7f\d\s][^\s\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f\d]*"
)
STRANGE = re.compile(r"[a-z][\u2e80-\u9fff\uac00-\ud7a3]|[\u02b0-\u02ff\ufb00-\ufb06]")
"""What bytes are in an encoding that is not theirs: ideographs behind small Latin letters, and letters that no
keyboard has."""
MANY = 10
"""A text with this many times more characters of UTF-8 than other bytes is UTF-8, damaged."""


def encoding_of(content: bytes) -> str:
    """The encoding, as a definition names it."""
    return readings_of(content)[0][0]


def readings_of(content: bytes) -> list[tuple[str, str]]:
    """The likeliest encoding, then those in which the bytes read as other words; with a word that each reads
    otherwise than the others. Unicode is certain, so nothing stands beside it."""
    if unicode := _unicode(content):
        return [(unicode, "")]
    sample = (
        content if len(content) <= SAMPLE else b"\n".join(filter(BEYOND_ASCII.search, content.splitlines()))[:SAMPLE]
    )
    if _decodes(sample, "cp1252") and TYPOGRAPHY.issuperset(re.sub(r"[\x00-\x7f]", "", sample.decode("cp1252"))):
        return [("cp1252", "")]
    texts: dict[str, str] = {}
    for name in _fitting(content, sample):
        texts.setdefault(sample.decode(name, "ignore"), name)
    if not texts:
        return [("cp1252" if _decodes(content, "cp1252") else "latin1", "")]
    return list(_with_words(texts))


def _unicode(content: bytes) -> str | None:
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf32"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf16"
    if content.startswith(codecs.BOM_UTF8):
        return "utf8"
    start = content[:1000]
    even, odd = start[::2].count(0), start[1::2].count(0)
    if max(even, odd) > len(start) / 20 and max(even, odd) > MANY * min(even, odd):
        return "utf_16_le" if odd > even else "utf_16_be"
    return "utf8" if _decodes(content, "utf8") or _is_damaged_utf8(content) else None


def _is_damaged_utf8(content: bytes) -> bool:
    text = content.decode("utf8", "replace")
    damaged = text.count("\ufffd")
    return len(text) - len(text.encode("ascii", "ignore")) > (MANY + 1) * damaged


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _fitting(content: bytes, sample: bytes) -> list[str]:
    """Encodings that chardet trusts and that make words of the bytes, the likeliest first."""
    from chardet import detect_all

    found = detect_all(
        sample, ignore_threshold=True, compat_names=False, include_encodings=LIKELIEST, no_match_encoding="cp1252"
    )
    trust = {str(one["encoding"]).replace("big5hkscs", "big5"): one["confidence"] for one in found if one["encoding"]}
    worth = [name for name, share in trust.items() if share >= CLOSE * max(trust.values())]
    close = [name for name in worth if _decodes(content, name)]
    strange = {name: _strange_words(sample.decode(name, "ignore")) for name in close if name in LIKELIEST}
    if "cp1252" not in strange and _decodes(content, "cp1252"):
        western = _strange_words(sample.decode("cp1252"))
        strange |= {"cp1252": western} if western < min(strange.values(), default=1) else {}
    least = min(strange.values(), default=0)
    return sorted((name for name, share in strange.items() if share <= least + 0.02), key=LIKELIEST.index)


def _strange_words(text: str) -> float:
    """The share of different words beyond ASCII that no language writes: signs, several scripts or capitals inside."""
    words = {*WORD.findall(text[:SAMPLE])}
    return sum(not _is_word(word) for word in words) / max(len(words), 1)


def _is_word(word: str) -> bool:
    word = word.strip("".join(TYPOGRAPHY))
    if not word:
        return True
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in word}
    alphabets = scripts & {"LATIN", "GREEK", "CYRILLIC", "HEBREW", "ARABIC"}
    if STRANGE.search(word):
        return False
    return word.isalpha() and len(alphabets) < 2 and word in (word.lower(), word.upper(), word.title())


def _with_words(texts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each encoding with the first word that it and the likeliest read differently."""
    (first, likeliest), *others = ((WORD.findall(text), name) for text, name in texts.items())
    differing = [
        next(((a, b) for a, b in zip_longest(first, words, fillvalue="") if a != b), ("", "")) for words, _ in others
    ]
    yield likeliest, differing[0][0] if differing else ""
    yield from ((name, word) for (_, word), (_, name) in zip(differing, others, strict=True))
