"""Pictures that others made, turned into small ones of our own: decoded within limits and written anew, so that nothing else comes along."""

import io

from PIL import Image, ImageOps

SIDE = 256  # pixels
LARGEST_PNG = 20 * 1024  # bytes
MOST_PIXELS, LONGEST_SIDE = 4_000_000, 4096  # of the original, looked at before anything is unpacked
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")  # none of them can hold a program; SVG can
SIDES = (SIDE, 192, 128, 96, 64)
COLOURS = 128


class PictureRefused(Exception):
    """Not a picture that can be shown. The text is ASCII, for the client's developer."""


def as_png(raw: bytes) -> bytes:
    """The picture as a square PNG of at most 256 pixels and 20 KB: pixels alone, without text, profiles, places or further frames.
    Raises PictureRefused."""
    picture = _decoded(raw)
    for side in SIDES:
        for written in (
            _written(_square(picture, side)),
            _written(_square(picture, side).quantize(COLOURS, method=Image.Quantize.FASTOCTREE)),
        ):
            if len(written) <= LARGEST_PNG:
                return written
    raise PictureRefused("it cannot be made small enough")


def _decoded(raw: bytes) -> Image.Image:
    try:
        opened = Image.open(io.BytesIO(raw), formats=FORMATS)
        if opened.width * opened.height > MOST_PIXELS or max(opened.size) > LONGEST_SIDE:
            raise PictureRefused("it has too many pixels")
        opened.draft("RGB", (SIDE, SIDE))  # a JPEG is decoded no larger than needed
        opened.load()
        return ImageOps.exif_transpose(opened).convert("RGBA")
    except PictureRefused:
        raise
    except Exception as flaw:  # noqa: BLE001 - decoders of pictures fail in every way there is
        raise PictureRefused(f"it is no PNG, JPEG, WebP or GIF that can be read ({type(flaw).__name__})") from None


def _square(picture: Image.Image, side: int) -> Image.Image:
    return ImageOps.pad(picture, (side, side), color=(0, 0, 0, 0))


def _written(picture: Image.Image) -> bytes:
    picture.info.clear()
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
