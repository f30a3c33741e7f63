"""Rules of pictures that others made: small, square, pixels alone; whatever else comes is refused within limits."""

import io
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from clients.pictures import LARGEST_PNG, SIDE, PictureRefused, as_png


def picture(kind: str, size: tuple[int, int] = (600, 300), **more: object) -> bytes:
    """A picture of noise, which is the hardest to make small."""
    drawn = Image.effect_noise(size, 90).convert("P" if kind == "GIF" else "RGB")
    buffer = io.BytesIO()
    drawn.save(buffer, kind, **more)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_it_becomes_a_small_square_png(kind: str) -> None:
    png = as_png(picture(kind))
    made = Image.open(io.BytesIO(png))
    assert (made.format, made.width) == ("PNG", made.height)
    assert made.width <= SIDE
    assert len(png) <= LARGEST_PNG


def test_a_plain_one_keeps_its_full_size() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (900, 900), "#1e2a55").save(buffer, "PNG")
    assert Image.open(io.BytesIO(as_png(buffer.getvalue()))).size == (SIDE, SIDE)


def test_nothing_but_pixels_comes_along() -> None:
    told = PngImagePlugin.PngInfo()
    told.add_text("Comment", "<script>alert(1)</script>")
    exif = Image.Exif()
    exif[0x010E] = "Hà Giang, 22.8N 104.9E"
    for raw in (picture("PNG", pnginfo=told), picture("JPEG", exif=exif), picture("PNG") + b"<script>", picture("GIF") + b"PK\x03\x04"):
        png = as_png(raw)
        assert not any(secret in png for secret in (b"script", b"22.8N", b"PK\x03\x04", b"tEXt", b"eXIf", b"iCCP"))


def _png_saying(width: int, height: int, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


HOSTILE = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "html": b"<!doctype html><script>alert(1)</script>",
    "nothing": b"",
    "a bomb": _png_saying(60_000, 60_000, bytes(2_000_000)),
    "a ribbon": _png_saying(100_000, 1),
    "cut short": picture("PNG")[:900],
    "a header alone": b"\x89PNG\r\n\x1a\n",
    "a document": b"%PDF-1.7",
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n",
    "a bitmap": picture("BMP"),
    "a tiff": picture("TIFF"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_or_too_much_of_one_is_refused(name: str) -> None:
    with pytest.raises(PictureRefused):
        as_png(HOSTILE[name])
