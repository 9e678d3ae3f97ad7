"""Connecting a company to QuickBooks: consent, the way back, and disconnecting.

Laws: a consent's state is 256 random bits of our own (`oauth.consents`); the realm in the address is believed only
after its CompanyInfo could be read with the new token; a realm belongs to one company, and a company keeps its realm.
"""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, or_, select, update

from connector.errors import GatewayError, Unauthorised, WrongInput
from connector.qbo.gateway import QuickBooksGateway
from connector.qbo.throttle import MemoryThrottle
from connector.store.companies import CompanyRow, ConnectionRow
from oauth import connections, consents
from oauth.connections import QUICKBOOKS, SECRET
from oauth.desk import Desk
from oauth.intuit import Intuit, Tokens

_TAKEN = "This QuickBooks company is connected to another company in Tieout already."
_OTHER = "This company is connected to a different QuickBooks company. Choose the same one again."


def begin_consent(desk: Desk, company_id: str, browser_hash: str) -> str:
    """Return the address at Intuit to send the browser to. `browser_hash` names the browser's session."""
    state = desk.clock.new_token()
    url = Intuit(desk.settings, desk.clock).consent_url(state)
    consents.keep(desk, QUICKBOOKS, company_id, state=state, browser_hash=browser_hash)
    return url


def finish_consent(
    desk: Desk, *, state: str, code: str, realm_id: str, browser_hash: str, at_company: str | None = None
) -> str:
    """Connect the company that began this consent, and return its id; `at_company` is where the browser is at work.

    Raises WrongInput with a sentence for the person: an old or used consent, another browser, a realm of somebody else.
    """
    company_id = consents.use(desk, QUICKBOOKS, state=state, browser_hash=browser_hash, company_id=at_company)
    if not (realm_id.isascii() and realm_id.isdigit()):
        raise WrongInput("Intuit did not say which QuickBooks company was chosen. Connect again.")
    _check_realm(desk, company_id, realm_id)
    try:
        tokens = Intuit(desk.settings, desk.clock).exchange(code)
    except Unauthorised:
        raise WrongInput("Intuit did not accept this consent. Connect again.") from None
    _read_company(desk, realm_id, tokens)
    _store(desk, company_id, realm_id, tokens)
    return company_id


def disconnect(desk: Desk, company_id: str) -> None:
    """End a company's connection at Intuit and here. Raises GatewayError when Intuit cannot be reached: try again."""
    with desk.db.read() as session:
        row = connections.find(session, company_id, QUICKBOOKS)
    if row is None or row.state == "disconnected":
        return
    if row.secret_cipher:
        Intuit(desk.settings, desk.clock).revoke(connections.secret_of(desk, row, SECRET))
    # Whatever a refresh under way has stored meanwhile is dead as well, so no version is expected here.
    with desk.db.write("disconnect") as session:
        mine = update(ConnectionRow).where(
            col(ConnectionRow.company_id) == company_id, col(ConnectionRow.which) == QUICKBOOKS
        )
        session.exec(
            mine.values(state="disconnected", access_cipher="", secret_cipher="", version=ConnectionRow.version + 1)
        )


def _check_realm(desk: Desk, company_id: str, realm_id: str) -> None:
    """Refuse a realm of another company, and another realm than the company's own, before the code is spent."""
    with desk.db.read() as session:
        owner = session.exec(select(CompanyRow.id).where(CompanyRow.realm_id == realm_id)).one_or_none()
        mine = session.exec(select(CompanyRow.realm_id).where(CompanyRow.id == company_id)).one()
    if owner not in (None, company_id):
        raise WrongInput(_TAKEN)
    if mine not in (None, realm_id):
        raise WrongInput(_OTHER)


def _read_company(desk: Desk, realm_id: str, tokens: Tokens) -> None:
    """Read the realm's CompanyInfo with the new token; a token for one company opens no other."""
    gateway = QuickBooksGateway(
        realm_id=realm_id,
        api_base=desk.settings.qbo_api_base,
        bearer=lambda _refresh: tokens.access,
        clock=desk.clock,
        throttle=MemoryThrottle(desk.clock),
    )
    try:
        gateway.company_info()
    except Unauthorised:
        raise WrongInput("The consent was given for another QuickBooks company than the address says.") from None
    except GatewayError:
        raise WrongInput("QuickBooks did not answer just now. Connect again in a minute.") from None


def _store(desk: Desk, company_id: str, realm_id: str, tokens: Tokens) -> None:
    columns = {**connections.token_columns(desk, company_id, tokens), "account": realm_id}
    try:
        with desk.db.write("connect") as session:
            own = or_(col(CompanyRow.realm_id).is_(None), col(CompanyRow.realm_id) == realm_id)
            mine = update(CompanyRow).where(col(CompanyRow.id) == company_id, own)
            if not session.exec(mine.values(realm_id=realm_id)).rowcount:  # another owner was quicker
                raise WrongInput(_OTHER)
            connections.put(session, desk, company_id, QUICKBOOKS, columns)
    except IntegrityError:  # two companies chose the same realm at the same moment
        raise WrongInput(_TAKEN) from None
