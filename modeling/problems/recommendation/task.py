"""Which items will a user take next?

Belongs here: what is scored of a list. Does not belong here: the feature set
(`modeling.problems.recommendation.preparation`), lists and the arithmetic of their scores
(`modeling.problems.recommendation.ranking`), or what reports show (`modeling.problems.recommendation.chapters`).

All items that training knows are ranked, for every user who takes a new one in the role's window: no negatives are
sampled, no user is left out. Who has no history gets what is popular; a learner that reads profiles may narrow it down
to what is popular with people alike.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive
from modeling.core.learner import Outcome
from modeling.core.metrics import SHARE, Prepared, mean
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter, Described
from modeling.core.row_task import BaseTask
from modeling.core.task import EvaluatedChampion, Metric, Settings, by_name
from modeling.core.validated_data import ValidatedData
from modeling.problems.recommendation.chapters import chapters
from modeling.problems.recommendation.histories import HistoryRecipe
from modeling.problems.recommendation.preparation import FEWEST_USERS, prepare
from modeling.problems.recommendation.ranking import PLACES, ndcg, recall
from modeling.problems.recommendation.settings import RecommendationSettings


def _ndcg(truth: np.ndarray, lists: np.ndarray) -> Prepared:
    return mean(ndcg(truth, lists, PLACES))


@dataclass(frozen=True)
class Recommendation(BaseTask[RecommendationSettings]):
    """Interactions ``(user, item, time)``; the units are users, the answers lists ``[u, 50]`` of item codes."""

    name: ClassVar[str] = "recommendation"
    unit: ClassVar[str] = "users"
    fewest_groups: ClassVar[int] = FEWEST_USERS
    settings_type: ClassVar[type[Settings]] = RecommendationSettings
    recipe_type: ClassVar[type[Recipe]] = HistoryRecipe
    trivial: ClassVar[str] = "popularity"
    learners: ClassVar[tuple[str, ...]] = ("ease", "item_knn", "lightgbm_ranker", "sasrec")
    blends: ClassVar[bool] = False

    def outcome(self, classes: list[str]) -> Outcome:
        """Always `ranking`."""
        return "ranking"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the lists of items ``[users, k]``; NDCG@10 comes first."""
        return by_name(
            Metric("ndcg_10", "NDCG@10", True, SHARE(_ndcg)),
            Metric("recall_10", "recall@10", True, SHARE(lambda truth, lists: mean(recall(truth, lists, 10)))),
            Metric("recall_50", "recall@50", True, SHARE(lambda truth, lists: mean(recall(truth, lists, 50)))),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """A row for each user, with the history before a moment and what was taken after it. Raises as `prepare`."""
        return prepare(data, use_case, self.settings, derive)

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """Example lists, measures beyond accuracy, and the score by length of history."""
        return chapters(evaluated, self.trivial)

    def described(self, use_case: UseCase) -> Described:
        """What users take, from what they took."""
        which = use_case.target if self.settings.repeats else f"new {use_case.target}"
        profile = f"; what is known of the user ({', '.join(self.settings.profile)})" if self.settings.profile else ""
        return Described(
            target=f"which {which} each {use_case.columns.group} takes after the role's first moment, of those that "
            "training knows",
            features=f"what the user took before that moment, and when{profile}; what is known of the items",
        )


TASK = Recommendation
