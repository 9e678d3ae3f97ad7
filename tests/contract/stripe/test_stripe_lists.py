"""Pages, cursors, ranges and expansion."""

from __future__ import annotations

import pytest
import stripe

from tests.stripe_standin import Running


def names(page: stripe.ListObject[stripe.Customer]) -> list[str | None]:
    return [customer.name for customer in page.data]


@pytest.fixture
def seven(client: stripe.StripeClient) -> list[stripe.Customer]:
    return [client.v1.customers.create({"name": f"c{number}"}) for number in range(7)]


def test_pages_are_newest_first_and_cursors_move_both_ways(
    client: stripe.StripeClient, seven: list[stripe.Customer]
) -> None:
    first = client.v1.customers.list({"limit": 3})
    assert (names(first), first.has_more, first.url) == (["c6", "c5", "c4"], True, "/v1/customers")
    second = client.v1.customers.list({"limit": 3, "starting_after": first.data[-1].id})
    assert (names(second), second.has_more) == (["c3", "c2", "c1"], True)
    last = client.v1.customers.list({"limit": 3, "starting_after": second.data[-1].id})
    assert (names(last), last.has_more) == (["c0"], False)
    back = client.v1.customers.list({"limit": 3, "ending_before": last.data[0].id})
    assert (names(back), back.has_more) == (["c3", "c2", "c1"], True)
    top = client.v1.customers.list({"limit": 5, "ending_before": second.data[0].id})
    assert (names(top), top.has_more) == (["c6", "c5", "c4"], False)


def test_the_sdk_walks_all_pages_both_ways(client: stripe.StripeClient, seven: list[stripe.Customer]) -> None:
    walked = [customer.id for customer in client.v1.customers.list({"limit": 2}).auto_paging_iter()]
    assert walked == [customer.id for customer in seven][::-1]
    upwards = client.v1.customers.list({"limit": 2, "ending_before": seven[0].id}).auto_paging_iter()
    assert [customer.id for customer in upwards] == [customer.id for customer in seven[1:]]


def test_ten_come_unless_asked_and_a_hundred_at_most(standin: Running, client: stripe.StripeClient) -> None:
    for number in range(12):
        client.v1.customers.create({"name": str(number)})
    assert len(client.v1.customers.list().data) == 10
    assert len(client.v1.customers.list({"limit": 100}).data) == 12
    for limit in (0, 101):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            client.v1.customers.list({"limit": limit})
        assert caught.value.param == "limit"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.customers.list({"starting_after": "cus_x"})
    assert caught.value.param == "starting_after"


def test_ranges_of_instants_bound_a_list(standin: Running, client: stripe.StripeClient) -> None:
    made = []
    for number in range(3):
        made.append(client.v1.customers.create({"name": f"c{number}"}))
        standin.advance(days=1)
    middle = made[1].created
    assert names(client.v1.customers.list({"created": {"gte": middle}})) == ["c2", "c1"]
    assert names(client.v1.customers.list({"created": {"gt": middle}})) == ["c2"]
    assert names(client.v1.customers.list({"created": {"lt": middle}})) == ["c0"]
    assert names(client.v1.customers.list({"created": {"lte": middle, "gt": made[0].created}})) == ["c1"]
    assert names(client.v1.customers.list({"created": middle})) == ["c1"]


def test_filters_by_fields(client: stripe.StripeClient, seven: list[stripe.Customer]) -> None:
    client.v1.customers.update(seven[2].id, {"email": "two@example.com"})
    assert names(client.v1.customers.list({"email": "two@example.com"})) == ["c2"]
    for customer in seven[:2]:
        client.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": customer.id})
    [only] = client.v1.payment_intents.list({"customer": seven[1].id}).data
    assert only.customer == seven[1].id


def test_expansion_reaches_four_levels_and_into_lists(standin: Running, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({"name": "Blue Mesa Ranch"})
    client.v1.payment_intents.create(
        {
            "amount": 500,
            "currency": "usd",
            "customer": customer.id,
            "confirm": True,
            "payment_method": "pm_card_visa",
            "capture_method": "automatic",
        }
    )
    page = client.v1.payment_intents.list({"expand": ["data.latest_charge.balance_transaction.source.customer"]})
    charge = page.data[0].latest_charge
    assert isinstance(charge, stripe.Charge)
    assert isinstance(charge.balance_transaction, stripe.BalanceTransaction)
    source = charge.balance_transaction.source
    assert isinstance(source, stripe.Charge)
    assert isinstance(source.customer, stripe.Customer)
    assert source.customer.name == "Blue Mesa Ranch"
    assert charge.customer == customer.id, "what was not asked for stays an id"

    client.v1.refunds.create({"charge": charge.id, "amount": 100})
    with_refunds = client.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert with_refunds.refunds is not None
    assert [refund.amount for refund in with_refunds.refunds.data] == [100]
    assert "refunds" not in client.v1.charges.retrieve(charge.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.list({"expand": ["latest_charge"]})
