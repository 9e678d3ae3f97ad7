"""Pictures from outside: decoded within bounds and written anew, so that nothing of their bytes reaches a browser.

Knows no row and no page. Laws: PNG and JPEG alone are decoded; a picture that says it is huge is refused before it is
unpacked; what is written anew holds pixels and nothing else: no comment, no place, no profile.
"""

from __future__ import annotations

from io import BytesIO

from PIL import Image, ImageOps

MOST_PIXELS = 40_000_000
_FORMATS = ("PNG", "JPEG")
SIGNATURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"%PDF-": "application/pdf"}


class NoPicture(ValueError):
    """Bytes that are no picture, or one that is not decoded here."""


def media_type_of(body: bytes) -> str:
    """Return what a file is by its first bytes; anything unknown is bytes to be saved and nothing more."""
    known = (kind for signature, kind in SIGNATURES.items() if body.startswith(signature))
    return next(known, "application/octet-stream")


def small_jpeg(body: bytes, *, most: int) -> bytes:
    """Return a picture written anew as JPEG, at most so many pixels wide and high. Raises NoPicture."""
    picture = _decoded(body, most)
    out = BytesIO()
    _flat(picture).save(out, "JPEG", quality=82, optimize=True)
    return out.getvalue()


def png(body: bytes, *, wide: int, high: int) -> bytes:
    """Return a picture written anew as PNG within a width and a height, with what is clear in it. Raises NoPicture."""
    picture = _decoded(body, max(wide, high))
    picture.thumbnail((wide, high))
    out = BytesIO()
    picture.convert("RGBA").save(out, "PNG", optimize=True)
    return out.getvalue()


def _decoded(body: bytes, most: int) -> Image.Image:
    try:
        with Image.open(BytesIO(body), formats=_FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NoPicture("the picture has too many pixels")
            opened.draft("RGB", (most * 2, most * 2))  # a JPEG is unpacked at about the size that is wanted
            turned = ImageOps.exif_transpose(opened)
            turned.thumbnail((most, most))
            return _bare(turned)
    except NoPicture:
        raise
    except Exception as error:  # Pillow raises whatever a broken file makes it stumble over
        raise NoPicture(f"not a picture that can be read: {type(error).__name__}") from None


def _bare(picture: Image.Image) -> Image.Image:
    """Return the pixels alone: a copy would bring comments and profiles along."""
    pixels = picture.convert("RGB" if picture.mode in ("RGB", "L", "CMYK", "YCbCr") else "RGBA")
    bare = Image.new(pixels.mode, pixels.size)
    bare.paste(pixels)
    return bare


def _flat(picture: Image.Image) -> Image.Image:
    """Return a picture on white, as JPEG knows nothing clear."""
    if picture.mode == "RGB":
        return picture
    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground
