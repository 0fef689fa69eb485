"""A word that only a task or a learner knows is checked at load, not once everything is trained."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app as command_line

from .sandbox import KEY, Sandbox

WRONG = {
    "metric": {"metric": "roc_acu"},
    "hyperparameter": {"parameters": {"lightgbm": {"num_leafs": 7}}},
    "value": {"parameters": {"lightgbm": {"num_leaves": 0}}},
}
SAID = {
    "metric": "metric: 'roc_acu' is none of binary_classification; did you mean 'roc_auc'?",
    "hyperparameter": "parameters.lightgbm.num_leafs: unknown key; did you mean 'num_leaves'?",
    "value": "parameters.lightgbm.num_leaves: must be greater than or equal to 2; found 0",
}


@pytest.fixture
def shop(empty: Sandbox) -> Sandbox:
    """One sound use case, and one for each kind of error."""
    empty.place(KEY)
    for name, changes in WRONG.items():
        empty.place(f"retail/{name}", title=name, **changes)
    return empty


def test_each_is_an_error_with_its_line_and_the_others_load(shop: Sandbox):
    found = shop.catalogue()
    assert list(found.use_cases) == [KEY]
    assert {error.path.parent.name: error.message for error in found.errors} == SAID
    for error in found.errors:
        line = error.path.read_text().splitlines()[error.line - 1]
        assert error.message.partition(":")[0].rpartition(".")[2] in line


def test_check_says_so(shop: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECTORFORGE_CATALOGUE", str(shop.root))
    result = CliRunner().invoke(command_line.app, ["check"])
    assert result.exit_code == 1
    assert all(message in result.stderr for message in SAID.values())


def test_the_ui_lists_them_with_the_code_location(shop: Sandbox):
    listed = shop.definitions().get_repository_def().metadata["catalogue errors"].value
    assert [str(error) for error in shop.catalogue().errors] == listed


def test_metrics_of_a_task_do_not_depend_on_the_number_of_classes(empty: Sandbox):
    for metric in ("sensitivity_at_specificity", "roc_auc", "macro_f1"):
        empty.place(KEY, task="image_classification", columns={"image": "photo"}, metric=metric)
        assert empty.catalogue().errors == []


def test_no_learner_is_imported_for_it(shop: Sandbox):
    listing = (
        "import sys; from pathlib import Path; from pipelines.vocabulary import read_catalogue; "
        "read_catalogue(Path(sys.argv[1])); print({'lightgbm', 'torch', 'sklearn', 'pandas'} & sys.modules.keys())"
    )
    project = Path(__file__).parents[2]
    ran = subprocess.run([sys.executable, "-c", listing, str(shop.root)], cwd=project, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.strip()) == (0, "set()")
