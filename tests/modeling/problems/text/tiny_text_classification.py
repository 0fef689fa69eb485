"""What is a note about: a tiny use case of the task text_classification."""

import numpy as np
import polars as pl

TOPICS = {
    "delivery": "parcel courier late arrived shipping box damaged driver",
    "payment": "invoice card refund charged bank price receipt paid",
    "product": "screen battery button broken loud colour size quality",
}
FILLERS = ["the", "a", "was", "and", "my", "it", "very", "again", "today", "please"]

CONTENT = {
    "title": "What is this note about?",
    "task": "text_classification",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "topic",
    "columns": {"identifier": ["id"], "text": ["note"]},
    "split": {"by": "random", "stratify": "target", "valid": 0.25, "test": 0.25},
    "parameters": {
        "text_lightgbm": {"init": "random", "max_length": 16, "trials": 1, "rounds": 30, "min_data_in_leaf": 5},
        "text_encoder": {"init": "random", "max_length": 16, "epochs": 8},
    },
}


def frame(seed: int = 0) -> pl.DataFrame:
    """300 notes, most of whose telling words belong to their topic."""
    draw = np.random.default_rng(seed)
    topics = draw.choice(list(TOPICS), 300)
    every = " ".join(TOPICS.values()).split()

    def note(topic: str) -> str:
        words = [*draw.choice(TOPICS[topic].split(), 3), draw.choice(every), *draw.choice(FILLERS, 5)]
        return " ".join(draw.permutation(words)).capitalize() + "."

    return pl.DataFrame({"id": np.arange(300), "note": [note(topic) for topic in topics], "topic": topics})
