"""The answers to the sealed test, unit by unit, so that later evidence need not open it.

Belongs here: that table. Does not belong here: measuring anything of it (`judgement`), or its file
(`modeling.artefacts.evaluated_model`).
"""

import polars as pl

from modeling.evaluation.experiment import Experiment, OpenedTest

ROW, TRUTH, GROUP = "row", "truth", "group"
CHAMPION, TRIVIAL, SIMPLE = "champion", "trivial", "simple"


def unit_answers(experiment: Experiment, test: OpenedTest) -> pl.DataFrame:
    """A row per unit: `row`, its number in the raw snapshot (where the units are the rows), `truth`, `group` (where
    units belong together), and what `champion`, `trivial` and, where there is one, `simple` answer; an array where an
    answer is several numbers."""
    names = {CHAMPION: test.champion, TRIVIAL: experiment.task.trivial, SIMPLE: experiment.simple}
    columns = {
        ROW: test.rows.number if experiment.task.by_row else None,
        TRUTH: test.units.truth,
        GROUP: test.units.group,
        **{column: test.answers[name] if name else None for column, name in names.items()},
    }
    return pl.DataFrame({name: pl.Series(name, values) for name, values in columns.items() if values is not None})
