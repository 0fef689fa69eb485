"""What metrics are called and mean.

Belongs here: a title and a plain meaning for every metric of every task. They are kept here rather than taken from the
tasks, because an old record must still print when a task has changed. Does not belong here: the arithmetic
(`modeling.core.metrics`).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """What readers see of a metric: its name, and in a sentence what it means."""

    title: str
    meaning: str


METRICS = {
    "roc_auc": Words(
        "ROC AUC",
        "the chance that a case of a class is scored above one of another; 0.5 is guessing, 1 is perfect",
    ),
    "average_precision": Words("Average precision", "precision averaged over all recalls; guessing gives the share"),
    "log_loss": Words("Log loss", "how surprised the model is by what happens; lower is better"),
    "brier": Words("Brier score", "mean squared error of the probabilities; lower is better"),
    "accuracy": Words("Accuracy", "share of rows classified correctly"),
    "macro_f1": Words("Macro F1", "recall and precision combined, every class counting the same; 1 is perfect"),
    "rmse": Words("RMSE", "typical error in the target's unit, large errors weighing more; lower is better"),
    "mae": Words("MAE", "mean absolute error in the target's unit; lower is better"),
    "r2": Words("R²", "share of the target's variance explained; 0 is no better than the mean"),
    "mcc": Words("Matthews correlation", "agreement of calls and truth over both classes; 0 is guessing, 1 is perfect"),
    "sensitivity_at_specificity": Words(
        "Sensitivity at 90% specificity", "the share of events found where nine in ten of the others are left in peace"
    ),
    "uno_concordance": Words(
        "C-index (IPCW)", "the chance that of two, the one that fails first was called the riskier; 0.5 is guessing"
    ),
    "harrell_concordance": Words("C-index (Harrell)", "the same without a correction for what censoring hides"),
    "ndcg_10": Words("NDCG@10", "how high the first ten put what was really taken; 1 is perfect"),
    "recall_10": Words("Recall@10", "the share of what was really taken that is among the first ten"),
    "recall_50": Words("Recall@50", "the share of what was really taken that is among the first fifty"),
    "items_shown": Words("Items shown", "how many different items anybody sees among the first ten"),
    "snips": Words("SNIPS value", "clicks per impression, had the policy chosen instead; estimated from the log"),
    "doubly_robust": Words("DR value", "the same, with a reward model where the log says little"),
    "effective_share": Words("Effective sample share", "the share of the log that says anything about the policy"),
    "sharpe": Words("Sharpe ratio", "return a year for each unit of risk, after costs"),
    "annual_return": Words("Return a year", "after costs, before taxes"),
    "volatility": Words("Volatility a year", "standard deviation of the return; lower is calmer"),
    "cvar_95": Words("CVaR 95%, by day", "the mean loss of the worst day in twenty; lower is better"),
    "turnover": Words("Turnover a year", "how much of the value is traded; lower is cheaper"),
    "time_lost": Words("Time lost", "travel time beyond the best route known afterwards, as a share of it"),
    "detours": Words("Detours", "the share of trips sent another way than the best one; lower is better"),
    "arrival_error": Words("Arrival error", "how far the promised travel time is from the real one; lower is better"),
    "safe_progress": Words("Safe progress", "the way driven before any collision, as a share of the furthest possible"),
    "collision_rate": Words("Collision rate", "the share of drives that end in a collision; lower is better"),
    "progress": Words("Progress", "the way driven, as a share of the furthest possible; nothing after a collision"),
    "speed": Words("Mean speed", "metres a second"),
    "discomfort": Words("Discomfort", "how hard the car brakes, accelerates and turns; lower is better"),
}
