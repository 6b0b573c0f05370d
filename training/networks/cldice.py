"""The networks of clDice, as described in its appendix E: python -m training.networks.cldice -o counts.json."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runs import files
from training.networks._register import register

if TYPE_CHECKING:
    from torch import nn

# (filter size, output channels) of each layer but the last, by dataset
FCN_LAYERS = {
    "drive": ((3, 5), (5, 10), (5, 20), (3, 50)),
    "roads": ((3, 10), (5, 20), (7, 30), (11, 30), (7, 40), (5, 50), (3, 60)),
    "vessap": ((3, 5), (5, 10), (5, 20), (3, 50)),
}
_INPUTS = {"drive": (2, 3), "roads": (2, 3), "vessap": (3, 2)}
_UNET_3D = {"channels": (32, 64, 128, 256, 512), "kernel_sizes": (3, 3, 3, 5, 5)}


@register(divisor=lambda **_: 1)
def fcn(
    dims: int,
    in_channels: int,
    out_channels: int,
    *,
    kernel_sizes: Sequence[int] = (3, 5, 5, 3),
    channels: Sequence[int] = (5, 10, 20, 50),
) -> "nn.Module":
    """Build clDice's fully convolutional network: convolutions with ReLU and batch norm, then one of size 1 (E.1.1).

    Args:
        dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: number of classes.
        kernel_sizes: filter size of each layer but the last, odd.
        channels: output channels of each layer.

    Returns:
        The network, which keeps the size of the image.

    Raises:
        ValueError: the two lists differ in length, or a filter size is even.
    """
    from torch import nn

    if len(kernel_sizes) != len(channels) or any(size % 2 == 0 for size in kernel_sizes):
        raise ValueError(
            f"`kernel_sizes` of network 'fcn' must be odd and as many as `channels`, got {list(kernel_sizes)} and "
            f"{list(channels)}"
        )
    layers: list[nn.Module] = []
    before = in_channels
    for size, after in zip(kernel_sizes, channels, strict=True):
        layers += _convolution(dims, before, after, size)
        before = after
    return nn.Sequential(*layers, _layer("Conv", dims)(before, out_channels, 1))


@register(divisor=lambda channels, **_: 2 ** (len(channels) - 1))
def cldice_unet(
    dims: int,
    in_channels: int,
    out_channels: int,
    *,
    channels: Sequence[int] = (64, 128, 256, 512, 1024),
    kernel_sizes: Sequence[int] = (3, 3, 3, 3, 3),
    bilinear: bool = False,
) -> "nn.Module":
    """Build clDice's U-Net: two convolutions a level, ReLU and batch norm (E.1.2, E.2.2, E.4.2).

    The appendix writes five pooling steps and five steps up to 1024 channels; its parameter counts in 2D are those of
    the usual U-Net with the last level as the bottleneck, which is built here. In 3D, filters of size 5 in the last two
    levels, as written there, give 70.7 million parameters, filters of size 3 give 22.6; 19.21 are printed.

    Args:
        dims: 2 or 3.
        in_channels: channels of the image.
        out_channels: number of classes.
        channels: of each level, the last is the bottleneck.
        kernel_sizes: filter size of each level of the encoder; in the decoder it is 3.
        bilinear: upsample by interpolation and a convolution of size 1 (DRIVE) instead of a transposed one of size 2.

    Returns:
        The network; sides must be multiples of 2^(levels - 1).

    Raises:
        ValueError: `kernel_sizes` and `channels` differ in length.
    """
    if len(kernel_sizes) != len(channels):
        raise ValueError(
            f"`kernel_sizes` of network 'cldice_unet' must be {len(channels)} numbers, got {len(kernel_sizes)}"
        )
    return _unet(dims, in_channels, out_channels, list(channels), list(kernel_sizes), bilinear)


def _unet(
    dims: int, in_channels: int, out_channels: int, channels: list[int], kernels: list[int], bilinear: bool
) -> "nn.Module":
    from torch import cat, nn

    class Level(nn.Module):
        """One level with all deeper ones."""

        def __init__(self, before: int, depth: int) -> None:
            super().__init__()
            here = channels[depth]
            self.down = nn.Sequential(
                *_convolution(dims, before, here, kernels[depth]), *_convolution(dims, here, here, kernels[depth])
            )
            self.deeper = Level(here, depth + 1) if depth + 1 < len(channels) else None
            if self.deeper is not None:
                self.pool = _layer("MaxPool", dims)(2)
                self.up = _upsample(dims, channels[depth + 1], here, bilinear)
                self.merge = nn.Sequential(*_convolution(dims, 2 * here, here, 3), *_convolution(dims, here, here, 3))

        def forward(self, image: Any) -> Any:
            found = self.down(image)
            return found if self.deeper is None else self.merge(cat([found, self.up(self.deeper(self.pool(found)))], 1))

    return nn.Sequential(Level(in_channels, 0), _layer("Conv", dims)(channels[0], out_channels, 1))


def _convolution(dims: int, before: int, after: int, size: int) -> "list[nn.Module]":
    from torch import nn

    convolution = _layer("Conv", dims)(before, after, size, padding=size // 2)
    return [convolution, nn.ReLU(inplace=True), _layer("BatchNorm", dims)(after)]


def _upsample(dims: int, before: int, after: int, bilinear: bool) -> "nn.Module":
    from torch import nn

    if not bilinear:
        return _layer("ConvTranspose", dims)(before, after, 2, stride=2)
    mode = {2: "bilinear", 3: "trilinear"}[dims]
    return nn.Sequential(nn.Upsample(scale_factor=2, mode=mode), _layer("Conv", dims)(before, after, 1))


def _layer(name: str, dims: int) -> Any:
    from torch import nn

    return getattr(nn, f"{name}{dims}d")


def parameter_counts() -> dict[str, int]:
    """Count the parameters of clDice's table 2, from the networks themselves.

    Returns:
        Weights and biases of the convolutions, without batch norm, as the paper counts: fcn and unet of drive, roads
        and vessap (two channels).
    """
    counts = {}
    for dataset, (dims, inputs) in _INPUTS.items():
        sizes, channels = zip(*FCN_LAYERS[dataset], strict=True)
        counts[f"fcn_{dataset}"] = _count(fcn(dims, inputs, 1, kernel_sizes=sizes, channels=channels))
        parameters: dict[str, Any] = dict(_UNET_3D) if dims == 3 else {"bilinear": dataset == "drive"}
        counts[f"unet_{dataset}"] = _count(cldice_unet(dims, inputs, 1, **parameters))
    return counts


def _count(network: "nn.Module") -> int:
    from torch import nn

    norms = {id(p) for m in network.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm) for p in m.parameters()}
    return sum(parameter.numel() for parameter in network.parameters() if id(parameter) not in norms)


def main(arguments: list[str] | None = None) -> int:
    """Write the counts as JSON, for `python -m tables paper cldice --counts FILE`.

    Args:
        arguments: the command line, by default the process's own.

    Returns:
        Exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m training.networks.cldice", description=main.__doc__)
    parser.add_argument("-o", "--output", type=Path, required=True, help="JSON file")
    print(files.write_json(parser.parse_args(arguments).output, parameter_counts()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
