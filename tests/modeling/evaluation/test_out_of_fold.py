"""Where validation holds few units, folds choose: every unsealed unit is answered by a learner that did not see it."""

import numpy as np

from modeling.core.learner import Fitting
from modeling.core.record import Evaluation
from modeling.core.resampling import unsealed
from modeling.evaluation import out_of_fold
from modeling.evaluation.evaluate import evaluate
from modeling.evaluation.experiment import EvaluationRun, Experiment
from modeling.problems import tasks

from ..small_data import PROVENANCE, fitted, parts, prepared, use_case, validated

FITTING = Fitting("binary", classes=2)
COLUMNS = {"identifier": ["id"], "group": "lot"}


def made(columns=COLUMNS, split=None):
    asked = use_case(columns=columns, split=split or {"by": "group"})
    features = prepared(parts(1000), columns=columns, split=split or {"by": "group"})
    return features, asked, tasks.task(asked)


def test_few_validation_groups_are_too_few_to_choose_by():
    features, asked, task = made()
    assert len(np.unique(features.valid.group)) < out_of_fold.ENOUGH
    assert len(out_of_fold.folds(features, asked, task)) == 5


def test_many_validation_rows_choose_themselves():
    features, asked, task = made({"identifier": ["id"]}, {"by": "random"})
    assert out_of_fold.folds(features, asked, task) == []


def test_an_official_split_is_not_dealt_anew():
    frame = parts(1000).with_columns(half=np.array(["train", "valid", "test", "train"] * 250))
    split = {"by": "column", "column": "half"}
    asked = use_case(columns=COLUMNS, split=split)
    features = prepared(frame, columns=COLUMNS, split=split)
    assert out_of_fold.folds(features, asked, tasks.task(asked)) == []


def test_every_unsealed_unit_is_answered_once_and_by_rows_of_other_groups():
    features, asked, task = made()
    divisions = out_of_fold.folds(features, asked, task)
    candidate = fitted("logistic", features, FITTING)
    answered = out_of_fold.with_answers(candidate, task, divisions)
    units = out_of_fold.units(task, divisions)
    assert answered.out_of_fold is not None
    assert len(answered.out_of_fold) == len(units) == len(unsealed(features))
    assert sorted(units.truth) == sorted(unsealed(features).table.target)
    for division in divisions:
        assert not set(division.held_out.group) & (set(division.train.group) | set(division.tune.group))


def test_a_fold_without_which_a_class_has_no_training_row_does_not_choose():
    frame = parts(400).with_columns(lot=np.arange(400) % 6)
    dealt = prepared(frame, columns=COLUMNS, split={"by": "group"}).train.number
    only = frame["lot"][int(dealt[0]) - 1000]
    frame = frame.with_columns(broken=(frame["lot"] == only).cast(int))
    features, (_, asked, task) = prepared(frame, columns=COLUMNS, split={"by": "group"}), made()
    divisions = out_of_fold.folds(features, asked, task)
    assert len(divisions) in (0, 2, 3, 4), "the fold that holds the only lot with events is none"
    for division in divisions:
        assert set(division.train.table.target) == {0.0, 1.0}


def test_where_no_fold_can_be_learned_from_validation_chooses():
    frame = parts(400).with_columns(made=np.repeat([1, 2, 3, 4, 5], [200, 20, 20, 10, 150]))
    columns, split = {"identifier": ["id"], "time": "made"}, {"by": "time", "valid_from": 4, "test_from": 5}
    features, asked = prepared(frame, columns=columns, split=split), use_case(columns=columns, split=split)
    for division in out_of_fold.folds(features, asked, tasks.task(asked)):
        assert len(division.train) and len(division.tune) and len(division.held_out)


def test_a_validation_of_one_class_leaves_no_undefined_number_in_the_record():
    frame = parts(60).with_columns(broken=np.arange(60) % 2)
    columns, split = {"identifier": ["id"], "group": "lot"}, {"by": "group"}
    valid = prepared(frame, columns=columns, split=split).valid.number
    frame = frame.with_columns(broken=np.where(np.isin(frame["id"] + 1000, valid), 0, frame["broken"]))
    features, asked = prepared(frame, columns=columns, split=split), use_case(columns=columns, split=split)
    task = tasks.task(asked)
    divisions = out_of_fold.folds(features, asked, task)
    candidates = [
        out_of_fold.with_answers(fitted(name, features, FITTING), task, divisions) for name in ("trivial", "logistic")
    ]
    experiment = Experiment(asked, task, validated(frame), features, candidates)
    judged = evaluate(experiment, EvaluationRun(PROVENANCE, lambda: 1, lambda _: None)).evaluation
    assert Evaluation.model_validate_json(judged.model_dump_json()) == judged
    (step,) = [step for step in judged.champion.steps if step.name == "refit"]
    assert "undefined on" in step.message and not step.taken


def test_without_folds_a_candidate_is_as_it_was():
    features, _, task = made()
    candidate = fitted("logistic", features, FITTING)
    assert out_of_fold.with_answers(candidate, task, []) is candidate
