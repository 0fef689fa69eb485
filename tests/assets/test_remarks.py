"""What was left out or changed on the way to the features is said by each step.

Belongs here: the metadata that the UI shows, the datasheet that the report repeats, and what the terminal is told. Does
not belong here: which sentences reading makes (`tests/resources/sources`).
"""

import polars as pl
import pytest

from assets import metadata
from assets.stages import latest
from modeling.artefacts import feature_set
from pipelines.run_events import remarks

from ..pipelines.sandbox import DELIVERY, KEY, Sandbox, orders

pytestmark = pytest.mark.slow
STEPS = ("raw_data", "features")


def test_each_step_says_what_it_left_out_or_changed(empty: Sandbox):
    paid = pl.Series("paid", ["Yes", "yes", "No"] * 100)
    frame = orders().with_columns(paid, constant=1, bin=pl.format("0{}", pl.int_range(300) % 7))
    why = {"price": "known only after the order"}
    folder = empty.place(frame=frame, columns={"identifier": ["order"], "drop": why})
    titled = "Orders of May\n" + (folder / DELIVERY).read_text()
    (folder / DELIVERY).write_text(titled)
    source = {"files": {"path": DELIVERY, "skip_before_header": 1}, "licence": "-", "citation": "-"}
    empty.place(columns={"identifier": ["order"], "drop": why}, source=source)
    with empty.instance() as instance:
        empty.make(instance, KEY, "raw_data", "validated_data", "quarantine", "drift", "features", job="data")

        read = ["1 line above the header not read", "300 values of 'bin' with leading zeros: read as text"]
        spelt = (
            "'paid' holds values that differ only in case or spaces, and count as different: 'Yes' (100), 'yes' (100)"
        )
        of_data, of_features = (metadata.sentences_of(latest(instance, name, KEY), metadata.REMARKS) for name in STEPS)
        assert [said[: len(one)] for said, one in zip(of_data, read, strict=True)] == read
        assert of_features == [
            "left out: 'price': known only after the order",
            "left out: 'constant': constant in training rows",
            spelt,
        ]
        assert feature_set.load(empty.current("features")).datasheet.remarks == [*of_data, spelt]
        (run,) = instance.get_runs()
        assert [said for entry in instance.all_logs(run.run_id) for said in remarks(entry)] == [*of_data, *of_features]
