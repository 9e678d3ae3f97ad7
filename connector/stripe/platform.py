"""Stripe Connect: an owner lets the platform work on the owner's own account, and takes that back.

Speaks Stripe's OAuth for accounts with a dashboard of their own. Laws: of what an exchange gives only the account is
kept, as everything else is done with the platform's key; a code is sent once, because Stripe takes a second sending for
theft; neither code nor token is ever part of an error.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.clock import Clock
from connector.errors import Unauthorised
from connector.stripe.gateway import StripeGateway
from connector.stripe.wire import call, client_of

TAKEN_BACK = "account_invalid"  # the code by which Stripe says that an account is not, or no longer, ours to work on


@dataclass(frozen=True)
class Joined:
    """The account that an owner chose. With `may_write` false it may only be read."""

    account: str
    may_write: bool


class Platform:
    """The platform of this installation, reached by its own key."""

    def __init__(self, *, secret_key: str, client_id: str, api_base: str, connect_base: str, clock: Clock) -> None:
        self._key, self._api_base, self._clock = secret_key, api_base, clock
        self._oauth = client_of(secret_key, api_base, connect_base=connect_base, client_id=client_id, retries=0).oauth

    @property
    def livemode(self) -> bool:
        """Whether the platform's key moves real money."""
        return "_live_" in self._key

    def consent_url(self, state: str, back: str) -> str:
        """Return the address where an owner chooses an account; `state` is our own, `back` where the answer is sent."""
        return self._oauth.authorize_url({"scope": "read_write", "state": state, "redirect_uri": back})

    def exchange(self, code: str) -> Joined:
        """Turn the code of a consent into the account. Raises Rejected for a code that is used, old or not ours."""
        raw = call(
            "stripe.oauth.token",
            lambda: self._oauth.token({"grant_type": "authorization_code", "code": code}),
            clock=self._clock,
            writes=True,
        )
        return Joined(account=str(raw["stripe_user_id"]), may_write=raw.scope == "read_write")

    def gateway(self, account: str) -> StripeGateway:
        """Return the gateway of a connected account."""
        return StripeGateway(
            account=account, secret_key=self._key, api_base=self._api_base, clock=self._clock, on_behalf=True
        )

    def give_back(self, account: str) -> None:
        """End the platform's right to an account; one that was taken back already is a success."""
        try:
            call(
                "stripe.oauth.deauthorize",
                lambda: self._oauth.deauthorize({"stripe_user_id": account}),
                clock=self._clock,
                writes=True,
            )
        except Unauthorised:  # said of our own credentials as well, so the account itself is asked
            if self.still_ours(account):
                raise

    def still_ours(self, account: str) -> bool:
        """Tell whether the account may still be worked on. Raises GatewayError where that is not answered."""
        try:
            self.gateway(account).account()
        except Unauthorised as error:
            if error.code == TAKEN_BACK:
                return False
            raise
        return True
