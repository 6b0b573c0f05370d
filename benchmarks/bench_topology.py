"""Seconds of the topological primitives that losses and metrics stand on."""

from benchmarks._common import SIZES, logits_and_target, tubes

PRIMITIVES = ["skeletonize", "soft_skeleton", "label", "betti_numbers", "euler_number", "persistence_pairs"]


class TimeTopology:
    """Each primitive on tubes, or on their noisy probabilities."""

    params = [PRIMITIVES, list(SIZES)]
    param_names = ["primitive", "size"]
    version = "1"
    timeout = 300

    def setup(self, name: str, size: str) -> None:
        import torch

        import topology

        if not hasattr(topology, name):
            raise NotImplementedError(f"no {name} in this version")
        torch.set_num_threads(1)
        shape = SIZES[size]
        function, mask = getattr(topology, name), tubes(shape[2:])
        p = torch.sigmoid(logits_and_target(shape, "cpu")[0].detach())
        arguments = {"soft_skeleton": (p, 10), "persistence_pairs": (1 - p[0, 0], (0, 1))}.get(name, (mask,))
        self.call = lambda: function(*arguments)
        self.call()

    def time_primitive(self, name: str, size: str) -> None:
        self.call()
