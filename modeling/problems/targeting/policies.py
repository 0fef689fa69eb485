"""From scores of actions to a policy, and what a policy is worth by the logs of another.

Belongs here: the table of every action a row could have had, the policy made of its scores, and off-policy estimators.
Does not belong here: making the rows (`modeling.problems.targeting.impressions`), or models of clicks
(`modeling.learners`).

Estimators read ``truth [u, 2]``: reward and propensity of the logged action; and ``answers [u, 3]``: the policy's
probability of the logged action, the reward model's expectation under the policy, and its value at the logged action.
"""

from collections.abc import Iterator

import numpy as np

from modeling.core.metrics import Prepared, Score, mean
from modeling.core.table import Rows, Table
from modeling.core.task import Predictor

ACTIONS = "actions"
"""The table of `Table.shared` with a row an action: `pool`, `name`, `click_rate` (the reward model, from training
rows), `logged_score`, and what the action's features are in the table."""
POOL, NAME, CLICK_RATE, LOGGED_SCORE = "pool", "name", "click_rate", "logged_score"
ACTION, PROPENSITY, JUDGED = "action", "propensity", "judged"
"""Columns of `Table.content` beside `pool`: the logged action's row in `actions`, its propensity, whether the row is
scored. A feature that depends on user and action has a list there: its value for every action of the pool."""
ROWS_AT_ONCE = 1000


def judged_rows(rows: Rows) -> Table:
    """The rows whose logger is the one that policies are judged on."""
    return rows.table.rows(rows.table.content[JUDGED].to_numpy())


def every_action(table: Table) -> tuple[Table, np.ndarray, np.ndarray]:
    """The rows of `table` once for every action of their pool, and for each the row ``[m]`` and the action ``[m]``."""
    actions, pool = table.shared[ACTIONS], table.content[POOL].to_numpy()
    members = {code: np.flatnonzero(actions[POOL].to_numpy() == code) for code in np.unique(pool)}
    action = np.concatenate([members[code] for code in pool])
    row = np.repeat(np.arange(len(table)), [len(members[code]) for code in pool])
    expanded = table.rows(row)
    for name in table.names:
        if name in actions.columns:
            expanded = expanded.with_column(name, actions[name].to_numpy()[action])
        elif name in table.content.columns:
            expanded = expanded.with_column(name, table.content[name].explode().to_numpy())
    return expanded, row, action


def chosen(model: Predictor, table: Table, sharpness: float) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Row ``[m]``, action ``[m]`` and probability ``[m]``, some rows at a time: in proportion to the model's click
    probability to the power of `sharpness`, a softmax of its logarithm (Luce 1959)."""
    for start in range(0, len(table), ROWS_AT_ONCE):
        expanded, row, action = every_action(table.rows(slice(start, start + ROWS_AT_ONCE)))
        score = np.maximum(model.predict(expanded), np.finfo(float).tiny) ** sharpness
        yield row + start, action, score / np.bincount(row, score)[row]


def followed(model: Predictor, table: Table, sharpness: float) -> np.ndarray:
    """``[n, 3]``: the answers that the estimators read."""
    logged, rate = table.content[ACTION].to_numpy(), table.shared[ACTIONS][CLICK_RATE].to_numpy()
    answers = np.column_stack([np.zeros(len(table)), np.zeros(len(table)), rate[logged]])
    for row, action, probability in chosen(model, table, sharpness):
        same = action == logged[row]
        answers[row[same], 0] = probability[same]
        np.add.at(answers[:, 1], row, probability * rate[action])
    return answers


@Score
def snips(truth: np.ndarray, answers: np.ndarray) -> Prepared:
    """Self-normalised inverse propensity score: the mean reward, each row weighted by how much likelier the policy is
    to act as logged (Swaminathan & Joachims 2015)."""
    weight = ratio(truth, answers)
    weighted = weight * truth[:, 0]
    return lambda times: float(times @ weighted / (times @ weight)) if times @ weight else np.nan


@Score
def doubly_robust(truth: np.ndarray, answers: np.ndarray) -> Prepared:
    """The reward model's expectation, corrected by its weighted errors on logged actions (Dudík et al. 2011)."""
    return mean(answers[:, 1] + ratio(truth, answers) * (truth[:, 0] - answers[:, 2]))


@Score
def effective_share(truth: np.ndarray, answers: np.ndarray) -> Prepared:
    """Kish's effective sample size of the weights, as a share of the rows: 1 where the policy is the logged one."""
    weight = ratio(truth, answers)

    def score(times: np.ndarray) -> float:
        squares = times @ weight**2 * times.sum()
        return float((times @ weight) ** 2 / squares) if squares else np.nan

    return score


def ratio(truth: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """``[u]``: importance weights."""
    return answers[:, 0] / truth[:, 1]
