"""Hosts of companies' own: each shows its company alone, links begin with it, and a stranger's is answered 421."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import select

from connector.errors import WrongInput
from connector.store.access import PasskeyRow
from connector.store.companies import CompanyRow
from connector.store.log import LogRow
from connector.store.outbox import MailRow
from jobs.mail.envelope import fill_envelope, told
from jobs.mail.letters import write_letter
from portal.access import hosts, links
from portal.app import create_app
from sync.addresses import at_home, home_of
from sync.runtime import Runtime
from sync.wallets import offer_wallets
from tests import cast
from tests.portal.conftest import Opener, browser, csrf_of
from tests.portal.one_engine import database_url  # noqa: F401  # a fixture

OWN, QUARRYS = "rechnung.harbortile.test", "pay.quarry.test"
AT_OWN, HOME = f"http://{OWN}", "/c/harbor-tile"


@pytest.fixture
def hosted(rt: Runtime) -> Runtime:
    """Return a runtime in which two companies have hosts of their own."""
    with rt.db.write("cast") as session:
        session.get_one(CompanyRow, cast.HARBOR).host = OWN
        session.get_one(CompanyRow, cast.QUARRY).host = QUARRYS
    return rt


def kept(rt: Runtime) -> CompanyRow:
    with rt.db.read() as session:
        return session.get_one(CompanyRow, cast.HARBOR)


# ------------------------------------------------------------------ what stands where


def paths_of(app: Flask, slug: str) -> list[str]:
    """Return an address for each page that is read, with a company's slug where it takes one."""
    adapter = app.url_map.bind("x")
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    words = {"slug": slug, "filename": "base.css", "follow": 0}
    return [
        adapter.build(rule.endpoint, {name: words.get(name, "1") for name in rule.arguments})
        for rule in rules
        if not rule.endpoint.startswith("customer.") or "slug" in rule.arguments
    ]


@pytest.mark.usefixtures("hosted")
def test_no_page_of_anybody_else_stands_at_a_company_s_host(app: Flask, at_desk: Opener) -> None:
    ours, theirs = paths_of(app, "harbor-tile"), paths_of(app, "quarry-lane")
    foreign = [path for path in theirs if path not in ours] + [path for path in ours if not path.startswith("/c/")]
    assert len(foreign) > 80
    owner = at_desk(cast.OMAR)
    answered = {path: owner.get(path, base_url=AT_OWN).status_code for path in foreign}
    assert {path for path, status in answered.items() if status != 404} == {"/static/base.css"}
    assert owner.post("/hooks/quickbooks", base_url=AT_OWN).status_code == 404


@pytest.mark.usefixtures("hosted")
def test_a_company_s_pages_stand_at_its_host_and_at_the_installation_s(opened: Opener, client: FlaskClient) -> None:
    assert client.get("/", base_url=AT_OWN).location == f"{HOME}/"
    for base in (AT_OWN, f"http://{OWN.upper()}:8800", cast.PUBLIC_URL):
        assert "Harbor Tile" in client.get(f"{HOME}/sign-in", base_url=base).get_data(as_text=True)
    assert client.get("/c/quarry-lane/sign-in", base_url=f"http://{QUARRYS}").status_code == 200
    assert client.get("/").status_code == 404


@pytest.mark.usefixtures("hosted")
@pytest.mark.parametrize("path", ["/", "/staff/sign-in", f"{HOME}/sign-in", "/static/base.css", "/no/such", "/healthz"])
@pytest.mark.parametrize(
    "host", ["evil.test", f"x.{OWN}", f"{OWN}.evil.test", "pay.example.test.evil.test", "127.0.0.2", "a b", "[::1"]
)
def test_a_stranger_s_host_is_answered_421(client: FlaskClient, host: str, path: str) -> None:
    answer = client.get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert host not in answer.get_data(as_text=True) + str(answer.headers)


@pytest.mark.usefixtures("hosted")
def test_a_link_opens_at_the_host_of_its_company_alone(rt: Runtime, app: Flask) -> None:
    url = links.make_invoice_link(rt, cast.HARBOR, "68")
    assert url is not None
    assert url.startswith(f"{AT_OWN}{HOME}/l/")
    path = url.removeprefix(AT_OWN)
    with rt.db.write("short") as session:
        code = links.add_short_link(session, rt, cast.HARBOR, "68")
    for link in (path, f"/i/{links.in_groups(code)}"):
        assert browser(app).get(link, base_url=f"http://{QUARRYS}").status_code == 404
        for base in (AT_OWN, cast.PUBLIC_URL):
            payer = browser(app)
            opened = payer.get(link, base_url=base)
            assert opened.location == f"{HOME}/i/68"
            assert "Domain" not in opened.headers["Set-Cookie"]
            assert payer.get(f"{HOME}/i/68", base_url=base).status_code == 200


# ------------------------------------------------------------------ signing in there


def letter_to(rt: Runtime, to: str) -> tuple[str, str]:
    """Return the plain text of the last mail to somebody, as it is sent and as it is kept."""
    with rt.db.read() as session:
        mail = session.exec(select(MailRow).where(MailRow.to == to).order_by(MailRow.id.desc())).first()  # type: ignore[attr-defined]
        message = fill_envelope(
            write_letter(session, rt, mail), to=to, sender="a@b.test", message_id="<1@b.test>", at=cast.NOW
        )
    return message.get_body(("plain",)).get_content(), told(message, cast.PUBLIC_URL, AT_OWN)


@pytest.mark.parametrize("base", [AT_OWN, cast.PUBLIC_URL])
def test_a_sign_in_ends_at_the_host_where_it_was_asked_for(hosted: Runtime, app: Flask, base: str) -> None:
    dana = browser(app)
    token = re.search(r'name="csrf_token" value="([^"]+)"', dana.get(f"{HOME}/sign-in", base_url=base).text)
    assert token
    form = {"csrf_token": token[1], "email": "dana@bluemesa.test"}
    assert dana.post(f"{HOME}/sign-in", data=form, base_url=base, headers={"Origin": base}).status_code == 302
    text, remembered = letter_to(hosted, "dana@bluemesa.test")
    url = re.search(r"https?://\S+/sign-in/(\S+)", text)
    assert url
    assert url[0].startswith(base + HOME)
    assert url[1] not in remembered
    path = dana.get(url[0].removeprefix(base), base_url=base).location
    confirm = re.search(r'name="csrf_token" value="([^"]+)"', dana.get(path, base_url=base).text)
    assert confirm
    entered = dana.post(path, data={"csrf_token": confirm[1]}, base_url=base)
    assert entered.location == f"{HOME}/"
    assert dana.get(f"{HOME}/account", base_url=base).status_code == 200
    elsewhere = cast.PUBLIC_URL if base == AT_OWN else AT_OWN
    assert dana.get(f"{HOME}/account", base_url=elsewhere).status_code == 302, "a cookie is of one host"


@pytest.mark.usefixtures("hosted")
def test_a_form_of_another_host_is_refused(app: Flask) -> None:
    dana = browser(app)
    token = re.search(r'name="csrf_token" value="([^"]+)"', dana.get(f"{HOME}/sign-in", base_url=AT_OWN).text)
    assert token
    form = {"csrf_token": token[1], "email": "dana@bluemesa.test"}
    for origin in (cast.PUBLIC_URL, f"http://{QUARRYS}"):
        refused = dana.post(f"{HOME}/sign-in", data=form, base_url=AT_OWN, headers={"Origin": origin})
        assert refused.status_code == 403


def test_a_passkey_is_of_one_host_and_says_so(hosted: Runtime, signed_in: Opener) -> None:
    local = hosted.settings.model_copy(update={"public_url": "http://localhost"})
    object.__setattr__(hosted, "settings", local)
    with hosted.db.write("cast") as session:
        session.get_one(CompanyRow, cast.HARBOR).host = "harbor.localhost"
    old = PasskeyRow(
        credential_id="b2xk", company_id=cast.HARBOR, contact_id=cast.DANA, public_key="", name="Phone",
        host="rechnung.harbortile.test", created_at=cast.NOW,
    )  # fmt: skip
    cast.put(hosted.db, old)
    dana = signed_in(cast.DANA)
    page = dana.get(f"{HOME}/account").get_data(as_text=True)
    assert "It works at rechnung.harbortile.test alone." in page
    asked = dana.post(
        f"{HOME}/account/passkeys/challenge", data={"csrf_token": csrf_of(dana, f"{HOME}/account")}
    ).get_json()
    assert (asked["rp"]["id"], asked["excludeCredentials"]) == ("localhost", [])
    base = "http://harbor.localhost"
    token = re.search(r'name="csrf_token" value="([^"]+)"', dana.get(f"{HOME}/sign-in", base_url=base).text)
    assert token
    there = dana.post(f"{HOME}/sign-in/passkey/challenge", data={"csrf_token": token[1]}, base_url=base)
    assert there.get_json()["rpId"] == "harbor.localhost"


# ------------------------------------------------------------------ what is sent


def test_mails_lead_to_the_company_s_host_and_staff_to_the_installation_s(hosted: Runtime) -> None:
    with hosted.db.read() as session:
        row = session.get_one(CompanyRow, cast.HARBOR)
    token = "s3cret"
    url = f"{cast.PUBLIC_URL}{HOME}/l/{token}"
    context = json.dumps({"url": url, "invoice_id": "68"})
    cipher = hosted.vault.seal(context, company_id=cast.HARBOR, column="mail.context")
    cast.put(
        hosted.db,
        MailRow(
            id="mail-own", company_id=cast.HARBOR, key="invoice_link/1", kind="invoice_link", to="ap@bluemesa.test",
            context_cipher=cipher, due_at=cast.NOW, created_at=cast.NOW,
        ),
    )  # fmt: skip
    text, remembered = letter_to(hosted, "ap@bluemesa.test")
    assert f"{AT_OWN}{HOME}/l/{token}" in text
    assert cast.PUBLIC_URL not in text
    assert token not in remembered
    assert at_home(hosted.settings, row.host, f"{cast.PUBLIC_URL}/i/4K7Q") == f"{AT_OWN}/i/4K7Q"
    for other in (f"{cast.PUBLIC_URL}/staff/talk/1", "https://connect.stripe.test/c/1"):
        assert at_home(hosted.settings, row.host, other) == other


@pytest.mark.usefixtures("hosted")
def test_staff_hand_out_links_and_codes_at_the_company_s_host(at_desk: Opener) -> None:
    omar = at_desk(cast.OMAR)
    token = csrf_of(omar, "/staff/invoices/68")
    for what, begins in (("link", f"{AT_OWN}{HOME}/l/"), ("short", f"{AT_OWN}/i/")):
        assert begins in omar.post(f"/staff/invoices/68/{what}", data={"csrf_token": token}).get_data(as_text=True)
    page = omar.get("/staff/settings/sign-in").get_data(as_text=True)
    assert f"{AT_OWN}{HOME}/sign-in/provider/back" in page
    assert f"{cast.PUBLIC_URL}{HOME}/sign-in/provider/back" in page


def test_a_host_keeps_scheme_and_port_of_the_installation(rt: Runtime) -> None:
    for url, home in (("https://pay.test", f"https://{OWN}"), ("http://127.0.0.1:8800", f"http://{OWN}:8800")):
        settings = rt.settings.model_copy(update={"public_url": url})
        assert (home_of(settings, OWN), home_of(settings, None)) == (home, url)


def test_wallets_are_offered_at_every_host(hosted: Runtime) -> None:
    registered: list[str] = []

    class Stripe:
        def stripe(self, _company_id: str) -> Any:
            return self

        def register_host(self, host: str) -> bool:
            registered.append(host)
            return host != OWN

    object.__setattr__(hosted, "gateways", Stripe())
    assert offer_wallets(hosted, cast.HARBOR) is False
    assert registered == ["pay.example.test", OWN]


# ------------------------------------------------------------------ choosing one


def ask(at_desk: Opener, host: str, who: str = cast.OMAR) -> Any:
    desk = at_desk(who)
    form = {"csrf_token": csrf_of(desk, "/staff/settings/address"), "host": host}
    return desk.post("/staff/settings/address", data=form)


def opening(desk: FlaskClient) -> str | None:
    """Return the address that takes a host into use, as the page of the address links it."""
    page = desk.get("/staff/settings/address").get_data(as_text=True)
    found = re.search(r'href="(https?://[^"]+\?reached=[0-9a-f]{32})"', page)
    return found[1] if found else None


def test_a_host_is_used_once_it_was_reached(rt: Runtime, at_desk: Opener, client: FlaskClient) -> None:
    assert ask(at_desk, f" {OWN.upper()}. ").status_code == 302
    assert (kept(rt).host, kept(rt).host_wanted) == (None, OWN)
    assert (links.make_invoice_link(rt, cast.HARBOR, "68") or "").startswith(cast.PUBLIC_URL)
    assert "Open it once" in at_desk(cast.OMAR).get("/staff/settings/address").get_data(as_text=True)
    for forged in ("", "?reached=", f"?reached={'0' * 32}"):  # anybody can write a Host header
        assert client.get(f"{HOME}/sign-in{forged}", base_url=AT_OWN).status_code == 200
        assert (kept(rt).host, kept(rt).host_wanted) == (None, OWN)
    assert opening(at_desk(cast.INES)) is None, "an owner's to open"
    assert client.get(opening(at_desk(cast.OMAR)) or "", base_url=AT_OWN).status_code == 302
    assert (kept(rt).host, kept(rt).host_wanted) == (OWN, None)
    assert ("wallets", cast.HARBOR) in rt.bell.rings  # type: ignore[attr-defined]
    assert (links.make_invoice_link(rt, cast.HARBOR, "68") or "").startswith(AT_OWN)
    ask(at_desk, "neu.harbortile.test")
    assert (kept(rt).host, kept(rt).host_wanted) == (OWN, "neu.harbortile.test"), "the old one stays until then"
    ask(at_desk, "")
    assert (kept(rt).host, kept(rt).host_wanted) == (None, None)
    assert client.get(f"{HOME}/sign-in", base_url=AT_OWN).status_code == 421
    with rt.db.read() as session:
        said = [row.sentence for row in session.exec(select(LogRow).where(LogRow.kind == "connect"))]
    assert sum("harbortile.test" in one or "address of the installation" in one for one in said) == 4


@pytest.mark.parametrize(
    "host",
    [
        *("https://pay.harbortile.test", "pay.harbortile.test/c", "pay.harbortile.test:8443", "harbortile", "-a.test"),
        *("203.0.113.9", "a..test", "a_b.test", "*.harbortile.test", f"{'a' * 64}.test", "x@harbortile.test"),
        *("pay.example.test", QUARRYS, "localhost"),
    ],
)
def test_what_is_no_host_of_its_own_is_refused(hosted: Runtime, at_desk: Opener, host: str) -> None:
    assert ask(at_desk, host).status_code == 422
    assert (kept(hosted).host, kept(hosted).host_wanted) == (OWN, None)


def test_names_under_the_installation_s_domain(rt: Runtime) -> None:
    settings = rt.settings.model_copy(update={"portal_domain": "pay.test"})
    with rt.db.read() as session:
        row = session.get_one(CompanyRow, cast.HARBOR)
        assert hosts.read_host(session, settings, row, "harbor-tile") == "harbor-tile.pay.test"
        assert hosts.read_host(session, settings, row, "zahlung.müller.test") == "zahlung.xn--mller-kva.test"
        for taken in ("quarry-lane", "pay.test"):  # another company's first choice, and the domain itself
            with pytest.raises(WrongInput):
                hosts.read_host(session, settings, row, taken)


def test_strict_transport_ends_at_a_company_s_host(hosted: Runtime) -> None:
    settings = {"tieout_mode": "production", "public_url": "https://pay.example.test", "trusted_hosts": ""}
    production = create_app(cast.runtime_of(hosted.db, settings=settings)).test_client()
    answer = production.get(f"{HOME}/sign-in", base_url=f"https://{OWN}")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Set-Cookie"].startswith("__Host-tieout-form=")
