"""The only reader of the environment, and of the files that hold secrets (`NAME_FILE`).

Refuses bad values by name before anything starts, and refuses sandbox settings in production. Law: no secret is ever
shown by `repr`, in a log or in an error.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

INTUIT_API = "https://quickbooks.api.intuit.com"
STRIPE_API = "https://api.stripe.com"
STRIPE_JS = "https://js.stripe.com/endive/stripe.js"
STRIPE_CONNECT = "https://connect.stripe.com"
# What a platform of Stripe Connect needs, and how each of it begins.
_PLATFORM = {
    "stripe_platform_key": ("sk_", "rk_"),
    "stripe_platform_publishable_key": ("pk_",),
    "stripe_connect_client_id": ("ca_",),
    "stripe_connect_webhook_secret": ("whsec_",),
}


class Settings(BaseSettings):
    """Everything that differs between installations. Each field is one environment variable, in upper case."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    tieout_mode: Literal["production", "sandbox"] = Field(
        "production", description="`sandbox` allows stand-ins, plain http and a movable clock; production refuses them."
    )
    public_url: str = Field(
        "http://127.0.0.1:8800", description="The address people use; links in mails start with it."
    )
    trusted_hosts: str = Field(
        "", description="More host names to answer, separated by commas; PUBLIC_URL's is included."
    )
    portal_domain: str = Field(
        "",
        description="Companies may take names under this domain for their pages; empty lets them use their own only.",
    )
    proxy_hops: int = Field(
        0, ge=0, le=5, description="How many reverse proxies stand in front and set X-Forwarded headers."
    )
    secret_key: SecretStr = Field(description="Signs forms and cookies; 32 characters or more.")
    vault_keys: SecretStr = Field(
        description="Encrypts tokens and bodies: `id:base64 of 32 bytes`, newest first, separated by commas."
    )
    database_url: str = Field("sqlite:///var/tieout.db", description="SQLite file or PostgreSQL by URL.")
    redis_url: str = Field("redis://127.0.0.1:6379/0", description="The doorbell; nothing is lost without it.")
    qbo_client_id: str = Field("", description="Intuit app's client id.")
    qbo_client_secret: SecretStr = Field(SecretStr(""), description="Intuit app's client secret.")
    qbo_environment: str = Field("production", description="`production`, `sandbox`, or a discovery document's URL.")
    qbo_api_base: str = Field(INTUIT_API, description="Where QuickBooks' API answers.")
    qbo_verifier_token: SecretStr = Field(
        SecretStr(""), description="Verifies Intuit's webhooks; several by commas while one rolls."
    )
    stripe_api_base: str = Field(STRIPE_API, description="Where Stripe's API answers.")
    stripe_js_url: str = Field(STRIPE_JS, description="Stripe's script for the payment form.")
    stripe_platform_key: SecretStr = Field(
        SecretStr(""), description="Secret key of a Connect platform; companies then connect by consent, without keys."
    )
    stripe_platform_publishable_key: str = Field("", description="The platform's key for browsers.")
    stripe_connect_client_id: str = Field("", description="The platform's client id, for Stripe's consent.")
    stripe_connect_webhook_secret: SecretStr = Field(
        SecretStr(""), description="Verifies the platform's Connect webhooks; several by commas while one rolls."
    )
    stripe_connect_base: str = Field(STRIPE_CONNECT, description="Where Stripe asks an owner for consent.")
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="smtp://user:password@host:port, smtps:// for TLS from the start; empty keeps mails waiting.",
    )
    mail_from: str = Field("payments@localhost", description="Sender of mails; the company's name is shown with it.")
    imap_url: SecretStr = Field(
        SecretStr(""), description="imaps://user:password@host/INBOX: where mail servers report what did not arrive."
    )
    mail_hook_secret: SecretStr = Field(
        SecretStr(""), description="Signs reports of mails that a mail provider posts; empty shuts that door."
    )
    text_url: str = Field("", description="Where text messages are handed in; empty sends none.")
    text_key: SecretStr = Field(SecretStr(""), description="The key that the text gateway asks for.")
    text_hook_secret: SecretStr = Field(
        SecretStr(""), description="Signs what people answer to text messages; empty shuts that door."
    )
    clock_offset_file: Path | None = Field(None, description="Sandbox only: the file that shifts time.")
    crash_at: str = Field("", description="Sandbox only: points at which this process ends itself.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much the log says.")
    sweep_seconds: float = Field(5.0, gt=0, le=60, description="How often the scheduler looks for due work.")
    pull_minutes: float = Field(5.0, gt=0, le=60, description="How often changes are asked for without a webhook.")

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 32:
            raise ValueError("SECRET_KEY needs 32 characters or more: python3 dev.py tieout keys makes one")
        return value

    @field_validator("public_url", "qbo_api_base", "stripe_api_base", "stripe_js_url", "stripe_connect_base")
    @classmethod
    def _is_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{value!r} is not a plain http(s) address")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _platform_is_whole(self) -> Self:
        """Refuse half a platform by name: it would charge and then not hear of it, or the other way round."""
        given = {name: _plain(getattr(self, name)) for name in _PLATFORM}
        if not any(given.values()):
            return self
        for name, begins in _PLATFORM.items():
            if not given[name].startswith(begins):
                raise ValueError(f"{name.upper()} is needed for Stripe Connect and begins with {' or '.join(begins)}")
        if ("_live_" in given["stripe_platform_key"]) != ("_live_" in given["stripe_platform_publishable_key"]):
            raise ValueError(
                "STRIPE_PLATFORM_KEY and STRIPE_PLATFORM_PUBLISHABLE_KEY: one is live, the other for tests"
            )
        return self

    @field_validator("portal_domain")
    @classmethod
    def _is_domain(cls, value: str) -> str:
        if not re.fullmatch(r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)*)?", value):
            raise ValueError(f"{value!r} is not a domain like pay.example.com")
        return value

    @model_validator(mode="after")
    def _no_sandbox_in_production(self) -> Self:
        if self.tieout_mode == "sandbox":
            return self
        wrong = [name for name, is_wrong in self._sandbox_traits().items() if is_wrong]
        if wrong:
            raise ValueError(
                f"production refuses to start with {', '.join(wrong)}; set TIEOUT_MODE=sandbox for the demo"
            )
        return self

    def _sandbox_traits(self) -> dict[str, bool]:
        def plain(url: str) -> bool:
            return urlsplit(url).scheme != "https"

        return {
            "PUBLIC_URL over plain http": plain(self.public_url),
            "QBO_API_BASE over plain http": plain(self.qbo_api_base),
            "QBO_ENVIRONMENT over plain http": self.qbo_environment.startswith("http:"),
            "STRIPE_API_BASE over plain http": plain(self.stripe_api_base),
            "STRIPE_JS_URL over plain http": plain(self.stripe_js_url),
            "STRIPE_CONNECT_BASE over plain http": plain(self.stripe_connect_base),
            "TEXT_URL over plain http": bool(self.text_url) and plain(self.text_url),
            "CLOCK_OFFSET_FILE": self.clock_offset_file is not None,
            "CRASH_AT": bool(self.crash_at),
            "OAUTHLIB_INSECURE_TRANSPORT": bool(os.environ.get("OAUTHLIB_INSECURE_TRANSPORT")),
        }

    @property
    def is_sandbox(self) -> bool:
        """Tell whether stand-ins and plain http are allowed."""
        return self.tieout_mode == "sandbox"

    @property
    def is_platform(self) -> bool:
        """Tell whether companies may connect Stripe by consent, through this installation's Connect platform."""
        return bool(self.stripe_platform_key.get_secret_value())

    @property
    def hosts(self) -> list[str]:
        """Return the host names that are answered."""
        more = [host.strip() for host in self.trusted_hosts.split(",") if host.strip()]
        return [urlsplit(self.public_url).hostname or "", *more]


def _plain(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _secrets_from_files() -> None:
    """Read NAME_FILE into NAME for every field, as container platforms hand secrets over."""
    for name in Settings.model_fields:
        path = os.environ.get(f"{name.upper()}_FILE")
        if path and name.upper() not in os.environ:
            os.environ[name.upper()] = Path(path).read_text().strip()


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings of this process, read once. Raises pydantic's ValidationError naming each bad variable."""
    _secrets_from_files()
    loaded = Settings()  # type: ignore[call-arg]  # the environment gives the required ones
    if loaded.is_sandbox and loaded.qbo_api_base.startswith("http:"):
        # requests_oauthlib, inside python-quickbooks, refuses plain http without this word.
        os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    return loaded
