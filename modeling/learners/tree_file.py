"""Boosted trees as files: LightGBM's own text, held against what LightGBM writes before LightGBM reads it.

Belongs here: writing and reading such a file. Does not belong here: fitting trees (`boosting.lightgbm`).

LightGBM trusts its files: where a child, a feature or a category is a number that is not there, it reads memory that is
not its own, and where a node leads back to one before it, it never ends (`src/io/tree.cpp`, `Tree::Tree(const char*)`
and `Tree::GetLeaf`). So a file is read only if every line is one that LightGBM would write for trees that end.
"""

import re
from pathlib import Path

import lightgbm as lgb
import numpy as np

INTEGER, NUMBER = r"-?\d{1,10}", r"-?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|inf|nan)"
INTEGERS, NUMBERS = (re.compile(f"{one}(?: {one})*", re.ASCII) for one in (INTEGER, NUMBER))
HEADER = re.compile(
    r"tree\nversion=v4\nnum_class=(?P<classes>[1-9]\d{0,4})\nnum_tree_per_iteration=(?P=classes)\nlabel_index=0\n"
    r"max_feature_idx=(?P<last>\d{1,9})\n(?:objective=(?P<objective>[^\s=][^\n=]*)\n)?"
    r"feature_names=(?P<names>[^\n=]+)\nfeature_infos=(?P<infos>[^\n=]+)\ntree_sizes=(?P<sizes>\d[\d ]*)\n\n",
    re.ASCII,
)
OBJECTIVES = (None, "binary sigmoid:1", "regression", "lambdarank", "multiclass num_class:{classes}")
"""Those of our learners; a learner whose gradients are its own has none."""
TAIL = re.compile(
    r"\nfeature_importances:\n(?:[^\n=]+=\d+\n)*(?:\nparameters:\n(?:\[\w+: [^\n]*\]\n)*\n+end of parameters\n)?"
    r"(?:\npandas_categorical:(?:null|\[\])\n)?",
    re.ASCII,
)
END = "end of trees\n"
NODES = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child")
LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
INTERNAL = ("internal_value", "internal_weight", "internal_count")
CATEGORIES = ("cat_boundaries", "cat_threshold")
WHOLE = {"split_feature", "decision_type", "left_child", "right_child", "leaf_count", "internal_count", *CATEGORIES}
"""The lines of integers."""
MOST_LEAVES = 131_072
"""LightGBM's own limit (`num_leaves` in its parameters)."""
CATEGORICAL, LAST_DECISION = 1, 11
"""The bit of a decision by category, and the largest decision: two more bits say which values are missing."""


class TreeFileError(ValueError):
    """A file that LightGBM did not write; the message says where."""


def write(booster: lgb.Booster, path: Path) -> None:
    """The trees in LightGBM's own text format."""
    booster.save_model(path)


def read(path: Path) -> lgb.Booster:
    """What `write` wrote.

    Raises
    ------
    TreeFileError: LightGBM writes no such file, and reading it could end or hang the process.
    """
    text = path.read_bytes().decode()
    check(text, path.name)
    return lgb.Booster(model_str=text)


def check(text: str, name: str) -> None:
    """Refuse a text that LightGBM would not write for trees that end.

    Raises
    ------
    TreeFileError: and where it differs.
    """
    before, found, after = text.partition(END)
    header, *trees = re.split(r"^(?=Tree=)", before, flags=re.MULTILINE)
    facts = HEADER.fullmatch(header)
    if facts is None or not found or not TAIL.fullmatch(after):
        raise TreeFileError(f"{name}: LightGBM writes no such {'beginning' if facts is None else 'end'}")
    classes, features = int(facts["classes"]), int(facts["last"]) + 1
    _require(facts["objective"] in [one and one.format(classes=classes) for one in OBJECTIVES], name, "objective")
    _require(len(facts["names"].split(" ")) == len(facts["infos"].split(" ")) == features, name, "feature_names")
    _require(facts["sizes"].split(" ") == [str(len(tree)) for tree in trees], name, "tree_sizes")
    _require(len(trees) % classes == 0, name, "num_class")
    for number, tree in enumerate(trees):
        _check_tree(tree, number, features, f"{name}: tree {number}")


def _check_tree(tree: str, number: int, features: int, where: str) -> None:
    lines = {key: value for key, _, value in (line.partition("=") for line in tree.split("\n"))}
    leaves, categories = (_count(lines.get(key, ""), where, key) for key in ("num_leaves", "num_cat"))
    _require(1 <= leaves <= MOST_LEAVES, where, "num_leaves")
    keys = ("Tree", "num_leaves", "num_cat", *NODES, *LEAVES, *INTERNAL, *(CATEGORIES if categories else ()))
    written = "".join(f"{key}={lines.get(key, '')}\n" for key in (*keys, "is_linear", "shrinkage"))
    _require(tree == f"{written}\n\n" and lines["Tree"] == str(number), where, "the order of its lines")
    _require(lines["is_linear"] == "0" and _numbers(lines, "shrinkage", where) == 1, where, "is_linear, shrinkage")
    for key in (*NODES, *INTERNAL):
        _require(_numbers(lines, key, where) == leaves - 1, where, key)
    for key in LEAVES:
        alone = leaves == 1 and key != "leaf_value"
        _require(_numbers(lines, key, where) in ((0, 1) if alone else (leaves,)), where, key)
    if leaves > 1:
        _check_nodes(lines, leaves, features, where)
    if categories or leaves > 1:
        _check_categories(lines, categories, where)


def _check_nodes(lines: dict[str, str], leaves: int, features: int, where: str) -> None:
    """Every node but the first, and every leaf, has one parent: whoever begins at the first one comes to a leaf."""
    children = np.concatenate([_integers(lines[side]) for side in ("left_child", "right_child")])
    each = np.r_[-leaves:0, 1 : leaves - 1]
    _require(np.array_equal(np.sort(children), each), where, "left_child, right_child")
    split = _integers(lines["split_feature"])
    _require(bool(((split >= 0) & (split < features)).all()), where, "split_feature")
    kinds = _integers(lines["decision_type"])
    _require(bool(((kinds >= 0) & (kinds <= LAST_DECISION)).all()), where, "decision_type")


def _check_categories(lines: dict[str, str], categories: int, where: str) -> None:
    """Each decision by category has a set of them, and each set lies where the sets lie."""
    kinds = _integers(lines["decision_type"])
    chosen = np.array(lines["threshold"].split(" "), dtype=float)[(kinds & CATEGORICAL) > 0]
    _require(bool(np.isin(chosen, np.arange(categories)).all()), where, "threshold")
    if categories:
        sets = [_integers(lines[key]) if _numbers(lines, key, where) else np.empty(0, int) for key in CATEGORIES]
        bounds, words = sets
        whole = len(bounds) == categories + 1 and bounds[0] == 0 and bounds[-1] == len(words)
        _require(whole and bool((np.diff(bounds) >= 0).all()), where, "cat_boundaries")
        _require(bool(((words >= 0) & (words < 2**32)).all()), where, "cat_threshold")


def _count(value: str, where: str, what: str) -> int:
    _require(re.fullmatch(r"\d{1,6}", value, re.ASCII) is not None, where, what)
    return int(value)


def _numbers(lines: dict[str, str], key: str, where: str) -> int:
    """How many numbers a line holds."""
    value = lines[key]
    _require(not value or (INTEGERS if key in WHOLE else NUMBERS).fullmatch(value) is not None, where, key)
    return value.count(" ") + 1 if value else 0


def _integers(value: str) -> np.ndarray:
    return np.array(value.split(" "), dtype=np.int64)


def _require(holds: bool, where: str, what: str) -> None:
    if not holds:
        raise TreeFileError(f"{where}: LightGBM writes no such {what}")
