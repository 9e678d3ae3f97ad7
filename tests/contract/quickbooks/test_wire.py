"""python-quickbooks, unmodified, at the front door: bearers, limits, queries, batches, the change feed, faults."""

from __future__ import annotations

import pytest
import requests
from quickbooks import QuickBooks
from quickbooks.batch import batch_create
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
    SevereException,
    ValidationException,
)
from quickbooks.objects import CompanyInfo, Customer, Invoice, Payment, TaxCode, Term

from sandbox.world import World
from tests.contract.quickbooks.test_python_quickbooks import an_open_invoice, payment_of
from tests.sandbox.receiver import Receiver


def spoil(harbor: World, do: str, operation: str = "*", **more: int) -> None:
    harbor.faults.load([{"match": {"service": "quickbooks", "operation": operation, **more}, "do": do}])


def a_customer(books: QuickBooks, name: str, **save: str) -> Customer:
    customer = Customer()
    customer.DisplayName = name
    return customer.save(qb=books, **save)


# Bearers --------------------------------------------------------------------------------------------------------------


def test_an_expired_bearer_is_an_authorization_exception(books: QuickBooks, harbor: World) -> None:
    harbor.clock.advance(3601)
    with pytest.raises(AuthorizationException) as refused:
        CompanyInfo.get(1, qb=books)
    assert "Token expired" in refused.value.detail


def test_another_company_is_403_3100_in_the_gateways_envelope(books: QuickBooks, harbor: World) -> None:
    books.company_id = harbor.quickbooks.add_company("Cascade Cabinets")
    with pytest.raises(QuickbooksException) as refused:
        CompanyInfo.get(1, qb=books)
    assert "3100" in refused.value.message
    assert "403" in refused.value.message


def test_who_lost_the_company_gets_401_and_120(books: QuickBooks, harbor: World) -> None:
    harbor.quickbooks.switches.set({"administrator": "lost"})
    with pytest.raises(AuthorizationException) as refused:
        CompanyInfo.get(1, qb=books)
    assert "-11014" in refused.value.detail


# Queries --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM Invoice WHERE Balance > '0' ORDERBY DueDate DESC, Id ASC STARTPOSITION 2 MAXRESULTS 3",
        "select * from Invoice where Balance > 0 order by DueDate desc, Id maxresults 3 startposition 2",
    ],
)
def test_keywords_of_either_case_and_the_window_in_either_order(books: QuickBooks, text: str) -> None:
    rows = Invoice.query(text, qb=books)
    everything = Invoice.where("Balance > '0'", order_by="DueDate DESC, Id", max_results=1000, qb=books)
    assert [row.Id for row in rows] == [row.Id for row in everything[1:4]]


def test_conditions_of_every_kind(books: QuickBooks) -> None:
    a_customer(books, "O'Hara \\ Sons")
    assert len(Customer.filter(DisplayName="O'Hara \\\\ Sons", qb=books)) == 1
    assert len(Customer.where("DisplayName LIKE 'O\\'Hara%'", qb=books)) == 1
    first = Invoice.all(max_results=3, qb=books)
    between = f"Id IN ('{first[0].Id}', '{first[2].Id}') AND TxnDate >= '1990-01-01' AND TxnDate <= '2190-01-01'"
    assert [row.Id for row in Invoice.where(between, qb=books)] == [first[0].Id, first[2].Id]
    since = "MetaData.LastUpdatedTime >= '1990-01-01T00:00:00-08:00'"
    assert Invoice.count(since, qb=books) == Invoice.count("", qb=books)
    blank = Payment.where("PaymentRefNum = ''", max_results=1000, qb=books)
    assert len(blank) == len([row for row in Payment.all(max_results=1000, qb=books) if not row.PaymentRefNum])


def test_a_projection_and_no_rows_at_all(books: QuickBooks) -> None:
    rows = Customer.query("SELECT Id, SyncToken FROM Customer MAXRESULTS 1", qb=books)
    assert rows[0].Id
    assert rows[0].DisplayName == ""
    assert Invoice.filter(DocNumber="none such", qb=books) == []


def test_only_what_is_active_unless_asked(books: QuickBooks) -> None:
    gone = a_customer(books, "Short Lived")
    gone.Active = False
    gone.save(qb=books)
    assert Customer.filter(Id=gone.Id, qb=books) == []
    assert Customer.where(f"Id = '{gone.Id}' AND Active IN (true, false)", qb=books)[0].Active is False


@pytest.mark.parametrize(
    ("where", "code"),
    [("DocNumber ! '1'", 4000), ("DocNumber = '1' OR DocNumber = '2'", 4000), ("PrivateNote = 'x'", 4001)],
)
def test_bad_queries_are_validation_exceptions(books: QuickBooks, where: str, code: int) -> None:
    with pytest.raises(ValidationException) as refused:
        Invoice.where(where, qb=books)
    assert refused.value.error_code == code


def test_a_set_that_changes_while_it_is_paged_skips_a_row(books: QuickBooks) -> None:
    """Pages are counted, not remembered: that is what a full sync has to live with."""
    ids = [row.Id for row in Invoice.all(max_results=1000, qb=books)]
    first = Invoice.all(start_position=1, max_results=5, qb=books)
    fresh = next(one for one in first if one.Balance == one.TotalAmt)
    fresh.delete(qb=books)
    second = Invoice.all(start_position=6, max_results=5, qb=books)
    assert [row.Id for row in second] == ids[6:11], "the sixth row is on neither page"


# The change feed, batches, requestids ---------------------------------------------------------------------------------


def test_the_change_feed_ends_after_thirty_days_and_does_not_know_every_entity(
    books: QuickBooks, harbor: World
) -> None:
    with pytest.raises(QuickbooksException) as refused:
        change_data_capture([Invoice], "2001-01-01T00:00:00Z", qb=books)
    assert "older than fixed days" in refused.value.detail
    with pytest.raises(QuickbooksException) as refused:
        change_data_capture([TaxCode], harbor.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"), qb=books)
    assert refused.value.error_code == 500


def test_a_thousand_changes_and_no_more(books: QuickBooks, harbor: World) -> None:
    since = harbor.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    with harbor.quickbooks.quietly():
        company = harbor.quickbooks.books(harbor.quickbooks.found())
        assert company is not None
        held = company.docs.text("Term", "1")
        assert held is not None
        for n in range(1001):
            text = held.replace('"Id":"1"', f'"Id":"{5000 + n}"')
            body = company.docs.body("Term", "1") or {}
            stamp = body["MetaData"]["LastUpdatedTime"]
            company.load("Term", text.replace(stamp, harbor.clock.now().isoformat(timespec="seconds")))
    changes = change_data_capture([Term, Customer], since, qb=books)
    assert len(changes.Term) == 1000
    assert not hasattr(changes, "Customer"), "the thousand are for the whole answer"


def test_a_batch_of_thirty_with_one_fault(books: QuickBooks, harbor: World) -> None:
    spoil(harbor, "stale_5010", "customer.create", nth=7)
    customers = []
    for n in range(30):
        customer = Customer()
        customer.DisplayName = f"Row {n}"
        customers.append(customer)
    result = batch_create(customers, qb=books)
    assert len(result.successes) == 29
    assert [fault.original_object.DisplayName for fault in result.faults] == ["Row 6"]
    assert result.faults[0].Error[0].code == "5010"


def test_a_requestid_answers_for_what_is_long_deleted(books: QuickBooks) -> None:
    payment = payment_of(an_open_invoice(books), 1.0)
    payment.save(qb=books, request_id="fact-9")
    first = payment.Id
    payment.delete(qb=books)
    twin = payment_of(an_open_invoice(books), 1.0)
    twin.save(qb=books, request_id="fact-9")
    assert twin.Id == first
    with pytest.raises(ObjectNotFoundException):
        Payment.get(first, qb=books)


# Limits and faults, as the library shows them -------------------------------------------------------------------------


@pytest.mark.parametrize("as_xml", [False, True])
def test_one_call_too_many(books: QuickBooks, harbor: World, as_xml: bool) -> None:
    numbers = {"throttle_per_second": 1000, "throttle_per_minute": 2, "throttle_as_xml": as_xml}
    harbor.quickbooks.switches.set({"throttle": True, **numbers})
    for _ in range(2):
        CompanyInfo.get(1, qb=books)
    with pytest.raises(QuickbooksException) as refused:
        CompanyInfo.get(1, qb=books)
    assert ("ThrottleExceeded" in refused.value.message, "<IntuitResponse" in refused.value.message) == (True, as_xml)
    harbor.clock.advance(61)
    assert CompanyInfo.get(1, qb=books).CompanyName == "Harbor Tile Co."


def test_reads_beyond_the_months_allowance_are_blocked_and_writes_are_not(books: QuickBooks, harbor: World) -> None:
    harbor.quickbooks.switches.set({"monthly_reads": 1})
    CompanyInfo.get(1, qb=books)
    with pytest.raises(QuickbooksException):
        CompanyInfo.get(1, qb=books)
    assert a_customer(books, "Written").Id


@pytest.mark.parametrize(
    ("do", "error"),
    [
        ("system_10000", SevereException),
        ("fault_200", SevereException),
        ("no_rights_120", AuthorizationException),
        ("deleted_2500", ValidationException),
        ("inactive_610", ObjectNotFoundException),
        ("deposited_6540", QuickbooksException),
        ("bad_json", QuickbooksException),
        ("503_html", QuickbooksException),
        ("status_empty:502", QuickbooksException),
        ("500_before", QuickbooksException),
        ("drop_after_commit", requests.ConnectionError),
        ("reset_before", requests.ConnectionError),
        ("truncate:20", requests.exceptions.ChunkedEncodingError),
    ],
)
def test_faults_on_demand_are_the_librarys_own_errors(
    books: QuickBooks, harbor: World, do: str, error: type[Exception]
) -> None:
    spoil(harbor, do, "customer.create")
    with pytest.raises(error):
        a_customer(books, "Spoilt")
    known = len(Customer.filter(DisplayName="Spoilt", qb=books))
    assert known == (do in ("bad_json", "drop_after_commit", "truncate:20")), "what came after the work left it done"


def test_a_new_document_is_not_seen_at_once(books: QuickBooks, harbor: World) -> None:
    spoil(harbor, "query_lag:30000", "customer.create")
    made = a_customer(books, "Behind")
    assert Customer.filter(DisplayName="Behind", qb=books) == []
    assert Customer.get(made.Id, qb=books).DisplayName == "Behind"
    harbor.clock.advance(31)
    assert len(Customer.filter(DisplayName="Behind", qb=books)) == 1


# Webhooks -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["cloudevents", "notifications"])
def test_the_librarys_own_check_takes_a_delivered_body_and_no_forged_one(
    books: QuickBooks, harbor: World, form: str
) -> None:
    receiver = Receiver()
    try:
        harbor.quickbooks.webhooks.send_to(receiver.url)
        harbor.quickbooks.switches.set({"webhook_format": form})
        spoil(harbor, "forged_sig", "webhook.body")
        a_customer(books, "Heard of")
        assert harbor.settle()
        forged, genuine = receiver.wait_for(2)
    finally:
        receiver.close()
    checks = [
        books.validate_webhook_signature(one.body.decode(), one.headers["intuit-signature"])
        for one in (forged, genuine)
    ]
    assert checks == [False, True]
    assert genuine.body.startswith(b"[" if form == "cloudevents" else b'{"eventNotifications"')
