"""Files of a prepared dataset: PNG in 2D, NIfTI in 3D, as bytes that depend only on the pixels."""

import struct
import zlib

import numpy as np

# the longest block that deflate can store without compressing
_LONGEST_BLOCK = 65535
_PNG_COLOUR_TYPE = {1: 0, 3: 2}


def encode(image: np.ndarray, spacing: tuple[float, ...], *, stored: bool) -> bytes:
    """Return the bytes of a 2D PNG or a 3D NIfTI file.

    Args:
        image: (H, W) or (3, H, W), uint8; or (D, H, W) with three `spacing` values, any integer or float type.
        spacing: one number for each spatial axis; decides between 2D and 3D.
        stored: without compression: then the bytes are identical on every machine, whatever its version of zlib.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: a 2D image that is not 8 bit grey or RGB.
    """
    if len(spacing) == 3:
        return _encode_nifti(image, spacing, stored=stored)
    if image.dtype != np.uint8 or not (image.ndim == 2 or (image.ndim == 3 and image.shape[0] == 3)):
        raise ValueError(f"a 2D image must be uint8, (H, W) or (3, H, W), got {image.dtype} {image.shape}")
    rows = image if image.ndim == 2 else np.moveaxis(image, 0, -1)
    return _encode_stored_png(rows) if stored else _encode_png(rows)


def _encode_png(rows: np.ndarray) -> bytes:
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(rows).save(buffer, format="PNG", compress_level=3)
    return buffer.getvalue()


def _encode_stored_png(rows: np.ndarray) -> bytes:
    height, width = rows.shape[:2]
    channels = 1 if rows.ndim == 2 else rows.shape[2]
    header = struct.pack(">IIBBBBB", width, height, 8, _PNG_COLOUR_TYPE[channels], 0, 0, 0)
    # every row starts with its filter type, 0: none
    data = np.pad(rows.reshape(height, -1), ((0, 0), (1, 0))).tobytes()
    stream = b"\x78\x01" + _stored_blocks(data) + struct.pack(">I", zlib.adler32(data))
    chunks = [(b"IHDR", header), (b"IDAT", stream), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, content) for kind, content in chunks)


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _stored_blocks(data: bytes) -> bytes:
    blocks = []
    for start in range(0, max(len(data), 1), _LONGEST_BLOCK):
        block = data[start : start + _LONGEST_BLOCK]
        is_last = start + _LONGEST_BLOCK >= len(data)
        blocks.append(struct.pack("<BHH", is_last, len(block), len(block) ^ 0xFFFF) + block)
    return b"".join(blocks)


def _encode_nifti(volume: np.ndarray, spacing: tuple[float, ...], *, stored: bool) -> bytes:
    import gzip

    import nibabel

    # NIfTI counts its axes x, y, z, arrays here z, y, x
    affine = np.diag([*reversed(spacing), 1.0])
    header = nibabel.Nifti1Header(endianness="<")
    little = volume.astype(volume.dtype.newbyteorder("<"), copy=False)
    image = nibabel.Nifti1Image(np.transpose(little), affine, header=header, dtype=little.dtype)
    image.header.set_xyzt_units("mm")
    data = image.to_bytes()
    if not stored:
        return gzip.compress(data, compresslevel=6, mtime=0)
    head = b"\x1f\x8b\x08\x00" + b"\x00" * 4 + b"\x00\xff"
    return head + _stored_blocks(data) + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
