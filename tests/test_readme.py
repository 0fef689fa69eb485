"""The README's own blocks, run."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from catalogue.reader import Catalogue
from pipelines.vocabulary import read_catalogue

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL)


def commands(page: Path) -> list[list[str]]:
    lines = "".join(blocks(page, "bash")).splitlines()
    return [shlex.split(line, comments=True) for line in lines if line.strip()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_a_page_names_exists(page: Path):
    targets = [command[1] for command in commands(page) if command[0] == "make"]
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_the_commands_that_read_only_run_as_written(tmp_path: Path):
    reading = [c for c in commands(ROOT / "README.md") if c[0].endswith("sectorforge") and c[1] in ("list", "report")]
    assert len(reading) == 3
    for command in reading:
        program = [str(Path(sys.executable).parent / "sectorforge"), *command[1:]]
        environment = {"SECTORFORGE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        subprocess.run(program, cwd=ROOT, env=environment, check=True, capture_output=True)


def written(page: Path, folder: Path) -> Catalogue:
    """The catalogue of a page's first two YAML blocks, an industry and its use case, with made-up data."""
    industry, use_case = (block for block in blocks(page, "yaml")[:2])
    place = folder / "energy" / "load_forecast"
    place.mkdir(parents=True)
    (place.parent / "industry.yaml").write_text(industry)
    (place / "use_case.yaml").write_text(use_case)
    hours = pl.datetime_range(pl.datetime(2026, 1, 1), pl.datetime(2026, 1, 20), "1h", eager=True)
    load = 60 + 20 * (hours.dt.hour() / 6).sin()
    table = {"reading": range(len(hours)), "measured_at": hours, "hour": hours.dt.hour(), "load_mw": load}
    pl.DataFrame(table).with_columns(district=pl.lit("north")).write_csv(place / "readings.csv")
    return read_catalogue(folder)


@pytest.mark.parametrize("page", ["README.md", "docs/adding-an-industry.md"])
def test_the_new_industry_of_a_page_is_sound_and_its_data_meet_the_contract(page: str, tmp_path: Path):
    from assets.raw_data import snapshot
    from resources import contracts
    from resources.sources import Cache, settle

    catalogue = written(ROOT / page, tmp_path / "industries")
    assert catalogue.errors == []
    use_case = catalogue.use_cases["energy/load_forecast"]
    settle(use_case)
    verdict = contracts.validate(snapshot(use_case, Cache(tmp_path, None), print), use_case)
    assert verdict.passed
    assert verdict.accepted.height > 400
