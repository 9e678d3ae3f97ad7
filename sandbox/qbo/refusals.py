"""What QuickBooks says when it refuses: codes, words, HTTP status and which of its two envelopes carries them.

Rules raise a `Refusal`; the wire writes it. Codes and wording follow Intuit's error guide and captured replies; where
the real wording is unknown the code is what callers may rely on.
"""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """One fault. `gateway` picks the lower-case envelope of Intuit's front door, `xml` the same envelope in XML."""

    def __init__(
        self,
        code: str,
        message: str,
        detail: str = "",
        *,
        element: str = "",
        kind: str = "ValidationFault",
        status: int = 400,
        gateway: bool = False,
        xml: bool = False,
    ) -> None:
        super().__init__(f"{code} {message}: {detail}")
        self.code, self.message, self.detail, self.element = code, message, detail, element
        self.kind, self.status, self.gateway, self.xml = kind, status, gateway, xml

    def error(self) -> dict[str, Any]:
        """Return the entry of the Error list."""
        return {"Message": self.message, "Detail": self.detail, "code": self.code, "element": self.element}

    def fault(self) -> dict[str, Any]:
        """Return the `Fault` object, as it stands in an answer or in one item of a batch."""
        return {"Error": [self.error()], "type": self.kind}


def unsupported(what: str) -> Refusal:
    """500: an operation this entity does not have."""
    return Refusal("500", "Unsupported Operation", f"Operation {what} is not supported.")


def gone() -> Refusal:
    """610: the transaction is not there (any more)."""
    return Refusal("610", "Object Not Found", "Object Not Found : Another user has deleted this transaction.")


def inactive(element: str = "") -> Refusal:
    """610: a reference to something made inactive."""
    detail = (
        "Object Not Found : Something you're trying to use has been made inactive. Check the fields with accounts, "
        "customers, items, vendors or employees."
    )
    return Refusal("610", "Object Not Found", detail, element=element)


def cannot_link(why: str) -> Refusal:
    """620: the transaction named in a payment line cannot be linked."""
    return Refusal(
        "620", "TxnId cannot be linked", f"Cannot validate linked transactions: {why}", element="Line.LinkedTxn"
    )


def unknown_property(name: str) -> Refusal:
    """2010: a property the entity does not have, or a body that is not what was expected."""
    return Refusal(
        "2010",
        "Request has invalid or unsupported property",
        f"Property Name:{name} specified is unsupported or invalid",
        element=name,
    )


def missing(what: str) -> Refusal:
    """2020: a required parameter is missing."""
    return Refusal(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {what} is missing in the request",
        element=what,
    )


def too_long(field: str, *, limit: int, length: int) -> Refusal:
    """2050: a string longer than the property takes."""
    return Refusal(
        "2050",
        "String length is either shorter or longer than supported by specification",
        f"String length specified does not match the supported length. Min:0 Max:{limit} supported. "
        f"Supplied length:{length}",
        element=field,
    )


def invalid_number(field: str) -> Refusal:
    """2090: not a number this property can hold."""
    return Refusal("2090", "Invalid Number", f"Invalid Number : {field}", element=field)


def invalid_enum(field: str, value: object) -> Refusal:
    """2170: not one of the property's words."""
    return Refusal("2170", "Invalid Enumeration", f"Invalid Enumeration : {value}", element=field)


def bad_reference(field: str, entity: str, value: str) -> Refusal:
    """2500: a reference to nothing."""
    return Refusal(
        "2500", "Invalid Reference Id", f"Invalid Reference Id : {entity} element id {value} not found", element=field
    )


def stale() -> Refusal:
    """5010: the SyncToken is not the current one."""
    detail = (
        "Stale Object Error : You and Pat were working on this at the same time. Pat finished before you did, so your "
        "work was not saved."
    )
    return Refusal("5010", "Stale Object Error", detail)


def business(detail: str, *, element: str = "") -> Refusal:
    """6000: a rule of bookkeeping, in QuickBooks' free text."""
    return Refusal(
        "6000",
        "A business validation error has occurred while processing your request",
        f"Business Validation Error: {detail}",
        element=element,
    )


def miscalculated(supplied: object) -> Refusal:
    """6070: Amount is not Qty times UnitPrice."""
    return Refusal(
        "6070",
        "Amount calculation incorrect in the request",
        f"Amount is not equal to UnitPrice * Qty. Supplied value:{supplied}",
        element="Line",
    )


def bad_line_tax() -> Refusal:
    """6100: a line's tax code in a US company is TAX or NON."""
    return Refusal(
        "6100", "Invalid tax code", "Line level tax code must be TAX or NON in a US company", element="TaxCodeRef"
    )


def duplicate_number(number: str) -> Refusal:
    """6140: the document number is taken and the company asked to be warned."""
    return Refusal(
        "6140",
        "Duplicate Document Number Error",
        f"Duplicate Document Number Error : You must specify a different number. This number has already been used. "
        f"DocNumber={number} is assigned to another transaction.",
    )


def lapsed() -> Refusal:
    """6190: the subscription ended; the books can be read but not written."""
    return Refusal(
        "6190",
        "Invalid Company Status",
        "Subscription period has ended or canceled or there was a billing problem : You can't add data to QuickBooks "
        "Online because your trial or subscription period ended.",
    )


def closed() -> Refusal:
    """6210: the day lies in a closed period."""
    return Refusal(
        "6210",
        "Account Period Closed, Cannot Update Through Services API",
        "The account period has closed and the account books cannot be updated through the QBO Services API. "
        "Please use the QBO website to make these changes.",
    )


def duplicate_name(what: str) -> Refusal:
    """6240: another customer, vendor, account or item has the name."""
    return Refusal("6240", "Duplicate Name Exists Error", f"The name supplied already exists. : {what}")


def deposited() -> Refusal:
    """6540: the transaction sits on a deposit."""
    return Refusal(
        "6540",
        "Deposited Transaction cannot be changed",
        "Deposited Transaction cannot be changed : This transaction has been deposited. If you want to change or "
        "delete it, you must edit the deposit it appears on and remove it first.",
    )


def broken(status: int = 500) -> Refusal:
    """10000: QuickBooks itself failed."""
    return Refusal(
        "10000",
        "An application error has occurred while processing your request",
        "System Failure Error: Something went wrong while we processed your request",
        kind="SystemFault",
        status=status,
    )


def no_rights() -> Refusal:
    """120: the person who connected is no longer an administrator."""
    return Refusal(
        "120",
        "Authorization Failure",
        "-11014-You do not have access to use QuickBooks Online Plus.",
        kind="AuthorizatonFault",  # spelt so in Intuit's own schema
        status=401,
    )


def unauthenticated(detail: str) -> Refusal:
    """3200: no, a malformed or an expired bearer token."""
    return Refusal(
        "3200",
        "message=AuthenticationFailed; errorCode=003200; statusCode=401",
        detail,
        kind="AUTHENTICATION",
        status=401,
        gateway=True,
    )


def unauthorised() -> Refusal:
    """3100: a token that is not for this company, or whose connection was revoked."""
    return Refusal(
        "3100",
        "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403",
        kind="SERVICE",
        status=403,
        gateway=True,
    )


def throttled(*, xml: bool = False, status: int = 429) -> Refusal:
    """3001: too many requests; seen in XML too, whatever the client asked for, and in 2016 as 403."""
    return Refusal(
        "3001",
        f"message=ThrottleExceeded; errorCode=003001; statusCode={status}",
        "The request limit was reached.  Try again later",
        kind="SERVICE",
        status=status,
        gateway=True,
        xml=xml,
    )
