"""Seconds and peak memory of the metrics on one pair of masks."""

import numpy as np

from benchmarks._common import MASK_SIZES, flawed_pair, registered

CORE = ["dice", "cldice", "betti0_error", "betti1_error", "betti_error", "e0_gt", "ags"]


class TimeMetric:
    """Each metric on its own."""

    params = [registered("metrics"), list(MASK_SIZES)]
    param_names = ["metric", "size"]
    version = "1"
    timeout = 300
    rounds = 1

    def setup(self, slug: str, size: str) -> None:
        import metrics

        if slug not in metrics.names():
            raise NotImplementedError(f"no metric {slug!r} in this version")
        if len(MASK_SIZES[size]) not in metrics.entry(slug).dims:
            raise NotImplementedError(f"{slug} is not defined in {len(MASK_SIZES[size])}D")
        self.prediction, self.target = flawed_pair(MASK_SIZES[size])
        small = np.zeros((8,) * self.target.ndim, bool)
        metrics.explain(small, small, slug)  # imports what it needs

    def time_metric(self, slug: str, size: str) -> None:
        import metrics

        metrics.evaluate(self.prediction, self.target, [slug])

    def peakmem_metric(self, slug: str, size: str) -> None:
        self.time_metric(slug, size)

    def peakmem_reference(self, slug: str, size: str) -> None:
        """Interpreter and masks."""


class TimeTogether:
    """All metrics of a table in one call: skeletons and Betti numbers are computed once."""

    params = [["core", "all"], list(MASK_SIZES)]
    param_names = ["metrics", "size"]
    version = "1"
    timeout = 600
    rounds = 1

    def setup(self, which: str, size: str) -> None:
        self.pair = flawed_pair(MASK_SIZES[size])

    def time_together(self, which: str, size: str) -> None:
        import metrics

        metrics.evaluate(*self.pair, CORE if which == "core" else None)
