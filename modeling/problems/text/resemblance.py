"""How alike texts are that differ in figures, names, or a few words.

Belongs here: masks, and vectors whose angle says how many shingles two texts share. Does not belong here: deciding
which rows are twins (`modeling.core.leakage`), or what learners read (`modeling.problems.text.texts`).
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

FIGURE, NAME = "0", "X"
"""What stands for a number, a date or an amount; for words with a capital letter inside a sentence."""
MOST_CAPITALISED = 0.25
"""Share of words inside sentences that begin with a capital letter; above it, they do not tell names from other words:
headlines, or German."""
SHINGLE, COLUMNS, WIDTH, DENSITY = 3, 2**15, 512, 0.05
"""Words of the longest shingle; hashed columns; numbers of a vector; share of them that a shingle contributes to."""
_PIECE = re.compile(r"\w+(?:['’-]\w+)*|[.!?:;]")


def masked(texts: Sequence[str]) -> list[str]:
    """Lower-case words ``[n]`` without punctuation; figures, and names where capital letters tell them, are masked."""
    taken_apart = [list(_words(text)) for text in texts]
    inside = [word[0].isupper() for words in taken_apart for word, first in words if not first and word[0].isalpha()]
    named = bool(inside) and np.mean(inside) <= MOST_CAPITALISED
    return [_joined([_mask(word, first, named) for word, first in words]) for words in taken_apart]


def _words(text: str) -> list[tuple[str, bool]]:
    """Every word, and whether it begins a sentence."""
    pieces = pairwise([".", *_PIECE.findall(text)])
    return [(piece, before in ".!?:;") for before, piece in pieces if piece[0].isalnum()]


def _mask(word: str, first: bool, named: bool) -> str:
    if any(letter.isdigit() for letter in word):
        return FIGURE
    return NAME if named and not first and word[0].isupper() else word.lower()


def _joined(words: list[str]) -> str:
    """One mask for several in a row: `EUR 3.4` and `Nokia Siemens Networks` may be of any length."""
    return " ".join(word for before, word in pairwise(["", *words]) if word not in (FIGURE, NAME) or word != before)


def vectors(texts: Sequence[str]) -> np.ndarray:
    """float32 ``[n, 512]``: cosines of two rows are, within some 0.04, those of the masked texts' shingles; NaN where a
    text has no word.

    Shingles are one to three words (Broder 1997), weighted by how rare they are (TF-IDF), projected at random
    (Achlioptas 2003).
    """
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import normalize
    from sklearn.random_projection import SparseRandomProjection

    # scikit-learn's own notes on types are narrower than what it takes.
    hashed: Any = {"n_features": COLUMNS, "ngram_range": (1, SHINGLE), "token_pattern": r"\S+", "lowercase": False}
    counted: Any = {"binary": True, "alternate_sign": False, "norm": None, "dtype": np.float32}
    projection: Any = {"n_components": WIDTH, "density": DENSITY, "dense_output": True, "random_state": 0}
    shingled = make_pipeline(
        HashingVectorizer(**hashed, **counted), TfidfTransformer(), SparseRandomProjection(**projection)
    )
    projected = np.asarray(normalize(shingled.fit_transform(masked(texts))), dtype=np.float32)
    return np.where(np.any(projected, axis=1, keepdims=True), projected, np.float32(np.nan))
