"""The fits that sections measure: a learner, its hyperparameters, and rows.

Belongs here: the cases of each problem, and fitting one. Does not belong here: which of them a section measures, and
where (`sections`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from sklearn.metrics import roc_auc_score

from benchmarks.gpu import data, encoders
from benchmarks.gpu.measurement import Setting, measured
from modeling.core import memoisation
from modeling.core.compute import Compute
from modeling.core.learner import Fitting, Learner, Outcome
from modeling.core.table import Table
from modeling.problems import learners
from modeling.problems.recommendation.ranking import ndcg

Rows = Callable[[int, int], Table]
"""How many rows, and the seed."""
AUTHORS_SIZE = {"k": 32, "width": 512, "embedding": 16, "bins": 48}
SMALL = {"k": 4, "width": 32, "embedding": 8, "bins": 8}
VALID_ROWS, WARM_ROWS = 1000, 64
QUICK_ROWS = 70


@dataclass(frozen=True)
class FitCase:
    """A learner that is fitted to `rows` rows with finished hyperparameters: on any device the same work, whatever the
    clock says. `encoder` makes the folder that the hyperparameter `model` names."""

    name: str
    learner: str
    made: Rows
    rows: int
    parameters: dict[str, Any]
    outcome: Outcome = "binary"
    encoder: Callable[[], str] | None = None

    @property
    def train(self) -> Table:
        return _table(self.made, self.rows, 0)

    @property
    def valid(self) -> Table:
        return _table(self.made, min(VALID_ROWS, self.rows), 1)

    def fitted(self, compute: Compute, rows: int | None = None, **changes: Any) -> Learner:
        """Trained on the first `rows`; nothing is known from an earlier fit. `changes`: of the `Fitting`."""
        model = learners.learner(self.learner)()
        with memoisation.afresh():
            model.fit(self.train.rows(slice(0, rows)), self.valid, self.fitting(compute, **changes))
        return model

    def fitting(self, compute: Compute, **changes: Any) -> Fitting:
        classes = 2 if self.outcome == "binary" else 0
        parameters = self.parameters | ({"model": self.encoder()} if self.encoder else {})
        fitting = Fitting(self.outcome, classes, compute=compute, parameters=parameters, fixed=True)
        return replace(fitting, **changes)

    def figures(self, compute: Compute) -> dict[str, float]:
        """What a fit takes, after a short one that is not measured, and how good it is on other rows."""
        self.fitted(compute, WARM_ROWS)
        model, figures = measured(lambda: self.fitted(compute), compute.device)
        return figures | {"rows": self.rows, **self.metric(model)}

    def metric(self, model: Learner) -> dict[str, float]:
        """Random guessing reaches a `roc_auc` of 0.5 and hardly any `ndcg_10`."""
        predicted = model.predict(self.valid)
        if self.outcome == "ranking":
            return {"ndcg_10": float(ndcg(self.valid.target, predicted, 10).mean())}
        return {"roc_auc": float(roc_auc_score(self.valid.target, predicted))}


def of(problem: str, setting: Setting) -> list[FitCase]:
    """The cases of one problem, at the setting's size."""
    return [_quick(case) if setting.quick else case for case in PROBLEMS[problem](setting)]


def tabular(setting: Setting) -> list[FitCase]:
    tabm = SMALL if setting.quick else AUTHORS_SIZE
    return [
        FitCase("tabm", "tabm", data.tabular, 20_003, {"rows": 20_003, "epochs": 3} | tabm),
        FitCase("mlp", "mlp", data.tabular, 20_003, {"epochs": 2}),
        FitCase("lightgbm", "lightgbm", data.tabular, 20_003, {"rounds": 20 if setting.quick else 300}),
    ]


def text(setting: Setting) -> list[FitCase]:
    """Each network with all of it learning, with adapters, and with new last layers only."""
    length = 16 if setting.quick else 64
    words = partial(data.texts, words=length)
    return [
        FitCase(
            f"text_encoder, {size}, {tuning}",
            "text_encoder",
            words,
            515,
            {"tuning": tuning, "max_length": length, "epochs": 1},
            encoder=partial(encoders.folder, setting.folder, size, data.VOCABULARY, quick=setting.quick),
        )
        for size in encoders.SIZES
        for tuning in ("full", "lora", "frozen")
    ]


def image(setting: Setting) -> list[FitCase]:
    side = 32 if setting.quick else 224
    cnn = {"side": side // 2, "epochs": 2, "rows": 2001}
    encoder = {"side": side, "init": "random", "trained": 1000, "rows": 515, "epochs": 1}
    return [
        FitCase("cnn", "cnn", partial(data.images, side=side), 2001, cnn),
        FitCase("image_encoder", "image_encoder", partial(data.images, side=side), 515, encoder),
    ]


def recommendation(setting: Setting) -> list[FitCase]:
    return [FitCase("sasrec", "sasrec", data.histories, 2003, {"epochs": 3, "half_life": 30, "prior": 0}, "ranking")]


def molecule(setting: Setting) -> list[FitCase]:
    return [FitCase("molecule_graph", "molecule_graph", data.molecules, 1003, {"epochs": 3})]


PROBLEMS: dict[str, Callable[[Setting], list[FitCase]]] = {
    "tabular": tabular,
    "text": text,
    "image": image,
    "recommendation": recommendation,
    "molecule": molecule,
}


@lru_cache(8)
def _table(made: Rows, rows: int, seed: int) -> Table:
    return made(rows, seed)


def _quick(case: FitCase) -> FitCase:
    limit = {"rows": QUICK_ROWS} if "rows" in case.parameters else {}
    return replace(case, rows=QUICK_ROWS, parameters=case.parameters | limit)
