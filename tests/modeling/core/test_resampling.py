"""Unsealed rows are divided anew as the split divides: whole blocks, no test row, the past before the future."""

from itertools import pairwise

import numpy as np
import pytest

from modeling.core.resampling import Division, can_be_dealt, nested_folds, repeats, unsealed

from ..small_data import parts, prepared, use_case

COLUMNS = {"identifier": ["id"], "group": "lot", "time": "made"}
SPLITS = [{"by": "random", "stratify": "target"}, {"by": "group"}, {"by": "time"}]


def thrice(features, asked):
    return repeats(features, asked, 3)


def made(split):
    return prepared(parts(1000), columns=COLUMNS, split=split), use_case(columns=COLUMNS, split=split)


def numbers(division: Division) -> list[np.ndarray]:
    return [rows.number for rows in (division.train, division.tune, division.held_out)]


@pytest.mark.parametrize("split", SPLITS, ids=lambda split: split["by"])
@pytest.mark.parametrize("divide", [thrice, nested_folds])
def test_no_row_is_in_two_parts_or_sealed(divide, split):
    features, asked = made(split)
    sealed = features.open_test().number
    for division in divide(features, asked):
        together = np.concatenate(numbers(division))
        assert len(np.unique(together)) == len(together)
        assert not np.isin(together, sealed).any()
        assert all(len(part) for part in numbers(division))


@pytest.mark.parametrize("divide", [thrice, nested_folds])
def test_a_group_is_whole_in_one_part(divide):
    features, asked = made({"by": "group"})
    for division in divide(features, asked):
        groups = [set(rows.group) for rows in (division.train, division.tune, division.held_out)]
        assert not (groups[0] & groups[1] or groups[0] & groups[2] or groups[1] & groups[2])


@pytest.mark.parametrize("divide", [thrice, nested_folds])
def test_what_lies_later_is_never_learned_from(divide):
    features, asked = made({"by": "time"})
    divisions = divide(features, asked)
    assert len(divisions) > 1
    for division in divisions:
        spans = [rows.block for rows in (division.train, division.tune, division.held_out)]
        assert all(earlier.max() < later.min() for earlier, later in pairwise(spans))


def test_folds_hold_out_every_unsealed_row_once():
    for split in SPLITS[:2]:
        features, asked = made(split)
        held = np.concatenate([division.held_out.number for division in nested_folds(features, asked)])
        assert sorted(held) == sorted(unsealed(features).number)


def test_a_moment_as_large_as_several_folds_leaves_none_empty():
    frame = parts(400).with_columns(made=np.repeat([1, 2, 3, 4, 5], [200, 20, 20, 60, 100]))
    columns, split = {"identifier": ["id"], "time": "made"}, {"by": "time", "valid_from": 4, "test_from": 5}
    divisions = nested_folds(prepared(frame, columns=columns, split=split), use_case(columns=columns, split=split))
    assert divisions
    assert all(len(division.held_out) and len(division.train) + len(division.tune) for division in divisions)


def test_repeats_hold_out_the_share_of_validation_and_differ():
    features, asked = made(SPLITS[0])
    divisions = thrice(features, asked)
    held = [frozenset(division.held_out.number) for division in divisions]
    assert len(set(held)) == len(divisions) == 3
    assert [len(one) for one in held] == pytest.approx([len(features.valid)] * 3, abs=3)
    shares = [division.held_out.table.target.mean() for division in divisions]
    assert shares == pytest.approx([unsealed(features).table.target.mean()] * 3, abs=0.01)


def test_an_official_split_is_not_dealt_anew():
    frame = parts(100).with_columns(half=np.array(["train", "valid", "test", "train"] * 25))
    assert not can_be_dealt(prepared(frame, split={"by": "column", "column": "half"}))
    assert can_be_dealt(prepared())
