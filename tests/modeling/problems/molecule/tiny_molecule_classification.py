"""Whether a molecule is an acid: a tiny use case of the task molecule_classification."""

from itertools import product

import numpy as np
import polars as pl

CONTENT = {
    "title": "Is it an acid?",
    "task": "molecule_classification",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "acid",
    "columns": {"identifier": ["id"], "molecule": "smiles"},
    "split": {"by": "scaffold", "valid": 0.25, "test": 0.25},
    "learners": ["fingerprint", "molecule_lightgbm", "molecule_graph"],
    "parameters": {
        "molecule_lightgbm": {"trials": 1, "min_data_in_leaf": 5},
        "molecule_graph": {"width": 16, "layers": 2, "epochs": 4},
    },
}
RINGS = (
    "c1ccccc1",
    "c1ccncc1",
    "C1CCCCC1",
    "C1CCNCC1",
    "c1ccsc1",
    "c1ccoc1",
    "C1CCOC1",
    "C1CCCC1",
    "C1CCOCC1",
    "c1cncnc1",
)
CHAINS = ("C", "CC", "CCC", "COC", "CNC", "CSC")
ENDS = {"OC(=O)": 1, "OS(=O)(=O)": 1, "NC(=O)": 0, "OC": 0}


def frame(seed: int = 0) -> pl.DataFrame:
    """240 molecules: a ring of ten, a chain of six, an end of four, half of which are acids; one label in twenty is
    wrong."""
    draw = np.random.default_rng(seed)
    rows = [(f"{end}{chain}{ring}", ENDS[end]) for end, chain, ring in product(ENDS, CHAINS, RINGS)]
    wrong = draw.random(len(rows)) < 0.05
    smiles, acid = zip(*rows, strict=True)
    return pl.DataFrame({"id": np.arange(len(rows)), "smiles": smiles, "acid": np.array(acid) ^ wrong})
