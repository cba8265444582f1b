"""Photos nobody has seen before."""

from __future__ import annotations

import io
import random

from PIL import Image

EXIF_MAKE, EXIF_MODEL, EXIF_IFD, EXIF_DATE_TIME_ORIGINAL = 0x010F, 0x0110, 0x8769, 0x9003


def a_photo(seed: str | int, *, size: tuple[int, int] = (640, 480), taken: str = "2023:06:12 10:00:00") -> bytes:
    """A JPEG with a camera and a date; the same seed gives the same picture, another seed another one.

    Parameters
    ----------
    seed : str or int
        Decides the pixels.
    size : tuple of int
        Width and height, pixels.
    taken : str
        `DateTimeOriginal` as EXIF writes it.
    """
    noise = random.Random(seed).randbytes(32 * 24 * 3)  # noqa: S311
    picture = Image.frombytes("RGB", (32, 24), noise).resize(size, Image.Resampling.NEAREST)
    exif = picture.getexif()
    exif[EXIF_MAKE], exif[EXIF_MODEL] = "Test", "Camera"
    exif.get_ifd(EXIF_IFD)[EXIF_DATE_TIME_ORIGINAL] = taken
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90, exif=exif)
    return out.getvalue()


def a_motion_photo(seed: int | str, film: bytes, *, taken: str = "2023:06:12 10:00:00") -> bytes:
    """A photo with a clip behind it, as Google's cameras write one; arguments as of `a_photo`."""
    photo = a_photo(seed, taken=taken)
    body = b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta GCamera:MicroVideoOffset="%d"/>' % len(film)
    return photo[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + photo[2:] + film
