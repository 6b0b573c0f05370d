"""Comparison with what a user would take instead, on the same inputs, one class.

The peers are MONAI's DiceCELoss, the baseline's own row, and SoftclDiceLoss, and, with the extra `peers`, topolosses'
HutopoLoss and TopographLoss. The official codes are not measured here, since they cannot be installed.
"""

from typing import Any

from benchmarks._common import DEVICES, SIZES, logits_and_target, require_device, tiny

PEERS = [
    "dice_ce",
    "monai DiceCELoss",
    "cldice",
    "monai SoftclDiceLoss",
    "topoloss",
    "topolosses HutopoLoss",
    "topograph",
    "topolosses TopographLoss",
]
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
        if "topograph" in peer.lower() and len(SIZES[size]) != 4:
            raise NotImplementedError("Topograph is defined in 2D")
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
    """Build a loss of logits and class indices; each term alone, without a pixel-wise loss."""
    import losses

    if peer == "dice_ce":
        return losses.build("dice_ce")
    if peer == "cldice":
        return losses.build("cldice", gamma=1.0, iterations=ITERATIONS)
    if peer.startswith("monai"):
        return _of_monai(peer)
    if peer.startswith("topolosses"):
        return _of_topolosses(peer)
    return losses.build(peer).topological_term


def _of_monai(peer: str) -> Any:
    import torch
    from monai.losses import DiceCELoss, SoftclDiceLoss

    if peer == "monai DiceCELoss":
        dice_ce = DiceCELoss(sigmoid=True)
        return lambda z, y: dice_ce(z, y.to(z.dtype))
    cldice = SoftclDiceLoss(iter_=ITERATIONS)
    return lambda z, y: cldice(y.to(z.dtype), torch.sigmoid(z))


def _of_topolosses(peer: str) -> Any:
    import torch

    try:
        from topolosses.losses import HutopoLoss, TopographLoss
    except ImportError as error:
        raise NotImplementedError(f"needs topolosses: pip install -e '.[peers]' ({error})") from error
    if peer == "topolosses HutopoLoss":
        hutopo = HutopoLoss(sigmoid=True, use_base_loss=False)
        return lambda z, y: hutopo(z, y.to(z.dtype))
    topograph = TopographLoss(softmax=True, use_base_loss=False)
    return lambda z, y: topograph(torch.cat([torch.zeros_like(z), z], 1), torch.cat([1 - y, y], 1).to(z.dtype))
