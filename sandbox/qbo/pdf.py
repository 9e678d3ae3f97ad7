"""A very small PDF writer: text in Helvetica, lines, pages. Enough for a form that a person can open and print.

Knows nothing of invoices. Text outside Latin-1 is shown as a question mark: the built-in fonts of PDF have nothing
else.
"""

from __future__ import annotations

WIDTH, HEIGHT = 612, 792  # US letter, in points
_DIGITS = dict.fromkeys("0123456789$", 556) | dict.fromkeys(".,:/ ", 278) | {"-": 333, "(": 333, ")": 333, "%": 889}


def figures_width(text: str, size: float) -> float:
    """Return the width of figures in points; letters count as an average one."""
    return sum(_DIGITS.get(sign, 556) for sign in text) * size / 1000


class Sheet:
    """One page being drawn, from the top left corner."""

    def __init__(self) -> None:
        self._strokes: list[str] = []

    def write(self, text: str, x: float, y: float, *, size: float = 10, bold: bool = False) -> None:
        """Write one line of text with its baseline `y` points below the top."""
        coded = text.encode("cp1252", "replace").decode("latin-1")
        coded = coded.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        font = "F2" if bold else "F1"
        self._strokes.append(f"BT /{font} {size:g} Tf {x:g} {HEIGHT - y:g} Td ({coded}) Tj ET")

    def write_right(self, text: str, x: float, y: float, *, size: float = 10, bold: bool = False) -> None:
        """Write figures that end at `x`."""
        self.write(text, x - figures_width(text, size), y, size=size, bold=bold)

    def rule(self, x1: float, x2: float, y: float) -> None:
        """Draw a thin horizontal line."""
        self._strokes.append(f"0.6 w {x1:g} {HEIGHT - y:g} m {x2:g} {HEIGHT - y:g} l S")

    def content(self) -> bytes:
        """Return the page's content stream."""
        return "\n".join(self._strokes).encode("latin-1")


def bind(sheets: list[Sheet], *, title: str) -> bytes:
    """Return the sheets as one PDF file."""
    kids = " ".join(f"{6 + 2 * n} 0 R" for n in range(len(sheets)))
    name = title.encode("cp1252", "replace").decode("latin-1").replace("\\", "").replace("(", "").replace(")", "")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(sheets)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>",
        f"<< /Title ({name}) /Producer (Stand-in QuickBooks) >>".encode("latin-1"),
    ]
    for n, sheet in enumerate(sheets):
        stream = sheet.content()
        fonts = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>"
        box = f"/MediaBox [0 0 {WIDTH} {HEIGHT}]"
        page = f"<< /Type /Page /Parent 2 0 R {box} /Resources {fonts} /Contents {7 + 2 * n} 0 R >>"
        objects.append(page.encode())
        objects.append(f"<< /Length {len(stream)} >>\nstream\n".encode() + stream + b"\nendstream")
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    out += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
