"""`sectorforge new`: from a file as it comes to a use case that runs, and nothing left behind where that fails."""

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from modeling.artefacts.storage import load
from modeling.core.record import Evaluation
from pipelines.cli.app import app
from pipelines.vocabulary import read_catalogue
from resources import contracts

from ...resources.store.power_cut import cut_everywhere
from ..sandbox import KEY, Sandbox, hashes, orders

NEW = "energy/load_forecast"


@pytest.fixture
def shop(empty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The command line works on a catalogue of one use case."""
    empty.place(KEY, orders())
    empty.name_in(monkeypatch)
    return empty


def sectorforge(*arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def new(data: Path, *options: str, key: str = NEW, target: str = "returned") -> tuple[int, str, str]:
    return sectorforge("new", key, "--from", str(data), "--target", target, *options)


def saved(shop: Sandbox, name: str = "orders.csv", frame: pl.DataFrame | None = None) -> Path:
    path = shop.folder / name
    (orders() if frame is None else frame).write_csv(path)
    return path


# --- what is made -----------------------------------------------------------------------------------------------------


def test_a_new_use_case_is_sound_and_its_data_meet_the_contract(shop: Sandbox):
    status, out, _ = new(saved(shop))
    assert status == 0
    assert "300 rows of 5 columns: binary_classification, split by random" in out
    assert "licence and citation are not known" in out
    assert f"then: sectorforge run {NEW}" in out
    catalogue = shop.catalogue()
    assert catalogue.errors == []
    assert catalogue.industries["energy"].title == "Energy"
    use_case = catalogue.use_cases[NEW]
    assert (use_case.title, use_case.columns.identifier) == ("Load forecast", ["order"])
    assert contracts.validate(orders(), use_case).passed
    assert (use_case.folder / "orders.csv").read_bytes() == (shop.folder / "orders.csv").read_bytes()
    text = (use_case.folder / "use_case.yaml").read_text()
    assert "# - licence" in text
    schema = text.splitlines()[0].removeprefix("# yaml-language-server: $schema=file://")
    assert Path(schema).name == "use_case.schema.json"
    assert Path(schema).is_file(), "an editor finds the schema from any catalogue"
    assert [path.name for path in shop.root.iterdir() if path.name.startswith(".")] == []


def test_check_finds_no_error_in_it(shop: Sandbox):
    new(saved(shop), key="retail/refunds")
    status, out, err = sectorforge("check")
    assert (status, err) == (0, "")
    assert "2 use cases in 1 industries: no error in" in out
    assert (shop.root / "retail" / "industry.yaml").read_text() == "owners:\n- team:test\ntitle: Retail\n"


def parquet(path: Path) -> None:
    orders().write_parquet(path)


def jsonl(path: Path) -> None:
    orders().write_ndjson(path)


def packed(path: Path) -> None:
    path.write_bytes(gzip.compress(orders().write_csv().encode()))


@pytest.mark.parametrize(("name", "write"), [("o.parquet", parquet), ("o.jsonl", jsonl), ("o.csv.gz", packed)])
def test_other_formats(shop: Sandbox, name: str, write: Callable[[Path], None]):
    write(shop.folder / name)
    assert new(shop.folder / name, "--title", "Comes it back?")[0] == 0
    use_case = shop.catalogue().use_cases[NEW]
    assert use_case.source.files
    assert (use_case.title, use_case.source.files.path) == ("Comes it back?", f"*{name[1:]}")


def test_a_name_that_a_landing_folder_would_not_take_is_changed(shop: Sandbox):
    assert new(saved(shop, "~my [orders]*.csv"))[0] == 0
    assert (shop.root / NEW / "my_orders_.csv").is_file()


def test_of_several_catalogues_the_first_takes_it(shop: Sandbox, tmp_path: Path):
    mine = tmp_path / "parent" / "mine"
    both = os.pathsep.join([str(mine), str(shop.root)])
    arguments = ["--from", str(saved(shop)), "--target", "returned"]
    status, out, err = sectorforge("--catalogue", both, "new", "retail/refunds", *arguments)
    assert status == 0, err
    assert f"written to {mine}/retail/refunds/use_case.yaml" in out
    assert [path.name for path in (mine / "retail").iterdir()] == ["refunds"], "the industry is described in the other"
    found = read_catalogue(mine, shop.root)
    assert (found.errors, sorted(found.use_cases)) == ([], sorted([KEY, "retail/refunds"]))
    status, _, err = sectorforge("--catalogue", both, "new", KEY, *arguments)
    assert (status, "is there already, and is left as it is" in " ".join(err.split())) == (2, True)


def test_a_first_catalogue_that_can_not_be_made_is_refused(shop: Sandbox, tmp_path: Path):
    (tmp_path / "file").write_text("")
    words = ["--catalogue", str(tmp_path / "file" / "mine"), "new", NEW, "--from", str(saved(shop))]
    status, _, err = sectorforge(*words, "--target", "returned")
    assert (status, "can't be made: Not a directory" in " ".join(err.split())) == (2, True)


@pytest.mark.slow
@pytest.mark.parametrize("described", [True, False], ids=["industry.yaml is there", "industry.yaml is missing"])
def test_after_a_power_cut_it_is_there_whole_or_not_at_all_and_for_good_once_it_was_said(
    shop: Sandbox, tmp_path: Path, described: bool
):
    root = tmp_path / "parent" / "mine"
    root.parent.mkdir()
    arguments = ["--from", str(saved(shop)), "--target", "returned"]
    with cut_everywhere(root.parent, tmp_path / "images") as cuts:
        for key in ("energy/load", "energy/solar"):
            if not described:
                (root / "energy" / "industry.yaml").unlink(missing_ok=True)
            status, _, err = sectorforge("--catalogue", str(root), "new", key, *arguments)
            assert status == 0, err
        images = cuts()
    made = {key: hashes(root / key) for key in ("energy/load", "energy/solar")}
    for image in images:
        there = {key: hashes(image / "mine" / key) for key in made if (image / "mine" / key).exists()}
        assert there == {key: made[key] for key in there}
    assert hashes(images[-1] / "mine") | hashes(root) == hashes(images[-1] / "mine")


# --- what is refused --------------------------------------------------------------------------------------------------


def constant(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(returned=pl.lit(1))


@pytest.mark.parametrize(
    ("key", "target", "change", "options", "message"),
    [
        (NEW, "retruned", lambda frame: frame, [], "has no column 'retruned'; did you mean 'returned'?"),
        (NEW, "returned", constant, [], "the target 'returned' is 1 in all 300 rows: nothing can be learned"),
        (NEW, "returned", lambda frame: frame.head(20), [], "20 rows have a target, 50 are needed"),
        (NEW, "returned", lambda frame: frame.clear(), [], "empty, no row below the header"),
        (NEW, "returned", lambda frame: frame, ["--task", "driving"], "'driving' can't be proposed"),
        (KEY, "returned", lambda frame: frame, [], "is there already, and is left as it is"),
        ("Energy/load", "returned", lambda frame: frame, [], "write industry/use_case in a-z"),
        ("../load", "returned", lambda frame: frame, [], "'../load' is no key"),
        ("energy", "returned", lambda frame: frame, [], "'energy' is no key"),
        ("energy/load/now", "returned", lambda frame: frame, [], "is no key"),
        (
            "retail/again",
            "returned",
            lambda frame: frame,
            ["--title", "will this order come BACK?"],
            "is already the title of retail/returns",
        ),
    ],
)
def test_what_can_not_be_made_is_refused_and_leaves_nothing(
    shop: Sandbox,
    key: str,
    target: str,
    change: Callable[[pl.DataFrame], pl.DataFrame],
    options: list[str],
    message: str,
):
    data = saved(shop, frame=change(orders()))
    before = hashes(shop.folder)
    status, out, err = new(data, *options, key=key, target=target)
    assert (status, out) == (2, "")
    assert message in " ".join(err.split())
    assert hashes(shop.folder) == before
    assert not (shop.root / "energy").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.csv", None, "there is no file"),
        ("empty.csv", b"", "empty (0 bytes)"),
        ("orders.pdf", b"%PDF", "no format goes with '.pdf'"),
        ("orders.parquet", b"no parquet", "orders.parquet: "),
        ("orders.pickle", b"cos\nsystem\n.", "a pickle can run code, so it is not read"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused(shop: Sandbox, name: str, content: bytes | None, message: str):
    if content is not None:
        (shop.folder / name).write_bytes(content)
    status, _, err = new(shop.folder / name)
    assert status == 2
    assert message in " ".join(err.split())


# --- to the end -------------------------------------------------------------------------------------------------------


def export(rows: int = 600) -> bytes:
    """Deliveries as a spreadsheet of a German shop has them: a title, semicolons, decimal commas, Latin-1, a footer."""
    draw = np.random.default_rng(0)
    weight, distance = draw.gamma(2, 2, rows), draw.integers(5, 900, rows)
    place, days = draw.choice(["Köln", "Düren", "Kleve"], rows), draw.gamma(1.5, 0.4, rows)
    took = 0.5 + 0.01 * distance + days + (place == "Kleve")
    days_of_year = [f"{n % 28 + 1:02d}.{n * 12 // rows + 1:02d}.2024" for n in range(rows)]
    lines = [
        f"{n};{days_of_year[n]};{place[n]};{distance[n]};{_comma(weight[n])};{_comma(took[n])}" for n in range(rows)
    ]
    head = "Lieferungen 2024;;;;;\n\nNr;Tag;Ort;Entfernung;Gewicht;Dauer\n"
    return f"{head}{chr(10).join(lines)}\nSumme;;;;;{_comma(took.sum())}\nStand: 01.01.2025\n".encode("latin1")


def _comma(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


@pytest.mark.slow
def test_a_messy_file_becomes_a_judged_model_without_an_edit(shop: Sandbox):
    data = shop.folder / "Lieferungen.csv"
    data.write_bytes(export())
    key = "logistics/delivery_time"
    status, out, _ = new(data, key=key, target="Dauer")
    assert status == 0, out
    assert sectorforge("check")[0] == 0
    with shop.instance():
        status, out, err = sectorforge("run", key)
    assert status == 0, out + err
    judged = load(Evaluation, shop.current("evaluation", key))
    assert (judged.task, judged.rows.raw, judged.rows.quarantined) == ("regression", 600, 0)
    missed = {gate.name for gate in judged.gates if not gate.passed}
    assert missed <= {"min_lift_over_baseline"}, judged.verdict  # the least that other splits could leave of the gain
    assert judged.lift.decisive
    assert (shop.current("evaluation_report", key) / "report.html").is_file()
