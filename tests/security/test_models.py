"""A model folder that an attacker may write to: it is refused before what is in it is trusted."""

import functools
import hashlib
import json
import operator
import os
import pickle
import re
import struct
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import lightgbm
import numpy as np
import pytest
import skops.io
from numpy.testing import assert_array_equal
from safetensors import SafetensorError
from safetensors.torch import load_file
from scipy.sparse import csr_array, save_npz
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder
from sklearn.svm import SVC

from modeling.artefacts.errors import ArtefactError, ModelError
from modeling.artefacts.storage import load, save
from modeling.core.blend import Blend
from modeling.core.learner import Fitting, LearnerError
from modeling.core.model import Model
from modeling.learners import scikit_file, tree_file
from modeling.problems import learners
from modeling.problems.molecule import minimol
from modeling.problems.text import language
from resources.limited_process import LimitedProcess, Result, machine_memory
from resources.weights import WEIGHTS

from ..modeling.small_data import card, fitted, prepared


@pytest.fixture(scope="module")
def model() -> Model:
    features = prepared()
    quick = Fitting("binary", classes=2, parameters={"trials": 1, "rounds": 5})
    candidate = fitted("lightgbm", features, quick)
    champion = Blend({"lightgbm": candidate.learner}, {"lightgbm": 1.0})
    return Model(features.recipe, champion, card(), np.empty(0, dtype=np.uint64))


@pytest.fixture
def folder(model: Model, tmp_path: Path) -> Path:
    save(model, tmp_path)
    return tmp_path


def refused(folder: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load(Model, folder)
    return str(caught.value)


def rewrite(folder: Path, **changes: object) -> None:
    sidecar = folder / "model.json"
    sidecar.write_text(json.dumps(json.loads(sidecar.read_text()) | changes))


def rewrite_digests(folder: Path) -> None:
    """What somebody who may write to the folder does next."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "model.json"]
    rewrite(
        folder, files={str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    )


def test_it_loads_as_long_as_nobody_touched_it(folder: Path):
    assert load(Model, folder).champion.weights == {"lightgbm": 1.0}


def test_weights_that_would_crash_the_process_are_refused_before_they_are_read(folder: Path):
    weights = folder / "members" / "lightgbm" / "lightgbm.txt"
    weights.write_text(weights.read_text().replace("num_leaves=", "num_leaves=99999"))
    assert refused(folder) == f"{weights}: not as it was saved; train again"


def test_a_file_that_is_gone_is_refused(folder: Path):
    (folder / "recipe.json").unlink()
    assert refused(folder) == f"{folder / 'recipe.json'}: not as it was saved; train again"


@pytest.mark.parametrize("listed", [False, True], ids=["beside the list", "in the list"])
def test_a_pickle_that_lies_there_is_never_read(folder: Path, monkeypatch: pytest.MonkeyPatch, listed: bool):
    monkeypatch.chdir(folder)
    added = folder / "members" / "lightgbm" / "model.pkl"
    added.write_bytes(pickle.dumps(Trap()))
    if listed:
        rewrite_digests(folder)
        load(Model, folder)
    else:
        assert refused(folder) == f"{added}: was not saved with the others; remove it, or train again"
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("name", ["recipe.json", "members", "members/lightgbm", "members/lightgbm/lightgbm.txt"])
def test_a_link_in_place_of_what_was_saved_is_refused(
    folder: Path, name: str, tmp_path_factory: pytest.TempPathFactory
):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "moved"
    (folder / name).rename(elsewhere)
    (folder / name).symlink_to(elsewhere)
    assert is_a_link(folder, folder / name)


@pytest.mark.parametrize("listed", ["no list", "in the list", "beside the list"])
def test_a_link_beside_what_was_saved_is_refused(folder: Path, listed: str, tmp_path_factory: pytest.TempPathFactory):
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_text("of somebody's")
    (folder / "notes").symlink_to(secret)
    if listed == "no list":
        rewrite(folder, files={})
    if listed == "in the list":
        rewrite_digests(folder)
    assert is_a_link(folder, folder / "notes")


def is_a_link(folder: Path, link: Path) -> bool:
    with pytest.raises(ArtefactError) as caught:
        load(Model, folder)
    return str(caught.value) == f"{link}: is a link, and was not saved as one; remove it, or run its use case again"


def test_a_file_is_refused_where_the_list_was_emptied(folder: Path):
    rewrite(folder, files={})
    assert refused(folder).endswith("was not saved with the others; remove it, or train again")


def test_a_listed_path_that_escapes_reads_nothing_outside(folder: Path):
    listed = json.loads((folder / "model.json").read_text())["files"]
    rewrite(folder, files={**listed, "../../../etc/passwd": "0" * 64})
    assert refused(folder).endswith("etc/passwd: not as it was saved; train again")


@pytest.mark.parametrize("name", ["../../../etc", "/etc", "os", "__init__", "lightgbm/../lightgbm"])
def test_a_member_that_is_no_learner_is_refused(folder: Path, name: str):
    rewrite(folder, members={name: 1.0})
    assert refused(folder).endswith(f"no learner is called {name!r}")


class Trap:
    def __reduce__(self):
        return os.system, ("touch ran",)


FOREIGN = {
    "a class of somebody's": (Trap(), r"tests\.security\.test_models\.Trap"),
    "a function to call": (functools.partial(os.system, "touch ran"), r"functools\.partial"),
    "a method to call": (operator.methodcaller("system", "touch ran"), r"operator\.methodcaller"),
    "a function as a step": (FunctionTransformer(np.exp), r"sklearn\.preprocessing\._function_transformer"),
    "an estimator that trusts its numbers": (SVC(), r"sklearn\.svm\._classes\.SVC"),
    "a path": (Path("/tmp"), r"pathlib"),
    "a function that is taken for a type": (eval, r"builtins\.eval"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_skops_file_of_other_types_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    value, what = FOREIGN[name]
    skops.io.dump(value, tmp_path / "trap.skops")
    with pytest.raises(scikit_file.ScikitFileError, match=f"trap.skops: holds {what}.*, which is no part of a learner"):
        scikit_file.read(tmp_path / "trap.skops")
    assert not (tmp_path / "ran").exists()


def test_a_pickle_that_is_called_skops_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trap.skops").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(scikit_file.ScikitFileError, match="no skops file"):
        scikit_file.read(tmp_path / "trap.skops")
    assert not (tmp_path / "ran").exists()


def test_a_skops_file_that_unpacks_to_gigabytes_is_refused(tmp_path: Path):
    with ZipFile(tmp_path / "bomb.skops", "w", ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * 10**7)
    with pytest.raises(scikit_file.ScikitFileError, match="packed members"):
        scikit_file.read(tmp_path / "bomb.skops")


ONE_HOT: dict[str, Callable[[OneHotEncoder], dict[str, object]]] = {
    "a width of a gigabyte": lambda made: {"_n_features_outs": [10**9, *made._n_features_outs[1:]]},
    "widths that are no list": lambda made: {"_n_features_outs": np.array(made._n_features_outs) + 10**9},
    "a level mapped far outside": lambda made: {"_default_to_infrequent_mappings": [np.array([10**9] * 4), None]},
    "a level mapped before the first": lambda made: {
        "_default_to_infrequent_mappings": [np.array([-(10**9)] * 4), None]
    },
    "a level mapped to no number": lambda made: {"_default_to_infrequent_mappings": [np.full(4, np.nan), None]},
    "groups without a mapping": lambda made: {
        "_default_to_infrequent_mappings": [None, None],
        "_infrequent_indices": [np.array([10**9, 0]), None],
    },
    "a mapping too few": lambda made: {"_default_to_infrequent_mappings": made._default_to_infrequent_mappings[:1]},
    "a search that ends behind the last": lambda made: {"categories_": [made.categories_[0], np.array([9.0, 1.0])]},
    "a level twice": lambda made: {"categories_": [made.categories_[0], np.array([1.0, 1.0])]},
    "texts for levels": lambda made: {"categories_": [made.categories_[0], np.array(["a", "b"])]},
    "levels left out afterwards": lambda made: {"_drop_idx_after_grouping": np.array([-(10**9), None], dtype=object)},
    "nothing that was learned": lambda made: {"categories_": None},
}


@pytest.fixture(scope="module")
def codes() -> np.ndarray:
    """A feature with rare levels, and one without."""
    return np.column_stack([np.repeat([0.0, 1.0, 2.0, 3.0], [40, 40, 3, 2]), np.resize([1.0, 9.0], 85)])


@pytest.mark.parametrize("change", ONE_HOT.values(), ids=ONE_HOT.keys())
def test_a_one_hot_encoder_that_would_write_outside_is_refused(change: Callable, codes: np.ndarray, tmp_path: Path):
    one_hot = OneHotEncoder(min_frequency=10, handle_unknown="infrequent_if_exist").fit(codes)
    encoder = ColumnTransformer([("one_hot", one_hot, [0, 1])]).fit(codes)
    columns = make_pipeline(encoder)
    (inner,) = (step for _, step, _ in encoder.transformers_)
    scikit_file.write(columns, tmp_path / "columns.skops")
    assert_array_equal(scikit_file.read(tmp_path / "columns.skops").transform(codes), columns.transform(codes))
    vars(inner).update(change(inner))
    skops.io.dump(columns, tmp_path / "columns.skops")
    with pytest.raises(scikit_file.ScikitFileError, match=r"columns.skops: holds a one-hot encoder that would write"):
        scikit_file.read(tmp_path / "columns.skops")


def test_an_object_array_is_no_way_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """numpy would unpickle it where that is allowed."""
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "x.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        np.load(tmp_path / "x.npy")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**62) + b"{}",
        struct.pack("<Q", 2) + b"{}"[:1],
        struct.pack("<Q", 70)
        + json.dumps({"a": {"dtype": "F32", "shape": [10**9], "data_offsets": [0, 4]}}).encode().ljust(70)
        + b"1234",
    ],
    ids=["a header of exabytes", "a header cut off", "a tensor larger than the file"],
)
def test_safetensors_whose_header_lies_are_refused(tmp_path: Path, content: bytes):
    (tmp_path / "weights.safetensors").write_bytes(content)
    with pytest.raises(SafetensorError):
        load_file(tmp_path / "weights.safetensors")


# --- LightGBM: what somebody may write who rewrites the digests as well -----------------------------------------------


@pytest.fixture(scope="module")
def trees(model: Model) -> str:
    """Trees with decisions by number and by category."""
    random = np.random.default_rng(0)
    matrix = np.column_stack([random.normal(size=300), random.integers(0, 40, 300)])
    target = ((matrix[:, 1] % 7 > 3) ^ (matrix[:, 0] > 0)).astype(float)
    settings = {"objective": "binary", "num_leaves": 7, "min_data_per_group": 2, "cat_smooth": 1, "verbosity": -1}
    data = lightgbm.Dataset(matrix, target, categorical_feature=[1], params={"verbosity": -1})
    return lightgbm.train(settings, data, 4).model_to_string()


def line(key: str, change: Callable[[list[str]], list[str]]) -> Callable[[str], str]:
    """Changes the numbers of the first line of that key which has several."""

    def changed(text: str) -> str:
        (found,) = re.findall(rf"^{key}=(.* .*)$", text, re.MULTILINE)[:1]
        return resized(text.replace(f"{key}={found}", f"{key}={' '.join(change(found.split(' ')))}", 1))

    return changed


def resized(text: str) -> str:
    """With the sizes of the trees put right, which LightGBM goes by."""
    sizes = [len(tree) for tree in re.split("^(?=Tree=)", text.partition("end of trees")[0], flags=re.MULTILINE)[1:]]
    return re.sub("tree_sizes=.*", f"tree_sizes={' '.join(map(str, sizes))}", text)


TREES: dict[str, tuple[Callable[[str], str], str]] = {
    "a child that is not there": (line("left_child", lambda old: ["99999", *old[1:]]), "left_child, right_child"),
    "a leaf that is not there": (line("right_child", lambda old: [*old[:-1], "-99999"]), "left_child, right_child"),
    "a node that is its own child": (line("left_child", lambda old: ["0", *old[1:]]), "left_child, right_child"),
    "a way back": (line("left_child", lambda old: [*old[:-1], "1"]), "left_child, right_child"),
    "a feature that is not there": (line("split_feature", lambda old: ["99999", *old[1:]]), "split_feature"),
    "a feature before the first": (line("split_feature", lambda old: ["-9999", *old[1:]]), "split_feature"),
    "a category that is not there": (line("threshold", lambda old: ["99999"] * len(old)), "threshold"),
    "a category that is no number": (line("threshold", lambda old: ["nan"] * len(old)), "threshold"),
    "sets of categories elsewhere": (line("cat_boundaries", lambda old: [*old[:-1], "999999"]), "cat_boundaries"),
    "sets of categories backwards": (line("cat_boundaries", lambda old: ["0", "-9", *old[2:]]), "cat_boundaries"),
    "a decision of no kind": (line("decision_type", lambda old: ["127", *old[1:]]), "decision_type"),
    "fewer leaves than said": (line("leaf_value", lambda old: old[:-2]), "leaf_value"),
    "fewer nodes than said": (line("left_child", lambda old: old[:-2]), "left_child"),
    "more leaves than there are": (
        lambda text: resized(text.replace("num_leaves=7", "num_leaves=99999", 1)),
        "split_f",
    ),
    "leaves without number": (lambda text: resized(text.replace("num_leaves=7", "num_leaves=-1", 1)), "num_leaves"),
    "a number that is none": (line("left_child", lambda old: ["1_0", *old[1:]]), "left_child"),
    "linear leaves": (lambda text: text.replace("is_linear=0", "is_linear=1", 1), "is_linear"),
    "a line twice": (
        lambda text: resized(text.replace("num_cat=", "num_cat=0\nnum_cat=", 1)),
        "the order of its lines",
    ),
    "a line that never ends": (lambda text: text.replace("shrinkage=1", "shrinkage 1", 1), "the order of its lines"),
    "trees elsewhere": (lambda text: re.sub("tree_sizes=", "tree_sizes=99999999 ", text), "tree_sizes"),
    "more classes than trees": (lambda text: text.replace("=1\n", "=999\n", 2), "num_class"),
    "no classes": (lambda text: text.replace("num_class=1", "num_class=0", 1), "beginning"),
    "another objective's classes": (
        lambda text: text.replace("objective=binary sigmoid:1", "objective=multiclass num_class:99999"),
        "objective",
    ),
    "half a file": (lambda text: text[: len(text) // 3], "end"),
    "nothing": (lambda text: "", "beginning"),
}


@pytest.mark.parametrize("name", TREES)
def test_trees_that_would_crash_or_hang_are_refused_whatever_the_digests_say(name: str, trees: str, folder: Path):
    attack, what = TREES[name]
    attacked = attack(trees)
    assert attacked != trees
    (folder / "members" / "lightgbm" / "lightgbm.txt").write_text(attacked)
    rewrite_digests(folder)
    with pytest.raises(ArtefactError, match=f"TreeFileError: lightgbm.txt.*LightGBM writes no such .*{what}"):
        load(Model, folder)


@pytest.mark.slow
def test_no_text_that_passes_for_trees_ends_the_process(trees: str, tmp_path: Path):
    """Two thousand texts with a few characters or numbers changed: LightGBM reads those that are not refused, in a
    process whose end would be seen."""
    (tmp_path / "trees.txt").write_text(trees)
    with LimitedProcess(machine_memory()) as process:
        ((read, _),) = process.results(_read_changed, tmp_path / "trees.txt", seconds=600)
    assert read > 50, "many changes only change what is predicted"


def _read_changed(path: Path) -> list[Result]:
    """How many were read."""
    random, trees, read = np.random.default_rng(1), path.read_text(), 0
    for _ in range(2000):
        changed = list(trees)
        places = [found.start() for found in re.finditer(r"[\d-]", trees.partition("end of trees")[0])]
        for place in random.choice(places, random.integers(1, 4), replace=False):
            changed[place] = str(random.choice(list("0123456789- \n=.")))
        path.write_text("".join(changed))
        try:
            booster = tree_file.read(path)
        except (tree_file.TreeFileError, lightgbm.basic.LightGBMError):
            continue
        booster.predict(random.normal(0, 100, (50, 2)))
        read += 1
    return [(read, b"")]


# --- what else a member holds -----------------------------------------------------------------------------------------


def test_similarities_that_point_outside_are_refused(tmp_path: Path):
    """scipy multiplies sparse matrices without a look at their indices."""
    np.savez(tmp_path / "popularity.npz", popular=np.ones(3))
    similar = csr_array(np.eye(3, dtype=np.float32))
    save_npz(tmp_path / "similar.npz", similar)
    learners.learner("item_knn").load(tmp_path)
    similar.indices[1] = 10**8
    save_npz(tmp_path / "similar.npz", similar)
    with pytest.raises(ValueError, match="indices"):
        learners.learner("item_knn").load(tmp_path)


def test_only_the_pinned_graph_of_operations_is_run(tmp_path: Path):
    (package,) = WEIGHTS[minimol.NAME].packages
    assert package.pins == {minimol.DIGEST}
    pytest.importorskip("onnxruntime")
    (tmp_path / minimol.FILE).write_bytes(b"another")
    with pytest.raises(ValueError, match="is not MiniMol v1"):
        minimol.MiniMol.load(tmp_path)


@pytest.mark.parametrize(
    ("file", "added"),
    [
        ("config.json", {"auto_map": {"AutoModel": "stolen.Model"}}),
        ("config.json", {"attn_implementation": "kernels-community/flash-attn"}),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["stolen.Tokenizer", None]}}),
        ("adapter_config.json", {"base_model_name_or_path": "somebody/else"}),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_text_network_names_no_code(tmp_path: Path, file: str, added: dict[str, object]):
    pytest.importorskip("transformers")
    network, tokenizer = language._scratch(["a cat sat", "a dog sat"] * 5, 32)
    language.Encoder.of(network, tokenizer, 32).save(tmp_path)
    (tmp_path / "stolen.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    language.Encoder.load(tmp_path, 32)
    path = tmp_path / file
    path.write_text(json.dumps((json.loads(path.read_text()) if path.exists() else {}) | added))
    with pytest.raises(LearnerError, match=f"{file} .*names"):
        language.Encoder.load(tmp_path, 32)
    assert not (tmp_path / "ran").exists()


def test_weights_that_do_not_fit_the_network_are_a_clear_error(tmp_path: Path):
    features = prepared()
    quick = Fitting("binary", classes=2, parameters={"epochs": 1})
    champion = Blend({"mlp": fitted("mlp", features, quick).learner}, {"mlp": 1.0})
    save(Model(features.recipe, champion, card(), np.empty(0, dtype=np.uint64)), tmp_path)
    described = tmp_path / "members" / "mlp" / "mlp.json"
    described.write_text(described.read_text().replace('"width": ', '"width": 9'))
    rewrite_digests(tmp_path)
    with pytest.raises(ArtefactError, match=r"can't be read \(RuntimeError: Error.* in loading state_dict"):
        load(Model, tmp_path)
