"""How a company shows itself: its logo, its words, its styles within bounds, and visits counted without addresses."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlmodel import Session

from connector.errors import WrongInput
from connector.store.companies import CompanyRow, LogoRow
from portal.styles import read_styles
from sync.runtime import Runtime
from tests import cast
from tests.portal.conftest import Opener, csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture

HOME = "/c/harbor-tile"


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 300)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "#0f6b5f").save(out, kind)
    return out.getvalue()


def save(at_desk: Opener, who: str = cast.OMAR, *, logo: bytes = b"", **form: str) -> Any:
    desk = at_desk(who)
    data: dict[str, Any] = {"csrf_token": csrf_of(desk, "/staff/settings/brand"), **form}
    if logo:
        data["logo"] = (BytesIO(logo), "../logo.svg")
    return desk.post("/staff/settings/brand", data=data, content_type="multipart/form-data")


def company(rt: Runtime) -> CompanyRow:
    with Session(rt.db.engine) as session:
        return session.get_one(CompanyRow, cast.HARBOR)


# ------------------------------------------------------------------ logo


def test_a_logo_is_written_anew_and_stands_in_place_of_the_initials(
    at_desk: Opener, client: FlaskClient, rt: Runtime
) -> None:
    assert save(at_desk, logo=picture("JPEG")).status_code == 302
    version = company(rt).logo_version
    answer = client.get(f"{HOME}/logo/{version}.png")
    assert answer.headers["Content-Type"] == "image/png"
    assert "immutable" in answer.headers["Cache-Control"]
    with Image.open(BytesIO(answer.get_data())) as logo:
        assert (logo.format, logo.size) == ("PNG", (432, 144))
    page = client.get(f"{HOME}/sign-in").get_data(as_text=True)
    assert f"/logo/{version}.png" in page
    assert 'width="144" height="48"' in page
    assert 'class="tile"' not in page
    assert client.get(f"/c/quarry-lane/logo/{version}.png").status_code == 404
    save(at_desk, no_logo="yes")
    assert 'class="tile"' in client.get(f"{HOME}/sign-in").get_data(as_text=True)


@pytest.mark.parametrize(
    "logo",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\x89PNG\r\n\x1a\n and nothing more",
        picture() + bytes(1024 * 1024),
        b"%PDF-1.4",
    ],
)
def test_what_is_no_picture_or_too_large_is_refused(at_desk: Opener, rt: Runtime, logo: bytes) -> None:
    assert save(at_desk, logo=logo).status_code == 422
    with Session(rt.db.engine) as session:
        assert session.get(LogoRow, cast.HARBOR) is None


def test_a_picture_that_unpacks_to_very_many_pixels_is_refused(at_desk: Opener) -> None:
    out = BytesIO()
    Image.new("1", (9000, 6000)).save(out, "PNG")
    assert len(out.getvalue()) < 100_000
    assert save(at_desk, logo=out.getvalue()).status_code == 422


# ------------------------------------------------------------------ words and sender


def test_payers_read_the_companys_words_as_text(at_desk: Opener, opened: Opener) -> None:
    save(at_desk, message="Closed <b>until</b> 4 January")
    page = opened("68").get(f"{HOME}/i/68").get_data(as_text=True)
    assert "Closed &lt;b&gt;until&lt;/b&gt; 4 January" in page


def test_mails_come_from_the_senders_name(at_desk: Opener, rt: Runtime) -> None:
    from jobs.mail.letters import Letter

    save(at_desk, sender_name="Harbor Tile Accounts")
    assert Letter("receipt", "", {}, company(rt)).sender == "Harbor Tile Accounts"
    assert save(at_desk, sender_name="boss@bank.test, X").status_code == 422


def test_owners_alone_change_it(at_desk: Opener, rt: Runtime) -> None:
    assert save(at_desk, cast.INES, message="Hello").status_code == 403
    assert company(rt).message == ""


# ------------------------------------------------------------------ styles


def test_styles_reach_inside_the_page_and_no_further(at_desk: Opener, opened: Opener) -> None:
    save(at_desk, styles="/* ours */ .button, h1 { border-radius: 4px; color: rgb(10, 20, 30) }")
    page = opened("68").get(f"{HOME}/i/68").get_data(as_text=True)
    assert ".page .button,.page h1{border-radius:4px;color:rgb(10, 20, 30)}" in page


@pytest.mark.parametrize(
    "styles",
    [
        "@import 'https://evil.test/a.css';",
        "@font-face { font-family: x; src: url(https://evil.test/a) }",
        ".button { background-color: url(https://evil.test/pixel) }",
        ".button { background-image: url(x) }",
        ".button { color: expression(alert(1)) }",
        ".button { color: var(--x) }",
        ".button { color: red } </style><script>alert(1)</script>",
        ".figure { display: none }",
        ".figure { content: '1.00' }",
        "input[value^='4'] { color: red }",
        ":root { color: red }",
        ".a > .b { color: red }",
        ".button { color: r\\65 d }",
        ".button { font-family: 'a</style>' }",
        ".button { color: red",
        "x" * 9000,
    ],
)
def test_what_styles_could_do_harm_with_is_refused(styles: str) -> None:
    with pytest.raises(WrongInput):
        read_styles(styles)


def test_no_styles_are_no_rules() -> None:
    assert read_styles("") == ""
    assert read_styles(".a {}") == ""
    assert (
        read_styles("a:hover { text-decoration: none !important }") == ".page a:hover{text-decoration:none !important}"
    )


# ------------------------------------------------------------------ visits


def test_visits_are_counted_by_nonce_and_never_where_money_is_entered(at_desk: Opener, opened: Opener) -> None:
    save(at_desk, analytics_id="g-ab12cd34ef")
    guest = opened("68")
    answer = guest.get(f"{HOME}/i/68")
    policy, page = answer.headers["Content-Security-Policy"], answer.get_data(as_text=True)
    assert 'src="https://www.googletagmanager.com/gtag/js?id=G-AB12CD34EF"' in page
    assert 'data-page="customer.show_invoice"' in page
    assert "https://*.google-analytics.com" in policy
    assert "'unsafe-inline'" not in policy
    paying = guest.get(f"{HOME}/pay?i=68")
    assert "googletagmanager" not in paying.get_data(as_text=True)
    assert "google" not in paying.headers["Content-Security-Policy"]


def test_without_an_id_no_page_speaks_to_anybody_else(opened: Opener) -> None:
    answer = opened("68").get(f"{HOME}/i/68")
    assert "google" not in answer.get_data(as_text=True) + answer.headers["Content-Security-Policy"]


def test_an_id_that_is_none_is_refused(at_desk: Opener, rt: Runtime) -> None:
    assert save(at_desk, analytics_id='G-1"><script>').status_code == 422
    assert company(rt).analytics_id == ""
