"""The catalogue reads what is right, and says where and how to mend what is wrong."""

import json
import textwrap
from pathlib import Path
from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import Field

from catalogue import feature_code, reader
from catalogue.checks import Vocabulary
from catalogue.definition import Files, UseCase
from catalogue.definition.strict import Strict
from catalogue.errors import suggestion
from catalogue.hyperparameters import model
from catalogue.reader import Catalogue
from catalogue.schema import editor_line, use_case_schema
from catalogue.yaml import parse
from modeling.core.predictions import is_taken
from modeling.core.task import Settings
from pipelines import schema
from pipelines.vocabulary import read_catalogue


class TabMHyperparameters(Strict):
    """What a learner may accept."""

    width: int | None = Field(default=None, ge=2)
    dropout: float = Field(default=0.1, ge=0, lt=1)
    hidden: list[Annotated[int, Field(ge=1)]] = Field(default=[])
    tuning: Literal["full", "frozen"] = "full"


WORDS = Vocabulary(
    ["binary_classification", "regression"],
    ["lightgbm", "logistic", "mlp", "ridge", "tabm"],
    settings=lambda task: Settings,
    metrics=lambda use_case: ["roc_auc", "log_loss"],
    hyperparameters={"tabm": model("tabm", TabMHyperparameters.model_json_schema())}.get,
    classifies=lambda task: task == "binary_classification",
    predicts=lambda task: task == "binary_classification",
    splits=lambda task: ("random", "group", "time", "column"),
    in_predictions=is_taken,
)
USE_CASE = """\
title: Will it break?
task: binary_classification
source:
  files: {path: "data/*.csv"}
  licence: CC0
  citation: made up
target: broken
"""
DIGEST = "a" * 64
PACKAGE = f"""\
title: Will it break?
task: binary_classification
source:
  package:
    name: shop
    version: 1.0.0
    members:
      orders: {{path: shop/orders.csv, sha256: {DIGEST}}}
      people: {{path: shop/people.csv, sha256: {DIGEST}}}
  licence: CC0
  citation: made up
target: broken
"""


class Folders:
    """A catalogue to be, in a temporary folder, with one good industry."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("shop/industry.yaml", "title: Shops\n")

    def write(self, path: str, content: str | bytes) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def read(self) -> Catalogue:
        return reader.read([self.root], WORDS)

    def errors(self) -> list[str]:
        """Every error, its path relative to the root."""
        return [str(error).removeprefix(f"{self.root}/") for error in self.read().errors]


@pytest.fixture
def folders(tmp_path) -> Folders:
    return Folders(tmp_path)


# --- what is right ----------------------------------------------------------------------------------------------------


def test_a_use_case_knows_its_key_and_its_folder(folders):
    path = folders.write("shop/parts/use_case.yaml", USE_CASE)
    found = folders.read()
    assert found.errors == []
    use_case = found.use_cases["shop/parts"]
    assert (use_case.key, use_case.industry, use_case.folder) == ("shop/parts", "shop", path.parent)
    assert found.industries["shop"].owners == ["team:data"]


def test_patterns_choose_use_cases(folders):
    for key in ("shop/b", "shop/a", "bank/loans"):
        folders.write(f"{key}/use_case.yaml", USE_CASE.replace("it break", key))
    folders.write("bank/industry.yaml", "title: Banks\n")
    found = folders.read()
    assert found.matching([]) == ["bank/loans", "shop/a", "shop/b"]
    assert found.matching(["shop/*", "*/a"]) == ["shop/a", "shop/b"]
    assert found.members("shop") == ["shop/a", "shop/b"]
    with pytest.raises(KeyError, match=r"no use case matches 'bank/loan'; did you mean bank/loans\?"):
        found.matching(["bank/loan"])
    with pytest.raises(KeyError, match=r"no use case matches 'zzz'; known: bank/loans, shop/a, shop/b"):
        found.matching(["zzz"])


def test_the_shipped_catalogue_has_no_error():
    found = read_catalogue()
    assert [str(error) for error in found.errors] == []
    assert len(found.use_cases) >= 5


def test_hidden_folders_and_loose_files_are_no_part_of_it(folders):
    folders.write("__pycache__/x.pyc", "")
    folders.write(".git/config", "")
    folders.write("shop/notes.md", "")
    assert folders.errors() == []


# --- what is wrong with one file --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("added", "line", "column", "message"),
    [
        ("splitt: {by: random}", 8, 1, "splitt: unknown key; did you mean 'split'?"),
        ("xyz: 1", 8, 1, "xyz: unknown key; known: classes, columns, contract, costs, data_dictionary, "),
        ("columns:\n  identifer: [a]", 9, 3, "columns.identifer: unknown key; did you mean 'identifier'?"),
        ("split: {by: random, vaild: 0.2}", 8, 21, "split.vaild: unknown key; did you mean 'valid'?"),
        ("split: {by: random, from: 1}", 8, 21, "split.from: unknown key; known: by, seed, stratify, test, valid"),
        (
            "columns:\n  identifier:\n  - a\n  - 5",
            11,
            5,
            "columns.identifier.1: must be text; found 5: put it in quotes",
        ),
        ("columns:", 8, 1, "columns: must be `key: value` lines; found nothing"),
        ("learners: logistic", 8, 1, "learners: must be a list, like [a, b]; found 'logistic'"),
        ("learners: [logistic, lightgmb]", 8, 22, "learners: 'lightgmb' is unknown; did you mean 'lightgbm'?"),
        ("seconds: {mlp: 5}", 8, 1, "seconds: how much work a fit does follows from the table's size, "),
        (
            "split: {by: random, seconds: 5}",
            8,
            21,
            "split.seconds: unknown key; known: by, seed, stratify, test, valid",
        ),
        ("time_limit: 0", 8, 1, "time_limit: must be greater than 0; found 0"),
        ("parameters:\n  forest: {}", 9, 3, "parameters: 'forest' is unknown; known: lightgbm, logistic, mlp, ridge"),
        ("metric: roc_acu", 8, 1, "metric: 'roc_acu' is none of binary_classification; did you mean 'roc_auc'?"),
        ("metric: f2", 8, 1, "metric: 'f2' is none of binary_classification; known: log_loss, roc_auc"),
        ("parameters: {tabm: {widht: 3}}", 8, 21, "parameters.tabm.widht: unknown key; did you mean 'width'?"),
        ("parameters: {tabm: {x: 3}}", 8, 21, "parameters.tabm.x: unknown key; known: dropout, hidden, tuning, width"),
        ("parameters: {tabm: {dropout: .nan}}", 8, 21, "parameters.tabm.dropout: must be a finite number; found nan"),
        ("gates: {min_metric: .nan}", 8, 9, "gates.min_metric: must be a finite number; found nan"),
        (
            "parameters:\n  mlp: {hiden: 3}\n  tabm:\n    width: 1",
            11,
            5,
            "parameters.tabm.width: must be greater than or equal to 2; found 1",
        ),
        ("parameters: {tabm: {dropout: 1}}", 8, 21, "parameters.tabm.dropout: must be less than 1; found 1"),
        ("parameters: {tabm: {dropout: low}}", 8, 21, "parameters.tabm.dropout: must be a number; found 'low'"),
        ("parameters: {tabm: {width: 2.5}}", 8, 21, "parameters.tabm.width: must be a whole number; found 2.5"),
        ("parameters: {tabm: {hidden: 64}}", 8, 21, "parameters.tabm.hidden: must be a list, like [a, b]; found 64"),
        ("parameters: {tabm: {hidden: [8, 0]}}", 8, 33, "parameters.tabm.hidden.1: must be greater than or equal to 1"),
        (
            "parameters: {tabm: {tuning: lora}}",
            8,
            21,
            "parameters.tabm.tuning: must be 'full' or 'frozen'; found 'lora'",
        ),
        ("costs: {false_positive: lots}", 8, 9, "costs.false_positive: must be a number; found 'lots'"),
        ("positive: [1]", 8, 1, "positive: must be text or a whole number or a number or true or false; found [1]"),
        ("classes: [sound, broken]", 8, 1, "classes: must be `key: value` lines; found ['sound', 'broken']"),
        ("classes:\n  0: sound\n  1: 1", 10, 3, "classes.1: must be text; found 1: put it in quotes"),
        ("classes: {0: ' '}", 8, 11, r"classes.0: must be text that matches \S; found ' '"),
        ("classes:\n  0: sound\n  1: Sound", 10, 3, "classes.1: 'Sound' is already the name of '0': use another"),
        ("extra: txt", 8, 1, "extra: 'txt' is unknown; did you mean 'text'?"),
        ("split: random", 8, 1, "split: must be `key: value` lines; found 'random'"),
        ("split: {valid: 0.2}", 8, 1, "split.by: is missing: add it"),
        (
            "split: {by: luck}",
            8,
            9,
            "split.by: must be one of 'random', 'group', 'scaffold', 'time', 'column'; found 'luck'",
        ),
        ("split: {by: random, valid: 1.5}", 8, 21, "split.valid: must be less than 1; found 1.5"),
        ("split: {by: random, valid: 0.5, test: 0.6}", 8, 1, "split: valid 0.5 and test 0.6 leave no row to train"),
        ("split: {by: column}", 8, 1, "split.column: is missing: add it"),
        ("split: {by: group}", 8, 9, "split: by group needs columns.group: name the column there"),
        ("columns: {molecule: s}\nsplit: {by: scaffold}", 9, 9, "split.by: the task binary_classification can't"),
        ("split: {by: time}", 8, 9, "split: by time needs columns.time: name the column there"),
        ("columns: {time: t}\nsplit: {by: time, test_from: 3}", 9, 1, "split: give both valid_from and test_from, or"),
        (
            "columns: {time: t}\nsplit: {by: time, valid_from: soon, test_from: 2024-01-01}",
            9,
            19,
            "split.valid_from: must be a date, like 2024-12-31 or a date and time, like 2024-12-31 23:59:00 or a number"
            "; found 'soon'",
        ),
        ("columns: {drop: [broken]}", 7, 1, "target: 'broken' is also named under columns: take it out there"),
        ("contract:\n - {expect_x: {}, on_failur: block}", 9, 4, "contract.0: a rule names exactly one expectation; "),
        (
            "contract:\n - {expct_x: {}}",
            9,
            4,
            "contract.0: must be text that matches ^expect_[a-z_]+$; found 'expct_x'",
        ),
        (
            "contract:\n - expect_x: {}\n - expect_y: {}\n   on_failure: warn",
            11,
            4,
            "contract.1.on_failure: must be 'block' or 'quarantine'; found 'warn'",
        ),
        (
            'predict: {files: {path: "data/*.csv"}}',
            8,
            19,
            "predict: these are the files the model learns from: put rows",
        ),
        ("title: again", 8, 1, "the key 'title' stands twice: keep one"),
        ("limits: &a [x]", 8, 9, "anchors, aliases and tags are not accepted: write the value out"),
        ("limits: [x", 9, 1, "not YAML: did not find expected ',' or ']'"),
    ],
)
def test_a_wrong_line_is_named_with_what_to_write(folders, added, line, column, message):
    folders.write("shop/parts/use_case.yaml", USE_CASE + added + "\n")
    [error] = folders.errors()
    assert error.startswith(f"shop/parts/use_case.yaml:{line}:{column}: {message}")


@pytest.mark.parametrize(
    ("written", "instead", "line", "column", "message"),
    [
        ("task: binary_classification\n", "", 1, 1, "task: is missing: add it"),
        (
            "binary_classification",
            "binary",
            2,
            1,
            "task: 'binary' is unknown; known: binary_classification, regression",
        ),
        (
            "binary_class",
            "binery_class",
            2,
            1,
            "task: 'binery_classification' is unknown; did you mean 'binary_classif",
        ),
        ("Will it break?", "2020", 1, 1, "title: must be text; found 2020: put it in quotes"),
        ('files: {path: "data/*.csv"}', "evidence: real", 3, 1, "source: name exactly one of package, http, "),
        ('"data/*.csv"', '""', 4, 11, "source.files.path: is empty: write a glob, like `data/*.csv`"),
        ('"data/*.csv"', 'a.csv, separator: ""', 4, 24, "source.files.separator: '' is not one character: write one, "),
        ('"data/*.csv"', "a.csv, separator: '||'", 4, 24, "source.files.separator: '||' is not one character"),
        ('"data/*.csv"', "a.csv, format: cvs", 4, 24, "source.files.format: must be 'csv', 'parquet', 'json', "),
        ("licence", "license", 5, 3, "source.license: unknown key; did you mean 'licence'?"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(folders, written, instead, line, column, message):
    folders.write("shop/parts/use_case.yaml", USE_CASE.replace(written, instead, 1))
    assert any(error.startswith(f"shop/parts/use_case.yaml:{line}:{column}: {message}") for error in folders.errors())


def test_rows_to_predict_are_read_like_those_learned_from_where_nothing_else_is_said():
    source = {"path": "*.csv", "separator": ";", "decimal_comma": True, "thousands": ".", "numbers": {"y": {}, "x": {}}}
    written = {"title": "t", "task": "regression", "target": "y", "columns": {}}
    about = {"licence": "-", "citation": "-"}

    def read(**predict: object) -> Files:
        case = {**written, "source": {"files": source, **about}, "predict": {"files": predict}}
        files = UseCase.model_validate(case).unlabelled.source.files
        assert files is not None
        return files

    alike, said, other = read(path="new/*.csv"), read(path="new/*.csv", thousands=None), read(path="new/*.xlsx")
    assert (alike.path, alike.separator, alike.thousands, [*alike.numbers]) == ("new/*.csv", ";", ".", ["x"])
    assert (said.decimal_comma, said.thousands, said.separator) == (False, None, ";")
    assert other.separator == ","


def test_a_task_that_does_not_answer_row_by_row_predicts_nothing(folders):
    text = USE_CASE.replace("binary_classification", "regression") + "predict: {files: {path: new/*.csv}}\n"
    folders.write("shop/parts/use_case.yaml", text)
    [error] = folders.errors()
    said = "predict: regression does not answer rows without a target one by one: take `predict` out"
    assert error == f"shop/parts/use_case.yaml:8:1: {said}"


@pytest.mark.parametrize(
    "name", ["prediction", "decision", "row", "model_version", "probability_1", "remarks", "error"]
)
def test_an_identifier_is_not_called_like_a_column_of_predictions(folders, name: str):
    folders.write("shop/parts/use_case.yaml", f"{USE_CASE}columns: {{identifier: [id, {name}]}}\n")
    [error] = folders.errors()
    assert error.startswith(f"shop/parts/use_case.yaml:8:28: columns.identifier: predictions have a column '{name}'")
    assert f"rename it in the data and here, to 'id_{name}'" in error
    named = USE_CASE.replace("binary_classification", "regression")  # here no task that predicts row by row
    folders.write("shop/parts/use_case.yaml", f"{named}columns: {{identifier: [id, {name}]}}\n")
    assert folders.errors() == []


def test_every_error_of_a_file_is_listed_at_once_in_its_order(folders):
    text = PACKAGE.replace("1.0.0", "1.0").replace("shop/people.csv", "../people.csv").replace(DIGEST, DIGEST.upper())
    folders.write("shop/parts/use_case.yaml", text + "target_: x\n")
    assert folders.errors() == [
        "shop/parts/use_case.yaml:6:5: source.package.version: must be text; found 1.0: put it in quotes",
        "shop/parts/use_case.yaml:8:39: source.package.members.orders.sha256: must be text that matches "
        f"^[0-9a-f]{{64}}$; found {DIGEST.upper()!r}",
        "shop/parts/use_case.yaml:9:16: source.package.members.people.path: '../people.csv' leaves the archive: write "
        "a relative path without '..'",
        "shop/parts/use_case.yaml:9:37: source.package.members.people.sha256: must be text that matches "
        f"^[0-9a-f]{{64}}$; found {DIGEST.upper()!r}",
        "shop/parts/use_case.yaml:13:1: target_: unknown key; did you mean 'target'?",
    ]


def test_a_file_that_is_not_utf_8_is_refused(folders):
    folders.write("shop/parts/use_case.yaml", USE_CASE.replace("Will it", "Wird es für").encode("latin1"))
    assert folders.errors() == ["shop/parts/use_case.yaml:1:17: not UTF-8 at byte 16: save the file as UTF-8"]


def test_a_file_that_is_too_large_is_refused(folders):
    folders.write("shop/parts/use_case.yaml", USE_CASE + "#" * 1_000_000)
    [error] = folders.errors()
    assert "the file has more than 1,000,000 bytes" in error


# --- what is wrong with folders ---------------------------------------------------------------------------------------


def test_one_broken_folder_does_not_hide_the_others(folders):
    folders.write("shop/parts/use_case.yaml", USE_CASE)
    folders.write("shop/broken/use_case.yaml", "title: [")
    folders.write("bank/industry.yaml", "title: Banks\nowner: me\n")
    folders.write("bank/loans/use_case.yaml", "title: Loans\n")
    found = folders.read()
    assert list(found.use_cases) == ["shop/parts"]
    assert list(found.industries) == ["shop"]
    listed = "\n".join(folders.errors())
    assert "bank/industry.yaml:2:1: owner: unknown key; did you mean 'owners'?" in listed
    assert "bank/loans/use_case.yaml:1:1: task: is missing: add it" in listed
    assert "shop/broken/use_case.yaml:2:1: not YAML" in listed


def test_a_missing_file_is_named(folders):
    (folders.root / "bank" / "loans").mkdir(parents=True)
    assert folders.errors() == [
        "bank/industry.yaml:1:1: industry.yaml is missing: put a file of that name into 'bank'",
        "bank/loans/use_case.yaml:1:1: use_case.yaml is missing: put a file of that name into 'loans'",
    ]


@pytest.mark.parametrize("name", ["Parts", "spare parts", "spare-parts", "pärts", "parts\n"])
def test_a_folder_name_is_lower_case(folders, name):
    folders.write(f"shop/{name}/use_case.yaml", USE_CASE)
    expected = f"the folder name {name!r} may hold only a-z, 0-9 and _: rename it"
    assert [error.message for error in folders.read().errors] == [expected]


def test_a_symbolic_link_is_refused(folders, tmp_path_factory):
    elsewhere = Folders(tmp_path_factory.mktemp("elsewhere"))
    outside = elsewhere.write("parts/use_case.yaml", USE_CASE)
    (folders.root / "shop" / "linked").symlink_to(outside.parent)
    (folders.root / "shop" / "parts").mkdir()
    (folders.root / "shop" / "parts" / "use_case.yaml").symlink_to(outside)
    assert folders.read().use_cases == {}
    assert folders.errors() == [
        "shop/linked:1:1: a symbolic link could lead out of the catalogue: put a real folder here",
        "shop/parts/use_case.yaml:1:1: use_case.yaml is missing: put a file of that name into 'parts'",
    ]


def test_two_use_cases_of_one_title_can_not_be_told_apart(folders):
    folders.write("shop/a/use_case.yaml", USE_CASE)
    folders.write("shop/b/use_case.yaml", USE_CASE.replace("Will", "will"))
    assert list(folders.read().use_cases) == ["shop/a"]
    expected = "shop/b/use_case.yaml:1:1: title: 'will it break?' is already the title of shop/a: use another"
    assert folders.errors() == [expected]


# --- features.py ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def features(frame):\n    return frame.select(\n", "2:24: not Python: '(' was never closed"),
        ("import polars\n", "1:1: defines none of the functions simulate, assemble, features: write one"),
        (b"\xff", "1:1: not Python: "),
        (b"x = '\0'", "1:1: not Python: source code string cannot contain null bytes"),
    ],
)
def test_feature_code_that_can_not_be_used_is_an_error(folders, code, expected):
    folders.write("shop/parts/use_case.yaml", USE_CASE)
    folders.write("shop/parts/features.py", code)
    [error] = folders.errors()
    assert error.startswith(f"shop/parts/features.py:{expected}")


def test_several_members_need_code_that_joins_them(folders):
    folders.write("shop/parts/use_case.yaml", PACKAGE)
    expected = "shop/parts/use_case.yaml:3:1: source: 2 members need an `assemble` in features.py that joins them"
    assert folders.errors() == [expected]
    folders.write("shop/parts/features.py", "def features(frame):\n    return frame\n")
    assert folders.errors() == [expected]
    folders.write("shop/parts/features.py", "def assemble(members):\n    return members['orders']\n")
    assert folders.errors() == []


SIMULATION = USE_CASE.replace('files: {path: "data/*.csv"}', "simulation: {extra: gpu, settings: {steps: 3}}")


def test_a_simulation_needs_code_that_makes_its_rows_and_says_what_it_is(folders):
    folders.write("shop/parts/use_case.yaml", SIMULATION)
    assert folders.errors() == [
        "shop/parts/use_case.yaml:3:1: source: what a simulation shows is not real: write `evidence: simulated`"
    ]
    text = SIMULATION.replace("  licence", "  evidence: simulated\n  licence")
    folders.write("shop/parts/use_case.yaml", text)
    assert folders.errors() == [
        "shop/parts/use_case.yaml:3:1: source: a simulation needs a `simulate` in features.py that makes its rows"
    ]
    folders.write("shop/parts/features.py", "def simulate(settings):\n    return None\n")
    assert folders.errors() == []
    folders.write("shop/parts/use_case.yaml", text.replace("gpu", "gpus"))
    assert folders.errors() == ["shop/parts/use_case.yaml:4:16: source: 'gpus' is unknown; did you mean 'gpu'?"]


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        (
            f"{{path: shop/people.csv, sha256: {DIGEST}}}",
            "{path: shop/people.csv}",
            "4:3: source.package: members ['people'] are not pinned: give each, or the whole archive, its sha256",
        ),
        (
            "shop/people.csv",
            "shop/*.csv",
            "9:7: source.package.members.people: one digest can't pin all files that match `*`: give `package.sha256`",
        ),
        (
            "shop/people.csv",
            "shop/people.png, format: bytes, path_column: file",
            "9:7: source.package.members.people: a table of `bytes` has the column `path` already: leave out",
        ),
        (
            "shop/people.csv",
            "shop/people.csv, quote: ''",
            "9:39: source.package.members.people.quote: '' is not one character",
        ),
    ],
)
def test_members_that_could_mean_two_things_are_refused(folders, written, instead, message):
    folders.write("shop/parts/use_case.yaml", PACKAGE.replace(written, instead))
    [error] = folders.errors()
    assert error.startswith(f"shop/parts/use_case.yaml:{message}")


def test_reading_the_catalogue_runs_no_feature_code(folders):
    folders.write("shop/parts/use_case.yaml", USE_CASE)
    folders.write("shop/parts/features.py", "def features(frame):\n    return frame\n\n\nraise SystemError('run')\n")
    assert folders.errors() == []
    with pytest.raises(feature_code.FeatureCodeError, match=r"features\.py:1:1: importing it fails: SystemError: run"):
        feature_code.load(folders.root / "shop" / "parts")


def test_where_nothing_is_known_nothing_is_listed():
    assert suggestion("shrinkage", []) == "none is known here"


def test_feature_code_that_ends_the_program_is_an_error_like_any_other(folders):
    folders.write("shop/parts/use_case.yaml", USE_CASE)
    folders.write("shop/parts/features.py", "def features(frame):\n    return frame\n\n\nraise SystemExit(0)\n")
    with pytest.raises(feature_code.FeatureCodeError, match=r"features\.py:1:1: importing it fails: SystemExit: 0"):
        feature_code.load(folders.root / "shop" / "parts")


def test_a_folder_without_code_has_none(folders):
    assert feature_code.load(folders.root / "shop") == feature_code.FeatureCode()


# --- schemas for editors ----------------------------------------------------------------------------------------------


DESCRIBED = use_case_schema(WORDS.tasks, WORDS.learners, {"tabm": TabMHyperparameters.model_json_schema()})


def violations(text: str, tmp_path: Path, described: dict[str, Any] = DESCRIBED) -> list[str]:
    """What the schema says of a YAML file; dates are text to an editor."""
    path = tmp_path / "use_case.yaml"
    path.write_text(textwrap.dedent(text))
    value = json.loads(json.dumps(parse(path).value, default=str))
    return [error.message for error in jsonschema.Draft202012Validator(described).iter_errors(value)]


@pytest.mark.parametrize("path", sorted(reader.SHIPPED.glob("*/*/use_case.yaml")), ids=lambda path: path.parent.name)
def test_the_schema_describes_the_shipped_files(path, tmp_path):
    committed = json.loads(
        (Path(schema.__file__).parents[1] / "catalogue" / "schemas" / "use_case.schema.json").read_text()
    )
    assert violations(path.read_text(), tmp_path, committed) == []


@pytest.mark.parametrize(
    "added",
    [
        "splitt: {by: random}",
        "learners: [forest]",
        "seconds: {mlp: 3}",
        "time_limit: 0",
        "parameters: {forest: {}}",
        "parameters: {tabm: {widht: 3}}",
        "parameters: {tabm: {width: 1}}",
        "split: {valid: 0.2}",
        "contract: [{expect_x: {}, expect_y: {}}]",
        "contract: [{on_failure: block}]",
        "contract: [{expect_x: {}, on_failure: warn}]",
        "contract: [expect_x]",
    ],
)
def test_the_schema_refuses_what_the_catalogue_refuses(added, tmp_path):
    assert violations(USE_CASE, tmp_path) == []
    assert violations(USE_CASE + added, tmp_path) != []


def test_the_schema_wants_exactly_one_source(tmp_path):
    assert violations(USE_CASE.replace("files:", "fils:"), tmp_path) != []
    assert violations(USE_CASE.replace("  files", "  http: {members: {}}\n  files"), tmp_path) != []


@pytest.mark.parametrize("path", sorted(reader.SHIPPED.glob("*/*/use_case.yaml")), ids=lambda path: path.parent.name)
def test_editors_find_the_schema_of_the_shipped_files(path):
    assert path.read_text().splitlines(keepends=True)[0] == editor_line(path.parent)


@pytest.mark.parametrize(("path", "described"), schema.schemas().items(), ids=lambda value: getattr(value, "name", ""))
def test_the_committed_schemas_are_up_to_date(path, described):
    jsonschema.Draft202012Validator.check_schema(described)
    assert json.loads(path.read_text()) == described, "run `python -m pipelines.schema`"
