"""Realistic evaluation records, made by hand: no model is fitted."""

from typing import Any

import numpy as np

from modeling.core.record import (
    Advantage,
    Baseline,
    Calibration,
    CandidateResult,
    Champion,
    ContractResult,
    Curve,
    Estimate,
    Evaluation,
    Explanation,
    Gate,
    Importance,
    Interval,
    LeakageFinding,
    Lift,
    OperatingPoint,
    Promise,
    Provenance,
    Repeated,
    RepeatedSplit,
    RowCounts,
    Slice,
    SliceGap,
    Spread,
    Step,
    Verdict,
)

DIGEST = "af36211f57585cff1a7a788ef3e0d52aecfac301893acaa7373d7f7d72a7f9d5"


def around(value: float, half: float) -> Interval:
    return Interval(value=value, low=value - half, high=value + half)


def learning_curve(floor: float, steps: int = 60) -> list[dict[str, float]]:
    return [
        {
            "step": step,
            "train": floor - 0.03 + 0.25 * float(np.exp(-step / 9)),
            "valid": floor + 0.26 * float(np.exp(-step / 8)) + 0.0004 * step,
        }
        for step in range(1, steps + 1)
    ]


def candidate(learner: str, family: str, metric: str, score: float, **more: Any) -> CandidateResult:
    return CandidateResult(
        **{
            "learner": learner,
            "family": family,
            "validation": {metric: score},
            "seconds": 4.2,
            "peak_memory_mb": 512.4,
            "predictions_per_second": 182_000.0,
            "device": "cpu",
            "precision": "float32",
            "device_reason": "no CUDA device was found",
            **more,
        }
    )


def behind(value: float, error: float | None) -> Advantage:
    return Advantage(value=value, standard_error=error)


def split(score: float) -> RepeatedSplit:
    return RepeatedSplit(
        learned=17_900,
        held_out=4_500,
        score=Estimate(value=score, standard_error=0.0081),
        lift=Advantage(value=score - 0.5, standard_error=0.0081),
        lift_over_simple=Advantage(value=0.0102, standard_error=0.0031),
    )


def gate(name: str, bound: float, measured: float | None, message: str, passed: bool = True) -> Gate:
    return Gate(name=name, bound=bound, measured=measured, passed=passed, message=message)


def contract_results() -> list[ContractResult]:
    declared = ContractResult(
        expectation="expect_column_values_to_be_between",
        column="LIMIT_BAL",
        rule="expect_column_values_to_be_between(min_value=0)",
        on_failure="quarantine",
        passed=False,
        checked=30_000,
        unexpected=35,
        examples=["-10000", "-50"],
        message="rows 17, 2310, 2311 and 32 more",
    )
    count = ContractResult(
        expectation="expect_table_row_count_to_be_between",
        column=None,
        rule="expect_table_row_count_to_be_between(min_value=1000)",
        on_failure="block",
        passed=True,
        checked=30_000,
        unexpected=0,
    )
    derived = [
        ContractResult(
            expectation="expect_column_to_exist",
            column=column,
            rule="expect_column_to_exist()",
            on_failure="block",
            passed=True,
            checked=30_000,
            unexpected=0,
            derived=True,
        )
        for column in ("ID", "LIMIT_BAL", "SEX", "AGE", "PAY_0", "BILL_AMT1")
    ]
    return [declared, count, *derived]


def findings() -> list[LeakageFinding]:
    return [
        LeakageFinding(name="exact_duplicates", passed=True, severity="error", message="no row occurs in two roles"),
        LeakageFinding(
            name="near_duplicates",
            passed=False,
            severity="warning",
            message="12 test rows differ from a training row in one column only",
            examples=["row 812 and row 20114", "row 901 and row 77"],
        ),
        LeakageFinding(
            name="single_feature", passed=True, severity="error", message="no single feature reaches ROC AUC 0.98"
        ),
    ]


def explanation() -> Explanation:
    features = ["PAY_0", "LIMIT_BAL", "PAY_2", "BILL_AMT1", "PAY_AMT1", "AGE", "EDUCATION", "SEX"]
    losses = [0.0712, 0.0144, 0.0121, 0.0083, 0.0061, 0.0012, 0.0004, -0.0003]
    return Explanation(
        importances=[
            Importance(feature=feature, loss=loss, spread=0.0011 + abs(loss) / 20)
            for feature, loss in zip(features, losses, strict=True)
        ],
        deleted=3,
        deletion_top=0.131,
        deletion_random=0.011,
        holds=True,
        stability=0.93,
    )


def provenance() -> Provenance:
    return Provenance(
        snapshot=DIGEST,
        definition="9be2" * 16,
        code="4c1d" * 16,
        seeds=[0, 1, 2],
        versions={"lightgbm": "4.7.0", "polars": "2.1.0", "torch": "2.13.0", "scikit-learn": "1.9.1"},
        run_id="5b0b6a1e-93b5-4a43-8a7e-5a2f1c3c1f60",
        finished_at="2026-11-23T14:05:09Z",
    )


def binary(**changes: Any) -> Evaluation:
    """A published credit model; its lift over the simple model is not decisive."""
    grid = np.linspace(0, 1, 101)
    thresholds = np.linspace(0.01, 0.6, 80)
    record: dict[str, Any] = {
        "use_case": "finance/credit_scoring",
        "industry": "finance",
        "title": "Will this card holder default next month?",
        "question": "Whom should we call before the next bill is due?",
        "task": "binary_classification",
        "metric": "roc_auc",
        "greater_is_better": True,
        "evidence": "real",
        "licence": "CC BY 4.0",
        "citation": "Yeh & Lien 2009, UCI 350, https://doi.org/10.24432/C55S3H",
        "data_version": DIGEST,
        "target": "default-payment-next-month",
        "classes": ["0", "1"],
        "target_summary": {"0": 0.7788, "1": 0.2212},
        "features": ["LIMIT_BAL", "SEX", "EDUCATION", "AGE", "PAY_0", "PAY_2", "BILL_AMT1", "PAY_AMT1"],
        "split": {"by": "random", "stratify": "target", "valid": 0.15, "test": 0.25, "seed": 0},
        "rows": RowCounts(raw=30_000, quarantined=35, train=17_979, valid=4_495, test=7_491),
        "groups": None,
        "units": 7_491,
        "seconds": 48.7,
        "champion": Champion(
            learner="ensemble",
            members={"lightgbm": 0.62, "tabm": 0.38},
            chosen_by="cheapest of 5 candidates that the best expected ROC AUC on 4,495 validation rows, that of "
            "ensemble, does not beat by more than one standard error of the paired difference",
            best="ensemble",
            steps=[
                Step(
                    name="recalibration",
                    taken=True,
                    advantage=Advantage(value=0.0031, standard_error=0.0012),
                    message="log loss is 0.0031 better with Platt scaling",
                ),
                Step(name="refit", taken=False, message="not refitted: the champion blends several learners"),
            ],
            validation={"roc_auc": 0.7871},
            test={
                "roc_auc": around(0.7843, 0.0117),
                "average_precision": around(0.5561, 0.0214),
                "log_loss": around(0.4272, 0.0088),
                "brier": around(0.1342, 0.0034),
            },
            seeds={0: 0.7843, 1: 0.7832, 2: 0.7851},
            predictions_per_second=91_300.0,
        ),
        "repeated": Repeated(splits=[split(0.7791), split(0.7874)], note="a third was not dealt"),
        "spreads": {"score": Spread(rows=0.006, seeds=0.001, splits=0.004, low=0.7689, high=0.7997)},
        "baseline": Baseline(
            learner="trivial",
            test={
                "roc_auc": around(0.5, 0),
                "average_precision": around(0.221, 0.009),
                "log_loss": around(0.528, 0.01),
            },
        ),
        "simple": Baseline(
            learner="logistic",
            test={"roc_auc": around(0.7751, 0.0119), "average_precision": around(0.5302, 0.0219)},
        ),
        "lift": Lift(value=0.2843, low=0.2725, high=0.2961, over="trivial", decisive=True),
        "lift_over_simple": Lift(value=0.0092, low=-0.0011, high=0.0195, over="logistic", decisive=False),
        "candidates": [
            candidate("trivial", "baseline", "roc_auc", 0.5, best_ahead=behind(0.2871, 0.0112), seconds=0.01),
            candidate("logistic", "baseline", "roc_auc", 0.7764, best_ahead=behind(0.0107, 0.0052), seconds=0.8),
            candidate(
                "lightgbm",
                "boosting",
                "roc_auc",
                0.7852,
                best_ahead=behind(0.0019, 0.0014),
                seconds=12.3,
                curve=learning_curve(0.43),
                parameters={"num_leaves": 24, "learning_rate": 0.05},
            ),
            candidate(
                "tabm",
                "deep",
                "roc_auc",
                0.7839,
                best_ahead=behind(0.0032, None),
                seconds=27.9,
                curve=learning_curve(0.44, 24),
                notes=["trained on 10,000 of 17,979 rows: CPU"],
            ),
            candidate(
                "ensemble", "ensemble", "roc_auc", 0.7871, best_ahead=behind(0.0, 0.0), champion=True, seconds=40.2
            ),
        ],
        "curves": {
            "roc": Curve(x=list(grid), y=list(grid**0.28)),
            "precision_recall": Curve(x=list(grid), y=list(0.92 - 0.7 * grid**1.4)),
            "net_benefit": Curve(x=list(thresholds), y=list(0.2212 * np.exp(-3.2 * thresholds))),
            "net_benefit_all": Curve(x=list(thresholds), y=list(0.2212 - 0.7788 * thresholds / (1 - thresholds))),
        },
        "calibration": Calibration(
            error=Interval(value=0.0121, low=0.0, high=0.0213),
            predicted=[0.04, 0.07, 0.09, 0.12, 0.14, 0.17, 0.2, 0.26, 0.42, 0.71],
            observed=[0.05, 0.07, 0.1, 0.11, 0.15, 0.16, 0.22, 0.25, 0.4, 0.73],
            count=[749, 749, 749, 749, 749, 749, 749, 749, 749, 750],
            slope=Interval(value=0.91, low=0.85, high=0.97),
            intercept=Interval(value=0.02, low=-0.05, high=0.09),
            brier_skill=Interval(value=0.221, low=0.203, high=0.239),
            event_share=0.2212,
        ),
        "decision": OperatingPoint(
            threshold=0.1832,
            cost_false_positive=1.0,
            cost_false_negative=5.0,
            recall=around(0.6521, 0.0231),
            precision=around(0.4123, 0.0202),
            specificity=around(0.7360, 0.0112),
            cost_per_1000=around(592.4, 21.3),
            cost_per_1000_never=1106.0,
            cost_per_1000_always=778.8,
            promises={
                "recall": Promise(
                    validation=around(0.711, 0.029),
                    change=Interval(value=-0.0589, low=-0.096, high=-0.0218),
                    moved=True,
                ),
                "specificity": Promise(
                    validation=around(0.731, 0.014), change=Interval(value=0.005, low=-0.013, high=0.023), moved=False
                ),
            },
        ),
        "confusion": [[4294, 1540], [577, 1080]],
        "slices": [
            Slice(column="SEX", level="1", rows=2981, positives=722, metric=around(0.781, 0.018)),
            Slice(column="SEX", level="2", rows=4510, positives=935, metric=around(0.786, 0.015)),
            Slice(column="AGE", level="21 to 29", rows=2400, positives=548, metric=around(0.771, 0.021)),
            Slice(column="AGE", level="30 to 44", rows=3800, positives=791, metric=around(0.793, 0.016)),
            Slice(column="AGE", level="75 and over", rows=9, positives=2, note="fewer than 50 rows"),
        ],
        "largest_slice_gap": SliceGap(
            column="AGE", better="30 to 44", worse="21 to 29", gap=Interval(value=0.022, low=0.0, high=0.061), pairs=2
        ),
        "explanation": explanation(),
        "leakage": findings(),
        "contract": contract_results(),
        "gates": [
            gate(
                "min_lift_over_baseline", 0.02, 0.2843, "lift in ROC AUC over trivial is 0.2843; at least 0.02 is asked"
            ),
            gate("max_calibration_error", 0.05, 0.0121, "expected calibration error is 0.0121; at most 0.05 is asked"),
            gate("no_leakage", 0, 0, "the audit found no leakage"),
            gate("evidence_is_real", 1, 1, "the data are real"),
        ],
        "published": True,
        "verdict": Verdict(
            outcome="gain not shown",
            reason="All gates are met, but it is not shown that ensemble beats logistic: ROC AUC +0.0092 (−0.0011 to "
            "+0.0195).",
            facts=["Trained with other seeds, ROC AUC on the test is 0.7832 to 0.7851."],
        ),
        "test_accesses": 1,
        "limits": ["One bank in one country, in 2005.", "The rows carry no date, so drift over time was not tested."],
        "provenance": provenance(),
    }
    return Evaluation(**{**record, **changes})


def held_back(**changes: Any) -> Evaluation:
    """A perturbed medical model that misses its calibration gate."""
    return binary(
        **{
            "use_case": "healthcare/disease_prediction",
            "industry": "healthcare",
            "title": "Will this patient develop coronary disease within ten years?",
            "evidence": "perturbed",
            "published": False,
            "verdict": Verdict(
                outcome="held back",
                reason="Not met: expected calibration error is 0.0812; at most 0.05 is asked.",
            ),
            "gates": [
                gate(
                    "max_calibration_error",
                    0.05,
                    0.0812,
                    "expected calibration error is 0.0812; at most 0.05 is asked",
                    passed=False,
                ),
                gate("no_leakage", 0, 0, "the audit found no leakage"),
                gate("evidence_is_real", 1, 0, "the data are perturbed: a demonstration, not for use", passed=False),
            ],
            "limits": ["The data are perturbed: what is measured on them need not hold for real ones."],
            "test_accesses": 3,
            "groups": 1_108,
            **changes,
        }
    )


def multiclass(**changes: Any) -> Evaluation:
    """Three kinds of flower, simulated."""
    classes = ["setosa", "versicolor", "virginica"]
    record: dict[str, Any] = {
        "use_case": "agriculture/species",
        "industry": "agriculture",
        "title": "Which species is this?",
        "question": "",
        "task": "multiclass_classification",
        "metric": "macro_f1",
        "evidence": "simulated",
        "verdict": Verdict(outcome="published", reason="All gates are met by lightgbm."),
        "classes": classes,
        "target_summary": dict.fromkeys(classes, 1 / 3),
        "champion": Champion(
            learner="lightgbm",
            members={"lightgbm": 1.0},
            chosen_by="highest macro F1 on validation rows",
            validation={"macro_f1": 0.95},
            test={"macro_f1": around(0.942, 0.02), "log_loss": around(0.18, 0.05)},
            seeds={0: 0.942},
            predictions_per_second=210_000.0,
        ),
        "baseline": Baseline(learner="trivial", test={"macro_f1": around(0.167, 0.01)}),
        "simple": Baseline(learner="logistic", test={"macro_f1": around(0.931, 0.03)}),
        "lift": Lift(value=0.775, low=0.74, high=0.81, over="trivial", decisive=True),
        "lift_over_simple": Lift(value=0.011, low=-0.02, high=0.04, over="logistic", decisive=False),
        "candidates": [candidate("lightgbm", "boosting", "macro_f1", 0.95, champion=True)],
        "curves": {},
        "decision": None,
        "largest_slice_gap": None,
        "repeated": None,
        "spreads": {},
        "confusion": [[50, 0, 0], [0, 46, 4], [0, 5, 45]],
        "slices": [],
    }
    return binary(**{**record, **changes})


def regression(**changes: Any) -> Evaluation:
    """Energy use of a building; lower RMSE is better."""
    levels = np.linspace(0.005, 0.995, 100)
    predicted = np.linspace(500, 4000, 20)
    record: dict[str, Any] = {
        "use_case": "energy/consumption",
        "industry": "energy",
        "title": "How much energy will this building use?",
        "question": "How much should we buy for the next day?",
        "task": "regression",
        "metric": "rmse",
        "greater_is_better": False,
        "verdict": Verdict(outcome="published", reason="All gates are met by lightgbm."),
        "classes": [],
        "target": "kilowatt_hours",
        "target_summary": {"mean": 1841.2, "std": 411.9, "min": 12.0, "max": 5210.5},
        "champion": Champion(
            learner="lightgbm",
            members={"lightgbm": 1.0},
            chosen_by="lowest RMSE on validation rows",
            validation={"rmse": 139.2},
            test={"rmse": around(142.31, 6.2), "mae": around(98.42, 4.1), "r2": around(0.881, 0.013)},
            seeds={0: 142.31, 1: 141.87, 2: 143.02},
            predictions_per_second=310_000.0,
        ),
        "baseline": Baseline(learner="trivial", test={"rmse": around(411.2, 12.0)}),
        "simple": Baseline(learner="ridge", test={"rmse": around(188.9, 8.0)}),
        "lift": Lift(value=268.89, low=255.1, high=282.4, over="trivial", decisive=True),
        "lift_over_simple": Lift(value=46.6, low=38.1, high=55.2, over="ridge", decisive=True),
        "candidates": [
            candidate("lightgbm", "boosting", "rmse", 139.2, champion=True, curve=learning_curve(0.5)),
            candidate("ridge", "baseline", "rmse", 184.1),
        ],
        "curves": {
            "residual_quantiles": Curve(x=list(levels), y=list(60 * np.log(levels / (1 - levels)))),
            "residual_p10": Curve(x=list(predicted), y=list(-0.09 * predicted)),
            "residual_p50": Curve(x=list(predicted), y=list(0.005 * predicted)),
            "residual_p90": Curve(x=list(predicted), y=list(0.1 * predicted)),
        },
        "calibration": None,
        "decision": None,
        "confusion": None,
        "largest_slice_gap": None,
        "repeated": None,
        "spreads": {},
        "slices": [Slice(column="site", level="north", rows=900, metric=around(150.1, 11.0))],
    }
    return binary(**{**record, **changes})


def tiny() -> Evaluation:
    """The least a record may hold: no simple model, no slices, no intervals, nothing audited."""
    bare = {"roc_auc": Interval(value=0.61)}
    return binary(
        champion=Champion(
            learner="lightgbm",
            members={"lightgbm": 1.0},
            chosen_by="highest ROC AUC on validation rows",
            validation={},
            test=bare,
            seeds={},
            predictions_per_second=1000.0,
        ),
        baseline=Baseline(learner="trivial", test={"roc_auc": Interval(value=0.5)}),
        simple=None,
        lift=Lift(value=0.11, over="trivial", decisive=False),
        lift_over_simple=None,
        candidates=[],
        curves={},
        calibration=None,
        decision=None,
        confusion=None,
        slices=[],
        largest_slice_gap=None,
        repeated=None,
        spreads={},
        explanation=None,
        leakage=[],
        contract=[],
        gates=[],
        question="",
        features=[],
        limits=[],
    )
