"""What every answer carries and every request must show: headers, content policy, origin, form tokens.

Knows no page. Laws: no page of ours is kept by a cache, framed, or sent to another host as a referrer; scripts run by
nonce only; a request that changes something comes from our own page and carries its token; pages where money is
entered allow Stripe's documented hosts and nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, request
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer

from connector.settings import STRIPE_JS, Settings

FORM_HOURS = 12  # a payer may leave a page open over a working day
LARGEST_BODY = 64 * 1024  # no form of ours is larger; the webhook doors set their own bound
INTUIT = "https://appcenter.intuit.com"
STRIPE_PAGES = "https://*.stripe.com"  # its consent leads on to its sign-in
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_NONCE = "{nonce}"  # where it stands in a policy that is kept

csrf = CSRFProtect()

# The hosts Stripe documents for its script and the Payment Element.
_STRIPE_POLICY = {
    "script-src": ("https://js.stripe.com", "https://*.js.stripe.com"),
    "frame-src": (
        *("https://js.stripe.com", "https://*.js.stripe.com", "https://hooks.stripe.com"),
        *("https://link.com", "https://*.link.com"),
    ),
    "connect-src": ("https://api.stripe.com", "https://link.com", "https://*.link.com"),
    "img-src": ("https://*.link.com",),
}
# Where Google documents that its script sends what it counted. The script itself runs by nonce.
_ANALYTICS = ("https://*.google-analytics.com", "https://*.analytics.google.com", "https://*.googletagmanager.com")


def secure(app: Flask, settings: Settings) -> None:
    """Set up cookies, limits on size, form tokens and headers of an application."""
    over_https = settings.public_url.startswith("https:")
    app.config.update(
        SECRET_KEY=settings.secret_key.get_secret_value(),
        SESSION_COOKIE_NAME=cookie_name(settings, "form"),
        SESSION_COOKIE_SECURE=over_https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        MAX_FORM_MEMORY_SIZE=LARGEST_BODY,
        MAX_FORM_PARTS=500,
        WTF_CSRF_TIME_LIMIT=FORM_HOURS * 3600,
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our pages never send; `_own_origin` stands instead
    )
    app.session_interface = _Cookies()
    app.before_request(_bound)  # before the form is read for its token
    csrf.init_app(app)
    app.before_request(_own_origin)
    app.after_request(_headers_for(settings, over_https))
    app.jinja_env.globals["nonce"] = nonce


class _Cookies(SecureCookieSessionInterface):
    """Flask's signed cookie, with its signer made once instead of at every request."""

    _signer: URLSafeTimedSerializer | None = None

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs the cookie of the one application this belongs to."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer


def takes(most: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a page take a larger form than others, such as one with files, up to so many bytes."""

    def mark(page: Callable[..., Any]) -> Callable[..., Any]:
        page.largest_form = most  # type: ignore[attr-defined]  # what wraps the page later carries it along
        return page

    return mark


def cookie_name(settings: Settings, what: str) -> str:
    """Return a cookie's name: bound to host and https in production, a plain one where the demo has no https."""
    return f"__Host-tieout-{what}" if settings.public_url.startswith("https:") else f"tieout-{what}"


def nonce() -> str:
    """Return this answer's nonce for scripts and styles; asking for it puts it into the policy."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


def money_page() -> None:
    """Let this answer load Stripe's script and frames."""
    g.money_page = True


def may_be_kept() -> None:
    """Let this answer be kept by browsers for ever: its address changes with it."""
    g.may_be_kept = True


def consent_page(settings: Settings) -> None:
    """Let this answer's forms end at a consent of Intuit or Stripe: browsers check where a form leads on to."""
    environment = settings.qbo_environment
    intuits = (INTUIT, *([origin_of(environment)] if environment.startswith("http") else []))
    stripes = (origin_of(settings.stripe_connect_base), STRIPE_PAGES) if settings.is_platform else ()
    g.form_origins = (*intuits, *stripes)


def stripe_origin(settings: Settings) -> str:
    """Return where Stripe's script comes from when it is not Stripe's own host; empty otherwise."""
    return "" if settings.stripe_js_url == STRIPE_JS else origin_of(settings.stripe_js_url)


def origin_of(url: str) -> str:
    """Return the origin of an address: scheme and host with its port."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def content_policy(settings: Settings) -> str:
    """Return the Content-Security-Policy of this answer."""
    is_for_money = bool(g.get("money_page"))
    counts = not is_for_money and request.blueprint == "customer" and _counts_visits()
    own = (stripe_origin(settings), origin_of(settings.stripe_api_base)) if is_for_money else None
    policy = _policy(g.get("form_origins", ()), "nonce" in g, own, counts)
    return policy.replace(_NONCE, nonce()) if "nonce" in g else policy


@cache
def _policy(forms: tuple[str, ...], has_nonce: bool, stripe: tuple[str, str] | None, counts: bool) -> str:
    """Write a policy, with a place for the nonce. `stripe` is where another script and API than Stripe's own stand."""
    policy: dict[str, Sequence[str]] = {
        "default-src": ("'none'",),
        "script-src": ("'none'",),
        "style-src": ("'self'",),
        "img-src": ("'self'", "data:"),
        "connect-src": ("'self'",),
        "manifest-src": ("'self'",),
        "form-action": ("'self'", *forms),
        "base-uri": ("'none'",),
        "frame-ancestors": ("'none'",),
    }
    if has_nonce:
        policy["script-src"] = (f"'nonce-{_NONCE}'",)
        policy["style-src"] = ("'self'", f"'nonce-{_NONCE}'")
    if stripe:
        _allow_stripe(policy, *stripe)
    elif counts:
        policy["connect-src"] = (*policy["connect-src"], *_ANALYTICS)
        policy["img-src"] = (*policy["img-src"], *_ANALYTICS)
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in policy.items())


def _counts_visits() -> bool:
    """Tell whether the company whose page this is counts visits."""
    return "company" in g and bool(getattr(g.company, "analytics_id", ""))


def _allow_stripe(policy: dict[str, Sequence[str]], own: str, api: str) -> None:
    for name, hosts in _STRIPE_POLICY.items():
        policy[name] = (*policy.get(name, ()), *((own,) if own else hosts))
    if own:  # the stand-in's API answers on the origin of its script, or on one of its own
        policy["connect-src"] = (*policy["connect-src"], api)


def _headers_for(settings: Settings, over_https: bool) -> Callable[[Response], Response]:
    fixed = {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Permitted-Cross-Domain-Policies": "none",
    }
    is_strict = over_https and not settings.is_sandbox

    def add(response: Response) -> Response:
        response.headers.extend(fixed)  # no view sets one of these, and looking for each costs as much as a query
        if is_strict:  # what stands below a company's own host is the company's
            below = "" if "host" in g else "; includeSubDomains"
            response.headers["Strict-Transport-Security"] = f"max-age=31536000{below}"
        response.headers["Content-Security-Policy"] = content_policy(settings)
        response.headers["Permissions-Policy"] = _permissions(settings)
        if g.get("may_be_kept"):
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        elif request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    return add


def _permissions(settings: Settings) -> str:
    wallet = f'payment=(self "{stripe_origin(settings) or "https://js.stripe.com"}")' if g.get("money_page") else ""
    denied = "camera=(), microphone=(), geolocation=(), usb=()"
    return f"{denied}, {wallet or 'payment=()'}"


def _bound() -> None:
    page = current_app.view_functions.get(request.endpoint or "")
    request.max_content_length = getattr(page, "largest_form", LARGEST_BODY)


def _own_origin() -> None:
    """Refuse a changing request that another site made the browser send.

    Webhooks are exempt: they come from no browser and are signed. Our pages send no referrer, for which browsers put
    `null` as the Origin of a form; the form's token decides there.
    """
    if request.method in SAFE_METHODS or request.blueprint == "hooks":
        return
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin", "null")
    if site not in ("same-origin", "none") or (origin != "null" and urlsplit(origin).netloc != request.host):
        abort(403, "cross-site")
