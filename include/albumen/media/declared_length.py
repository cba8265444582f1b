"""How long a file must be by its own container."""

from __future__ import annotations

_MAX_BOXES = 4096


def declared_length(data: bytes, container: str) -> int:
    """The least length at which the file could be whole.

    Parameters
    ----------
    data : bytes
        The file, whole or cut off.
    container : str
        Pillow's name of the format.

    Returns
    -------
    int
        Bytes; 0 for formats that do not say.
    """
    if container == "WEBP":
        return 8 + int.from_bytes(data[4:8], "little")
    if container == "TIFF":
        # Writers that do not know sizes beforehand put the directory after the pixels.
        return 2 + int.from_bytes(data[4:8], "little" if data.startswith(b"II") else "big")
    if container in ("HEIF", "AVIF"):
        return _end_of_boxes(data)
    return 0


def _end_of_boxes(data: bytes) -> int:
    """End of the last top-level box of an ISO base media file (ISO/IEC 14496-12, section 4.2)."""
    position = 0
    for _ in range(_MAX_BOXES):
        if position + 8 > len(data):
            break
        size = int.from_bytes(data[position : position + 4], "big")
        if size == 1:
            size = int.from_bytes(data[position + 8 : position + 16], "big")
        if size < 8:  # 0: to the end of the file
            return len(data)
        position += size
    return position
