"""The check of a GPU, where there is none: what it reports, and that nothing ends it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.gpu import __main__ as check
from benchmarks.gpu import networks, row, section
from benchmarks.gpu.measurement import Measurement, NotRun, Setting
from benchmarks.gpu.measurement import row as outcome
from benchmarks.gpu.row import MeasuredRow
from benchmarks.gpu.sections import SECTIONS, BenchmarkSection, batches

from ..requirements import pins

OF_A_GPU = {"kwh", "gpu", "gpu_memory_mb", "cuda", "energy", "largest_batch", "first_epoch_seconds"}


def raising(error: Exception) -> Measurement:
    def run() -> dict[str, float]:
        raise error

    return Measurement("case", "variant", run)


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (NotRun("needs a GPU"), "not run", "needs a GPU"),
        (ModuleNotFoundError("No module", name="rdkit.Chem"), "not run", "needs rdkit.Chem"),
        (ModuleNotFoundError("No module", name="modeling.gone"), "failed", "ModuleNotFoundError('No module')"),
        (ValueError("two\nlines"), "failed", "ValueError('two\\nlines')"),
    ],
)
def test_what_raises_is_a_row(error: Exception, status: str, reason: str) -> None:
    assert outcome("section", raising(error)) == MeasuredRow("section", "case", "variant", status, reason)  # pyright: ignore[reportArgumentType]


def test_times_faster_is_relative_to_the_reference_of_the_same_case() -> None:
    rows = [
        MeasuredRow("s", "a", "fast", figures={"seconds": 1.0}),
        MeasuredRow("s", "a", "slow", figures={"seconds": 10.0}),
        MeasuredRow("s", "b", "fast", figures={"seconds": 1.0}),
        MeasuredRow("s", "b", "slow", "failed", "it broke"),
    ]
    found = [one.figures.get("times_faster") for one in row.compared(rows, "slow")]
    assert found == [10.0, None, None, None]


def test_a_section_that_raises_is_reported_and_the_next_one_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SECTIONS, "broken", BenchmarkSection(0.5, "", "fits", ("no such problem",)))
    monkeypatch.setattr(check, "section", lambda name, device, _, quick: in_this_process(name, tmp_path))
    broken, *others = check.checked(["broken", "batches"], "cpu", 60, quick=True)
    assert (broken.status, broken.reason) == ("failed", "KeyError('no such problem')")
    assert [one.case for one in others] == list(batches.FIRST)


def in_this_process(name: str, folder: Path) -> list[MeasuredRow]:
    file = folder / f"{name}.jsonl"
    section.main(name, file, "cpu", quick=True)
    return row.read(file)


def test_a_section_that_takes_too_long_is_cut() -> None:
    (cut,) = check.section("text", "cpu", 0.2, quick=True)
    assert (cut.status, cut.reason) == ("cut", "not finished after 0 s")


def test_the_wheels_are_the_pinned_versions() -> None:
    assert pins("gpu").items() <= pins("image").items()


def test_shares_add_up() -> None:
    assert sum(one.share for one in SECTIONS.values()) == pytest.approx(1)


@pytest.mark.parametrize("name", batches.FIRST)
def test_a_step_of_every_bare_network(name: str, tmp_path: Path) -> None:
    setting = Setting("cpu", quick=True, folder=tmp_path)
    if name.startswith("text"):
        pytest.importorskip("transformers")
    if name.startswith("image"):
        pytest.importorskip("efficientnet_lite_pytorch")
    bare = batches.FIRST[name][0](setting)
    assert batches.rows_per_second(bare, bare.optimizer(), 2, setting) > 0


@pytest.mark.parametrize(("error", "memory"), [(torch.cuda.OutOfMemoryError, True), (RuntimeError, False)])
def test_batches_double_until_one_does_not_fit(error: type[RuntimeError], memory: bool) -> None:
    def rate(batch: int) -> float:
        if batch > 100:
            raise error
        return 10.0 * batch

    assert batches.doubled(rate, 32) == ({32: 320.0, 64: 640.0}, memory)
    with pytest.raises(error):
        batches.doubled(rate, 128)


@pytest.mark.slow
def test_compiled_tabm_takes_a_shorter_last_batch(tmp_path: Path) -> None:
    bare = networks.tabm(Setting("cpu", quick=True, folder=tmp_path))
    bare.network.compile(backend="aot_eager")
    for count in (64, 64, 37, 1):
        rows = bare.rows(count)
        bare.loss(bare.network(*rows.inputs), rows.target).backward()
    assert len(bare.network.eval()(*bare.rows(19).inputs)) == 19


@pytest.mark.slow
def test_the_command_writes_json_and_says_by_its_status_whether_all_ran(tmp_path: Path) -> None:
    file = tmp_path / "gpu.json"
    command = [sys.executable, "-m", "benchmarks.gpu", "--device", "cpu", "--quick", "--out", str(file)]
    found = subprocess.run([*command, "--section", "compile"], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "| compile | TabM, float32 | eager | not run |" in found.stdout
    assert json.loads(file.read_text())["complete"] is True


@pytest.mark.slow
def test_everything_runs_on_a_cpu_and_no_figure_is_made_up(tmp_path: Path) -> None:
    file = tmp_path / "gpu.json"
    assert check.main(["--device", "cpu", "--quick", "--seconds", "800", "--out", str(file)]) == 0
    report = json.loads(file.read_text())
    rows = [MeasuredRow(**one) for one in report["rows"]]
    assert {one.section for one in rows} == set(SECTIONS)
    assert {one.status for one in rows} <= {"ok", "not run"}
    assert all(one.figures["seconds"] > 0 for one in rows if one.status == "ok")
    assert all(one.reason and not one.figures for one in rows if one.status == "not run")
    assert all(one.status == "not run" for one in rows if one.variant == "cuda" or "compile" in one.variant)
    assert not OF_A_GPU & {*report["machine"], *(name for one in rows for name in one.figures)}
    learned = {one.case for one in rows if one.section == "artefacts"}
    assert {"tabm", "mlp", "cnn", "image_encoder", "sasrec", "molecule_graph"} <= learned
