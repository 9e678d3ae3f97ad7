"""The two ceremonies of a passkey, making and using one: the browser's side of WebAuthn checked.

A challenge is a one-time link of its own kind: its hash is a row, bound to company and browser, for five minutes. Laws:
origin and host come from the settings and the company's row, never from the request; a passkey is used with its owner's
finger, face or code, since it is the only proof; one of a company opens nothing at another, nor at another host.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlmodel import Session, select
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from connector.errors import WrongInput
from connector.store.access import PasskeyRow
from connector.words import mark, say
from portal import here
from portal.access import links, people
from portal.access.passkeys import MOST, passkeys_of, tidy_name
from portal.access.tokens import browser_hash
from portal.access.visitors import Visitor
from portal.here import now, runtime
from portal.security import origin_of

_NOT_TAKEN = mark("The browser’s answer could not be taken. Please try once more.")


def options_to_add(session: Session, who: Visitor) -> str:
    """Return what the browser needs to make a passkey for this contact, as JSON, with a fresh challenge."""
    host = _host()
    mine = passkeys_of(session, who.company.id, who.contact_id)
    known = [base64url_to_bytes(one.credential_id) for one in mine if one.host == here.host()]
    options = generate_registration_options(
        rp_id=host,
        rp_name=who.company.name,
        user_name=who.email,
        user_id=who.contact_id.encode(),
        user_display_name=f"{who.email}, {who.company.name}",
        challenge=base64url_to_bytes(_new_challenge(session, who.company.id, who.contact_id)),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return options_to_json(options)


def options_to_sign_in(session: Session, company_id: str) -> str:
    """Return what the browser needs to use a passkey, as JSON; it names nobody, the person chooses."""
    options = generate_authentication_options(
        rp_id=_host(),
        challenge=base64url_to_bytes(_new_challenge(session, company_id, "")),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json(options)


@dataclass(frozen=True)
class Answer:
    """What a browser answered, with the challenge that it named; that one is used up."""

    said: Mapping[str, Any]
    challenge: bytes


def take_answer(session: Session, company_id: str, contact_id: str, text: str) -> Answer:
    """Use up the challenge that an answer names, in a commit of its own, so that it counts once whatever else is wrong.

    Raises WrongInput for what is no answer, or another browser's, or late.
    """
    try:
        said = json.loads(text)
        token = str(json.loads(base64url_to_bytes(str(said["response"]["clientDataJSON"])))["challenge"])
        link = links.find(session, now(), token, links.PASSKEY, company_id)
        is_own = link is not None and link.contact_id == contact_id and link.asked_by(browser_hash())
        if link and is_own and links.use_up(session, now(), link):
            return Answer(said, base64url_to_bytes(token))
    except (ValueError, KeyError, TypeError) as error:
        raise WrongInput(say(_NOT_TAKEN)) from error
    raise WrongInput(say(_NOT_TAKEN))


def add(session: Session, who: Visitor, answer: Answer, name: str) -> None:
    """Keep the passkey that the browser made. Raises WrongInput with a sentence."""
    if len(passkeys_of(session, who.company.id, who.contact_id)) >= MOST:
        raise WrongInput(say("You have {number} passkeys. Remove one first.", number=MOST))
    try:
        made = verify_registration_response(
            credential=dict(answer.said),
            expected_challenge=answer.challenge,
            expected_rp_id=_host(),
            expected_origin=_origin(),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise WrongInput(say(_NOT_TAKEN)) from error
    row = PasskeyRow(
        credential_id=bytes_to_base64url(made.credential_id),
        company_id=who.company.id,
        contact_id=who.contact_id,
        public_key=bytes_to_base64url(made.credential_public_key),
        uses=made.sign_count,
        name=tidy_name(name) or say("Passkey"),
        host=here.host(),
        created_at=now(),
    )
    if session.get(PasskeyRow, row.credential_id) is not None:
        raise WrongInput(say("This passkey is known here already."))
    session.add(row)


def who_with(session: Session, company_id: str, answer: Answer) -> str:
    """Return the contact whose passkey answered. Raises WrongInput with the same sentence whatever was wrong."""
    try:
        return _who(session, company_id, answer)
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise WrongInput(say("This passkey lets nobody in here. A link by mail always works.")) from error


def _who(session: Session, company_id: str, answer: Answer) -> str:
    mine = select(PasskeyRow).where(
        PasskeyRow.company_id == company_id, PasskeyRow.credential_id == str(answer.said.get("id"))
    )
    row = session.exec(mine.with_for_update()).one_or_none()
    if row is None or row.host != here.host() or not people.is_let_in(session, company_id, row.contact_id):
        raise ValueError("nobody's")
    used = verify_authentication_response(
        credential=dict(answer.said),
        expected_challenge=answer.challenge,
        expected_rp_id=_host(),
        expected_origin=_origin(),
        credential_public_key=base64url_to_bytes(row.public_key),
        credential_current_sign_count=row.uses,
        require_user_verification=True,
    )
    row.uses, row.used_at = used.new_sign_count, now()
    session.add(row)
    return row.contact_id


def _host() -> str:
    return urlsplit(here.home()).hostname or ""


def _origin() -> str:
    return origin_of(here.home())


def _new_challenge(session: Session, company_id: str, contact_id: str) -> str:
    return links.add_challenge(
        session, runtime(), company_id=company_id, contact_id=contact_id, browser_hash=browser_hash()
    )
