"""The post office: one message over SMTP, and every failure in the words of `connector.errors`.

Knows no row. Laws: nothing waits without an end; a password never crosses a wire in the open, this machine's own
loopback excepted.
"""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from connector import crash
from connector.errors import GatewayError, Rejected, Transient, Unauthorised, UnknownOutcome, WrongInput

TIMEOUT_SECONDS = 15.0


class RecipientRefused(Rejected):
    """The server takes nothing for this address, for good."""


@dataclass(frozen=True)
class PostOffice:
    """Where mails are handed in."""

    host: str
    port: int
    user: str
    password: str
    tls_from_start: bool

    def __repr__(self) -> str:
        return f"PostOffice({self.host}:{self.port})"

    @property
    def is_loopback(self) -> bool:
        """Tell whether it is on this machine."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def post_office(url: str) -> PostOffice:
    """Read SMTP_URL. Raises WrongInput, without the password, for anything but smtp:// and smtps://."""
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise WrongInput("SMTP_URL is written smtp://user:password@host:port or smtps://…")
    tls = parts.scheme == "smtps"
    default = 465 if tls else 587 if parts.username else 25
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return PostOffice(parts.hostname, parts.port or default, user, password, tls)


def send(office: PostOffice, message: EmailMessage) -> None:
    """Hand one message in.

    Raises Rejected when the message is refused for good, RecipientRefused when its address is, Unauthorised when we
    are, Transient when nothing was taken, UnknownOutcome when it may have been.
    """
    with crash.sending("mail.send"), _opened(office) as server:
        try:
            server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            raise _recipient_refused(error) from error
        except smtplib.SMTPSenderRefused as error:
            raise _answered(error, definite=Unauthorised) from error
        except smtplib.SMTPResponseException as error:
            raise _answered(error, definite=Rejected) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Rejected("mail", f"the server cannot carry this address: {error}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise UnknownOutcome("mail", f"the connection broke while sending ({type(error).__name__})") from error


def _opened(office: PostOffice) -> AbstractContextManager[smtplib.SMTP]:
    try:
        return _greeted(office)
    except smtplib.SMTPAuthenticationError as error:
        raise Unauthorised("mail", "the mail server refuses our user or password", str(error.smtp_code)) from error
    except smtplib.SMTPResponseException as error:
        raise _answered(error, definite=Transient) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Transient("mail", f"{office.host}:{office.port} does not answer ({type(error).__name__})") from error


def _greeted(office: PostOffice) -> smtplib.SMTP:
    if office.tls_from_start:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            office.host, office.port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(office.host, office.port, timeout=TIMEOUT_SECONDS)
    try:
        server.ehlo()
        if not office.tls_from_start and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        elif office.user and not office.tls_from_start and not office.is_loopback:
            raise Unauthorised("mail", "the server offers no encryption, so our password was not sent")
        if office.user:
            server.login(office.user, office.password)
    except BaseException:
        server.close()
        raise
    return server


def _recipient_refused(error: smtplib.SMTPRecipientsRefused) -> GatewayError:
    code, answer = next(iter(error.recipients.values()))
    said = answer.decode("ascii", "replace") if isinstance(answer, bytes) else answer
    # 5.7 is a policy of theirs and 5.2.2 a full mailbox: the address is right.
    is_the_address = not said.startswith(("5.7.", "5.2.2", "5.3.", "5.4."))
    return _judged(code, answer, definite=RecipientRefused if is_the_address else Rejected)


def _answered(error: smtplib.SMTPResponseException, *, definite: type[GatewayError]) -> GatewayError:
    return _judged(error.smtp_code, error.smtp_error, definite=definite)


def _judged(code: int, answer: bytes | str, *, definite: type[GatewayError]) -> GatewayError:
    """Judge an SMTP answer: 5xx is for good, all else may pass another time."""
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    kind = definite if 500 <= code < 600 else Transient
    return kind("mail", " ".join(said.split())[:300], str(code))
