"""clDice over the iterations of its soft skeleton: time grows with them; memory must not."""

from benchmarks import bench_losses
from benchmarks._common import DEVICES, SIZES

ITERATIONS = [3, 10, 24, 80]


class _CLDice:
    params = [ITERATIONS, list(SIZES), DEVICES]
    param_names = ["iterations", "size", "device"]
    version = "1"
    parameters: dict[str, int]

    def setup(self, iterations: int, size: str, device: str) -> None:
        self.parameters = {"iterations": iterations}
        super().setup("cldice", size, device)  # type: ignore[misc]


class RatioCLDice(_CLDice, bench_losses.RatioLoss):
    """Ratio to the time of Dice&CE."""


class MemoryCLDice(_CLDice, bench_losses.MemoryLoss):
    """Peak memory, as for the other losses."""
