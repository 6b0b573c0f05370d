"""Side by side with what a user would take instead, on the same inputs, one class.

The peers are MONAI's SoftclDiceLoss and, with the extra `peers`, topolosses' HutopoLoss. What the official codes take
is not measured here, since they cannot be installed.
"""

from typing import Any

from benchmarks._common import DEVICES, SIZES, logits_and_target, require_device, tiny

PEERS = ["cldice", "monai SoftclDiceLoss", "topoloss", "topolosses HutopoLoss"]
ITERATIONS = 10


class TimePeers:
    """Seconds for loss and gradient."""

    params = [PEERS, list(SIZES), DEVICES]
    param_names = ["loss", "size", "device"]
    version = "1"
    timeout = 600
    rounds = 2

    def setup(self, peer: str, size: str, device: str) -> None:
        require_device(device)
        import torch

        torch.set_num_threads(1)
        self.compute = _loss(peer)
        shape = SIZES[size]
        self.logits, self.target = logits_and_target(tiny(shape), device)
        self.run()
        self.logits, self.target = logits_and_target(shape, device)
        self.run()

    def run(self) -> float:
        """Compute loss and gradient, and wait for them."""
        self.logits.grad = None
        value = self.compute(self.logits, self.target)
        value.backward()
        return value.item()

    def time_forward_backward(self, peer: str, size: str, device: str) -> None:
        self.run()

    def peakmem_forward_backward(self, peer: str, size: str, device: str) -> None:
        self.run()


def _loss(peer: str) -> Any:
    """Build a loss of logits and class indices; each term alone, without a pixel-wise loss beside it."""
    import torch

    import losses

    if peer == "cldice":
        return losses.build("cldice", gamma=1.0, iterations=ITERATIONS)
    if peer == "topoloss":
        return losses.build("topoloss").topological_term
    if peer == "monai SoftclDiceLoss":
        from monai.losses import SoftclDiceLoss

        monai = SoftclDiceLoss(iter_=ITERATIONS)
        return lambda z, y: monai(y.to(z.dtype), torch.sigmoid(z))
    try:
        from topolosses.losses import HutopoLoss
    except ImportError as error:
        raise NotImplementedError(f"needs topolosses: pip install -e '.[peers]' ({error})") from error
    hutopo = HutopoLoss(sigmoid=True, use_base_loss=False)
    return lambda z, y: hutopo(z, y.to(z.dtype))
