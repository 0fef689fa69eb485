"""Texts that repeat each other with other figures, names or words are found; texts that only share words are not."""

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.leakage import Vectors
from modeling.core.task import Settings
from modeling.problems.text import resemblance
from modeling.problems.text.task import MOST_APART, TextClassification

pytest.importorskip("transformers", reason="the extra `text` is not installed")

WORDS = np.array([f"{a}{b}{c}" for a in "bdfgkl" for b in "aeiou" for c in "mnprst"])
PROSE = "the company said on friday that it expects orders to grow in the second half of the year because of demand"


def sentences(rows: int, seed: int = 0) -> list[str]:
    """Eight to fifteen words drawn by Zipf's law from 180."""
    draw = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(WORDS) + 1)
    return [" ".join(draw.choice(WORDS, draw.integers(8, 16), p=share / share.sum())) for _ in range(rows)]


def likeness(texts: list[str]) -> Vectors:
    use_case = UseCase.model_validate(
        {
            "title": "What is said?",
            "task": "text_classification",
            "source": {"files": {"path": "*.csv"}, "licence": "CC0", "citation": "made by the test"},
            "target": "topic",
            "columns": {"text": ["text"]},
        }
    )
    found = TextClassification(Settings()).likeness(pl.DataFrame({"text": texts}), use_case)
    assert isinstance(found, Vectors)
    return found


def distances(found: Vectors) -> np.ndarray:
    """Between every two rows; infinite to itself."""
    apart = 1 - found.values @ found.values.T
    np.fill_diagonal(apart, np.inf)
    return apart


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Profit rose to EUR 3.4 mn in 2009.", "Profit rose to USD 15.1 mn in 2010."),
        ("The order from Nokia is worth 3 million.", "The order from Deutsche Telekom is worth 12,5 million!"),
        ("The plant in Espoo opened on 3 May 2010.", "The plant in Berlin opened on 12 June 2011."),
    ],
)
def test_figures_dates_currencies_and_names_in_running_text_are_masked(one: str, other: str):
    masks = resemblance.masked([PROSE, one, other])
    assert masks[1] == masks[2]


def test_capital_letters_are_no_names_where_every_other_word_has_one():
    shares, oil = resemblance.masked(["Shares Fall As Oil Rises", "Shares Rise As Gold Falls"])
    assert shares == "shares fall as oil rises"
    assert shares != oil


def test_the_first_word_of_a_sentence_is_no_name():
    assert resemblance.masked([PROSE, "It grew. Sales fell."])[1] == "it grew sales fell"


def test_planted_twins_are_found_and_texts_of_the_same_words_are_not():
    texts = sentences(600)
    copies = [text.replace(text.split()[3], "other", 1) + " 17" for text in texts[:40] if len(text.split()) > 11]
    found = likeness(texts + copies)
    near = distances(found) <= found.within
    assert 0 < found.within <= MOST_APART
    assert len(copies) > 15
    assert near[600:, :600].any(axis=1).mean() > 0.9
    assert near[40:600, :600].any(axis=1).mean() < 0.005


def test_among_texts_that_all_follow_one_template_only_equal_ones_are_twins():
    draw = np.random.default_rng(0)
    texts = [f"{PROSE} {PROSE.replace('orders', 'prices')} {draw.choice(WORDS)} {PROSE}" for _ in range(200)]
    assert likeness([*texts, *sentences(100)]).within < 0.01


def test_a_text_without_a_word_has_no_twin():
    values = resemblance.vectors(["", "?!", "a word", "another word"])
    assert np.isnan(values[:2]).all()
    assert np.isfinite(values[2:]).all()


def test_cosines_of_vectors_are_those_of_shingles():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = sentences(150)
    exact = TfidfVectorizer(ngram_range=(1, 3), binary=True, token_pattern=r"\S+").fit_transform(texts)
    vectors = resemblance.vectors(texts)
    error = (vectors @ vectors.T) - (exact @ exact.T).toarray()
    assert np.sqrt((error**2).mean()) < 0.05
