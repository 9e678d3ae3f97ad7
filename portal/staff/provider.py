"""The company's own OpenID provider, through which people of its customers may sign in: set up, looked at, taken away.

Laws: owners alone change it; it is stored only after its discovery document was read; the secret is taken, never shown.
"""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlmodel import Session

from connector.errors import WrongInput
from oauth.openid import Provider, ProviderError, check_issuer, discover
from portal.access import providers
from portal.access.members import OWNER
from portal.here import runtime
from portal.staff.gate import member, needs_role, pages
from sync import log
from sync.addresses import at_home

_LONGEST = {"name": 40, "client_id": 200, "secret": 400}


@pages.get("/settings/sign-in")
def show_provider() -> ResponseReturnValue:
    """Show the provider, and what it has to know of us."""
    rt, company = runtime(), member().company
    with rt.db.read() as session:
        row = providers.row_of(session, company.id)
    back = rt.settings.public_url + url_for("customer.back_from_provider", slug=company.slug)
    backs = dict.fromkeys((at_home(rt.settings, company.host, back), back))  # old links lead to the second one
    return render_template("staff/provider.html", row=row, backs=list(backs))


@pages.post("/settings/sign-in")
@needs_role(OWNER)
def save_provider() -> ResponseReturnValue:
    """Store the provider, or take it away."""
    rt, who = runtime(), member()
    if request.form.get("what") == "remove":
        with rt.db.write("provider.remove") as session:
            if providers.take_away(session, who.company.id):
                _note(session, "took the OpenID provider away")
        flash("Nobody signs in through it any more.", "good")
        return redirect(url_for(".show_provider"))
    try:
        name, provider = _read()
        discover(provider.issuer)
        with rt.db.write("provider.save") as session:
            if not provider.secret and providers.row_of(session, who.company.id) is None:
                raise WrongInput("A provider needs the secret it gave you.")
            providers.keep(session, rt, who.company.id, name, provider)
            _note(session, f"set up the OpenID provider {provider.issuer}")
        flash("Saved. The button stands on the sign-in page now.", "good")
    except WrongInput as error:
        flash(str(error), "bad")
    except ProviderError as error:
        flash(f"That did not work: {error}. Check the issuer.", "bad")
    return redirect(url_for(".show_provider"))


def _read() -> tuple[str, Provider]:
    """Read the form. Raises WrongInput."""
    given = {name: request.form.get(name, "").strip()[:most] for name, most in _LONGEST.items()}
    issuer = check_issuer(runtime().settings, request.form.get("issuer", ""))
    if not given["name"] or not given["client_id"]:
        raise WrongInput("A provider needs a name for its button, and the client id it gave you.")
    return given["name"], Provider(issuer, given["client_id"], given["secret"])


def _note(session: Session, what: str) -> None:
    sentence = f"{member().name} {what}"
    log.write(session, runtime(), member().company.id, kind="connect", state="noted", sentence=sentence)
