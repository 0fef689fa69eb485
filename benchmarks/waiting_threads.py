"""What spinning threads cost: two equal LightGBM fits at once, two threads each.

Run as `python -m benchmarks.waiting_threads`, and again with `OMP_WAIT_POLICY=PASSIVE` before it; the figures of
`docs/decisions/0006-sleeping-threads.md` are from two cores. The argument `1` runs a single fit.
"""

import subprocess
import sys
import time

ROWS, COLUMNS, ROUNDS = 14_000, 40, 200


def fit() -> None:
    """One fit in this process; prints its seconds."""
    import lightgbm as lgb
    import numpy as np

    rng = np.random.default_rng(0)
    table = rng.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    target = (table[:, 0] + rng.normal(size=ROWS) > 0).astype(float)
    settings = {"objective": "binary", "num_threads": 2, "verbose": -1, "force_row_wise": True}
    started = time.perf_counter()
    lgb.train(settings, lgb.Dataset(table, target), ROUNDS)
    print(f"{time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    if sys.argv[1:] == ["1"]:
        fit()
    else:
        both = [subprocess.Popen([sys.executable, "-m", "benchmarks.waiting_threads", "1"]) for _ in range(2)]
        sys.exit(max(process.wait() for process in both))
