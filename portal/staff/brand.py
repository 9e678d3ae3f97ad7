"""How a company shows itself: logo, words at the top, its language, the sender of its mails, styles, counting visits.

Laws: owners change it; a logo is decoded and written anew before anybody sees it; styles are read by a strict grammar;
whatever it is, the page where money is entered carries no script of others.
"""

from __future__ import annotations

import hashlib
import re
from io import BytesIO
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from PIL import Image
from sqlmodel import Session

from connector.errors import WrongInput
from connector.pictures import NoPicture, media_type_of, png
from connector.store.companies import CompanyRow, LogoRow
from connector.translations import LANGUAGES, SOURCE
from portal.access.members import OWNER
from portal.here import runtime
from portal.security import takes
from portal.staff.gate import member, needs_role, pages
from portal.styles import read_styles
from sync import log

LARGEST_LOGO = 1024 * 1024
WIDE, HIGH = 480, 144  # pixels of a logo, three for each that is shown
_LONGEST = {"message": 300, "sender_name": 60}
_ANALYTICS = re.compile(r"G-[A-Z0-9]{4,14}")


@pages.get("/settings/brand")
def show_brand() -> ResponseReturnValue:
    """Show how the company shows itself."""
    return _page()


def _page(wrong: str = "") -> ResponseReturnValue:
    with runtime().db.read() as session:
        row = session.get_one(CompanyRow, member().company.id)
    page = render_template("staff/brand.html", row=row, wrong=wrong, typed=request.form, languages=LANGUAGES)
    return page, 422 if wrong else 200


@pages.post("/settings/brand")
@needs_role(OWNER)
@takes(LARGEST_LOGO + 64 * 1024)
def save_brand() -> ResponseReturnValue:
    """Save it."""
    rt, who = runtime(), member()
    try:
        wanted, logo = _read(request.form), _logo()
    except WrongInput as error:
        return _page(str(error))
    with rt.db.write("brand") as session:
        row = session.get_one(CompanyRow, who.company.id)
        if logo is not None:
            wanted["logo_version"] = _keep(session, who.company.id, logo)
        elif request.form.get("no_logo"):
            wanted["logo_version"] = ""
        changed = sorted(name for name, value in wanted.items() if getattr(row, name) != value)
        for name in changed:
            setattr(row, name, wanted[name])
        if changed:
            names = dict.fromkeys(name.removesuffix("_source").removesuffix("_version") for name in changed)
            sentence = f"{who.name} changed the brand: {', '.join(names).replace('_', ' ')}"
            log.write(session, rt, who.company.id, kind="connect", state="noted", sentence=sentence)
    flash("Saved. Payers see it from the next page on." if changed else "Nothing was changed.", "good")
    return redirect(url_for(".show_brand"))


def _read(form: Any) -> dict[str, Any]:
    """Read the fields of the form. Raises WrongInput."""
    wanted: dict[str, Any] = {name: " ".join(form.get(name, "").split())[:most] for name, most in _LONGEST.items()}
    if any(sign in wanted["sender_name"] for sign in '<>"@,;:'):
        raise WrongInput("The sender's name is a name: no address and none of the signs that addresses have.")
    wanted["analytics_id"] = form.get("analytics_id", "").strip().upper()
    if wanted["analytics_id"] and not _ANALYTICS.fullmatch(wanted["analytics_id"]):
        raise WrongInput("A measurement id of Google Analytics looks like G-AB12CD34EF.")
    wanted["language"] = form.get("language", SOURCE)
    if wanted["language"] not in LANGUAGES:
        raise WrongInput("Choose a language from the list.")
    source = form.get("styles", "").replace("\r\n", "\n").strip()
    wanted["custom_css"], wanted["custom_css_source"] = read_styles(source), source
    return wanted


def _logo() -> bytes | None:
    """Return the logo of the form, written anew; None where none was chosen. Raises WrongInput."""
    file = request.files.get("logo")
    body = file.stream.read(LARGEST_LOGO + 1) if file and file.filename else b""
    if not body:
        return None
    if len(body) > LARGEST_LOGO:
        raise WrongInput("The logo is larger than 1 MB. Save it smaller and try again.")
    if not media_type_of(body).startswith("image/"):
        raise WrongInput("The logo must be a PNG or a JPEG picture.")
    try:
        return png(body, wide=WIDE, high=HIGH)
    except NoPicture:
        raise WrongInput("The logo cannot be read as a picture. Save it as PNG and try again.") from None


def _keep(session: Session, company_id: str, body: bytes) -> str:
    with Image.open(BytesIO(body)) as picture:
        wide, high = picture.size
    version = f"{hashlib.sha256(body).hexdigest()[:12]}-{wide}-{high}"
    session.merge(LogoRow(company_id=company_id, version=version, wide=wide, high=high, body=body))
    return version
