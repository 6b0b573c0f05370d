"""Seconds of the topological primitives on which losses and metrics are built."""

from benchmarks._common import SIZES, logits_and_target, tubes

PRIMITIVES = [
    "skeletonize",
    "soft_skeleton",
    "soft_skeleton_sums",
    "label",
    "touching_components",
    "betti_numbers",
    "euler_number",
    "persistence_pairs",
    "betti_matching",
]


class TimeTopology:
    """Each primitive on tubes, or on their noisy probabilities."""

    params = [PRIMITIVES, list(SIZES)]
    param_names = ["primitive", "size"]
    version = "2"
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
        arguments = {
            "soft_skeleton": (p, 10),
            "soft_skeleton_sums": (p, torch.from_numpy(mask).expand(shape), 10),
            "touching_components": (mask, tubes(shape[2:], seed=1)),
            "persistence_pairs": (-p[0, 0], (0, 1)),
            "betti_matching": (-p[0, 0], mask, -1.0),
        }.get(name, (mask,))
        self.call = lambda: function(*arguments)
        self.call()

    def time_primitive(self, name: str, size: str) -> None:
        self.call()
