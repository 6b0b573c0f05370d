"""Forward and backward of every loss: time, peak memory, and the value, so that a change is seen beside the time."""

from benchmarks._common import DEVICES, SIZES, logits_and_target, registered, require_device, require_loss


class _Loss:
    params = [registered("losses"), list(SIZES), DEVICES]
    param_names = ["loss", "size", "device"]
    version = "1"
    timeout = 300

    def setup(self, slug: str, size: str, device: str) -> None:
        shape = SIZES[size]
        require_device(device)
        require_loss(slug, len(shape) - 2)
        import torch

        import losses

        torch.set_num_threads(1)
        self.device = device
        self.logits, self.target = logits_and_target(shape, device)
        self.loss = losses.build(slug)
        self.run()  # the first call compiles, allocates and imports

    def run(self) -> float:
        """Compute loss and gradient, and wait for them."""
        self.logits.grad = None
        value = self.loss(self.logits, self.target)
        value.backward()
        return value.item()  # waits for the device


class TimeLoss(_Loss):
    """Seconds for loss and gradient."""

    rounds = 2

    def time_forward_backward(self, slug: str, size: str, device: str) -> None:
        self.run()


class MemoryLoss(_Loss):
    """Peak memory; subtract `peakmem_reference` of the same parameters from `peakmem_forward_backward`."""

    def setup(self, slug: str, size: str, device: str) -> None:
        super().setup("dice_ce", size, device)  # what every loss needs is in the reference too
        import losses

        require_loss(slug, len(SIZES[size]) - 2)
        self.loss = losses.build(slug)

    def peakmem_reference(self, slug: str, size: str, device: str) -> None:
        """Interpreter, torch, data and Dice&CE."""

    def peakmem_forward_backward(self, slug: str, size: str, device: str) -> None:
        self.run()

    def track_cuda_peak(self, slug: str, size: str, device: str) -> int:
        """Bytes allocated on the GPU at the peak of one step, above what data and gradient take."""
        import torch

        if device != "cuda":
            raise NotImplementedError("host memory is measured by peakmem_forward_backward")
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        self.run()
        return torch.cuda.max_memory_allocated() - before

    track_cuda_peak.unit = "bytes"


class ValueLoss(_Loss):
    """The value on fixed input: a speed-up that changes it is seen in the same run."""

    def track_value(self, slug: str, size: str, device: str) -> float:
        return self.run()
