"""Texts: joined, compared and taken apart, and the learners that read them."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import FeatureError
from modeling.core.learner import FitSummary, Fitting, Learner, LearnerError, no_weights
from modeling.core.metrics import macro_f1, unweighted
from modeling.core.table import Rows, Table
from modeling.core.task import Settings
from modeling.learners import work
from modeling.problems import learners, tasks
from modeling.problems.text import language, texts
from modeling.problems.text.language import LanguageHyperparameters
from modeling.problems.text.task import TextClassification

from ... import small_data
from . import tiny_text_classification

pytest.importorskip("transformers", reason="the extra `text` is not installed")

LEARNERS = ("tfidf", "text_lightgbm", "text_encoder")


def definition(**changes: object) -> UseCase:
    return UseCase.model_validate(tiny_text_classification.CONTENT | changes).placed("shop/notes", Path("shop/notes"))


@cache
def notes() -> FeatureSet:
    use_case = definition()
    return tasks.task(use_case).prepare(small_data.validated(tiny_text_classification.frame()), use_case, None)


def fitted(name: str, **parameters: Any) -> tuple[Learner, FitSummary]:
    parameters = tiny_text_classification.CONTENT["parameters"].get(name, {}) | parameters
    learner = learners.learner(name)()
    fitting = Fitting("multiclass", 3, parameters=parameters)
    return learner, learner.fit(Rows.stacked([notes().train, notes().tune]).table, notes().valid.table, fitting)


@cache
def usual(name: str) -> tuple[Learner, FitSummary]:
    """As the tiny use case fits it."""
    return fitted(name)


def right(learner: Learner, table: Table) -> float:
    return float((learner.predict(table).argmax(1) == table.target).mean())


def with_text(values: list[str | None]) -> Table:
    table = notes().valid.table.rows(slice(0, len(values)))
    return replace(table, content=pl.DataFrame({"note": values}))


def test_several_columns_are_one_text_and_a_missing_one_is_empty():
    content = pl.DataFrame({"title": ["A", None], "body": ["b", None]}, schema_overrides={"body": pl.String})
    table = replace(notes().valid.table.rows(slice(0, 2)), content=content)
    assert texts.texts(table) == ("A\nb", "")


def test_rows_without_text_are_refused_with_what_to_write():
    with pytest.raises(FeatureError, match=r"the rows have no text, only \[\]; name it as `columns: \{text: \[…\]\}`"):
        texts.texts(replace(notes().valid.table, content=pl.DataFrame()))


def test_a_use_case_that_names_no_text_is_refused():
    with pytest.raises(FeatureError, match=r"shop/notes: no column of texts is named; write `columns: \{text: "):
        TextClassification(Settings()).occluder(definition(columns={"identifier": ["id"]}))


def test_near_twins_across_roles_are_found():
    frame = tiny_text_classification.frame()
    shouted = frame.with_columns(pl.col("note").str.to_uppercase() + "!!", id=pl.col("id") + 1000)
    use_case = definition()
    prepared = tasks.task(use_case).prepare(small_data.validated(pl.concat([frame, shouted])), use_case, None)
    near = next(point for point in prepared.datasheet.leakage if point.name == "near_duplicates_across_roles")
    assert not near.passed
    assert "near twin in an earlier role" in near.message
    assert "shingles without figures and names, cosine of 0.70 or more" in near.message


def test_words_are_the_parts_of_a_text_and_can_be_deleted():
    words = texts.WordOccluder("note")
    assert words.parts("Don't buy the RX-7!") == ["don't", "buy", "the", "rx-7"]
    assert words.without("Don't buy the RX-7!", {0, 3}).split() == ["buy", "the", "!"]
    assert words.parts(None) == []
    assert len(words.parts("again " * 500)) == texts.MOST_WORDS


def test_excerpts_fit_a_cell():
    assert texts.excerpt("two\nlines") == "two lines"
    assert len(texts.excerpt("word " * 200)) == texts.EXCERPT


@pytest.mark.parametrize("name", LEARNERS)
def test_learns_and_predicts_the_same_from_its_folder(name: str, tmp_path: Path):
    learner, _ = usual(name)
    test = notes().open_test().table
    assert right(learner, test) > 0.8
    learner.save(tmp_path)
    np.testing.assert_allclose(learners.learner(name).load(tmp_path).predict(test), learner.predict(test), atol=1e-6)
    assert not list(tmp_path.rglob("*.bin")) + list(tmp_path.rglob("*.pkl"))


def test_text_lightgbm_is_saved_as_earlier_versions_did(tmp_path: Path):
    usual("text_lightgbm")[0].save(tmp_path)
    encoder = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"lightgbm.txt", "text.json", *(f"encoder/{name}" for name in encoder)}
    assert json.loads((tmp_path / "text.json").read_text()) == {"length": 16}


@pytest.mark.parametrize("name", LEARNERS)
def test_empty_strange_and_endless_texts_have_probabilities(name: str):
    learner, _ = usual(name)
    predicted = learner.predict(with_text(["", None, "🙂 ﷽ 漢字", "parcel " * 5000]))
    assert predicted.shape == (4, 3)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_fixed_fit_repeats_the_choice_without_validation_rows(name: str):
    _, told = usual(name)
    again = learners.learner(name)()
    fitting = Fitting("multiclass", 3, parameters=told.parameters, fixed=True)
    told_again = again.fit(notes().train.table, notes().train.table.rows(slice(0, 3)), fitting)
    assert told_again.parameters == told.parameters
    assert right(again, notes().open_test().table) > 0.8


def test_temperature_makes_margins_honest_probabilities():
    learner, _ = usual("tfidf")
    valid = notes().valid.table
    of_truth = learner.predict(valid)[np.arange(len(valid)), valid.target]
    assert -np.log(of_truth).mean() < 0.3


def test_leading_words_belong_to_their_class():
    learner, _ = usual("tfidf")
    for topic, words in zip(notes().classes, learner.leading(5), strict=True):
        assert set(words) & set(tiny_text_classification.TOPICS[topic].split())


@pytest.mark.slow
@pytest.mark.parametrize("tuning", ["frozen", "lora"])
def test_an_encoder_can_stay_as_it_is_or_learn_adapters(tuning: str, tmp_path: Path):
    learner, told = fitted("text_encoder", tuning=tuning, epochs=15, learning_rate=0.01)
    assert told.parameters["tuning"] == tuning
    test = notes().open_test().table
    assert right(learner, test) > 0.6
    learner.save(tmp_path)
    loaded = learners.learner("text_encoder").load(tmp_path)
    np.testing.assert_allclose(loaded.predict(test), learner.predict(test), atol=1e-5)


def test_a_saved_folder_is_a_model_one_can_name(tmp_path: Path):
    learner, _ = usual("text_lightgbm")
    learner.save(tmp_path)
    own = {"init": "pretrained", "model": str(tmp_path / "encoder")}
    read, told = fitted("text_encoder", **own, tuning="full", layers=1, body_rate=1.0)
    assert "the last 1 layers learn" in told.notes[0]
    assert right(read, notes().open_test().table) > 0.6


@pytest.mark.parametrize("kind", language.DIVISIBLE)
def test_layers_below_and_layers_above_answer_as_the_whole_network(kind: str):
    """The reference is the network of transformers itself, undivided."""
    from transformers import AutoConfig, AutoModel

    read = texts.texts(notes().valid.table)
    chosen = LanguageHyperparameters(model="any", init="random", max_length=16)
    tokenizer = language.opened(chosen, no_weights, read, "cpu").tokenizer
    sizes = {"hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 64}
    whole = AutoModel.from_config(AutoConfig.for_model(kind, vocab_size=len(tokenizer), **sizes)).eval()
    tokens = tokenizer(list(read), truncation=True, max_length=16, padding=True, return_tensors="pt")
    states, mask = language.states(language.Encoder.of(whole, tokenizer, 16), read, 2)
    with torch.inference_mode():
        expected = whole(tokens["input_ids"], attention_mask=tokens["attention_mask"]).last_hidden_state
        above = language.layers_above(whole, 2)(inputs_embeds=states, attention_mask=mask.long()).last_hidden_state
    np.testing.assert_allclose(above[mask], expected[tokens["attention_mask"].bool()], atol=1e-5)


def test_only_the_last_layers_learn_and_a_saved_model_has_what_they_learned(tmp_path: Path):
    learner, _ = usual("text_lightgbm")
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    learner.save(tmp_path / "before")
    own = {"init": "pretrained", "model": str(tmp_path / "before" / "encoder")}
    read, _ = fitted("text_encoder", **own, tuning="full", layers=1)
    read.save(tmp_path / "after")
    before, after = (load_file(tmp_path / name / "encoder" / "model.safetensors") for name in ("before", "after"))
    changed = {name for name in before if not before[name].equal(after[name])}
    assert changed == {name for name in before if name.startswith("encoder.layer.1.")}
    test = notes().open_test().table
    loaded = learners.learner("text_encoder").load(tmp_path / "after")
    np.testing.assert_allclose(loaded.predict(test), read.predict(test), atol=1e-5)


def test_an_encoder_read_twice_is_one_encoder_and_is_asked_the_same_once(tmp_path: Path, monkeypatch):
    learner, _ = usual("text_lightgbm")
    learner.save(tmp_path)
    first, again = (language.Encoder.load(tmp_path / "encoder", 16) for _ in range(2))
    texts_read = ("a word", "another one")
    said = language.embeddings(first, texts_read)
    monkeypatch.setattr(language, "pooled", None)
    np.testing.assert_array_equal(language.embeddings(again, texts_read), said)
    assert first.digest != language.Encoder.load(tmp_path / "encoder", 8).digest


def test_a_budget_too_small_for_the_body_trains_the_top_alone_and_says_so(tmp_path: Path, monkeypatch):
    learner, _ = usual("text_lightgbm")
    learner.save(tmp_path)
    own = {"init": "pretrained", "model": str(tmp_path / "encoder")}
    monkeypatch.setattr(work, "EFFORT", 1e-6)
    _, told = fitted("text_encoder", **own, epochs=1)
    assert told.parameters["tuning"] == "frozen"
    assert "only the new layers learn" in told.notes[0]


def test_equal_texts_teach_a_random_encoder_equal_pieces() -> None:
    """The letters are numbered by hash, which differs from one tokenizer to the next even within a process."""
    draw = np.random.default_rng(0)
    read = ["".join(draw.choice(list("abcdéfgh中 "), 60)) for _ in range(200)]
    chosen = LanguageHyperparameters(model="any", init="random", max_length=16)
    first, *others = (language.opened(chosen, no_weights, read, "cpu") for _ in range(4))
    known = first.tokenizer.get_vocab()
    assert {"[PAD]", "a", "##a", "e", "中"} <= known.keys() and len(known) > 100
    assert all(other.tokenizer.get_vocab() == known for other in others)


def test_packaged_weights_that_are_not_here_are_asked_for_by_name():
    with pytest.raises(LearnerError, match="no weights called 'all-MiniLM-L6-v2' here: set `init: random`"):
        fitted("text_encoder", init="pretrained")


def test_a_folder_that_holds_no_model_is_named(tmp_path: Path):
    with pytest.raises(LearnerError, match=r"hyperparameter 'model': .* can't be loaded"):
        fitted("text_lightgbm", init="pretrained", model=str(tmp_path))


def test_texts_without_a_common_word_are_refused():
    train = with_text([f"x{number}y" for number in range(30)])
    train = replace(train, target=np.arange(30) % 3)
    with pytest.raises(LearnerError, match="no word occurs in two of the 30 training texts"):
        learners.learner("tfidf")().fit(train, train, Fitting("multiclass", 3))


def test_macro_f1_of_two_classes_equals_that_of_their_two_columns():
    draw = np.random.default_rng(0)
    truth, event = draw.integers(0, 2, 200), draw.random(200)
    metric = TextClassification(Settings()).metrics(["no", "yes"])["macro_f1"]
    assert metric.score is macro_f1
    both = np.column_stack([1 - event, event])
    assert unweighted(metric, truth, event) == pytest.approx(unweighted(metric, truth, both))
