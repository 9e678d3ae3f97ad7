"""S-8: no value, however it is written, gets out of its quotes. Judged by the stand-in's own parser."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.qbo.language import all_of, count_of, entity_in, ids_of, one_of, page_of, quote
from sandbox.qbo.query import parse

texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)


@given(texts)
@example("a\\")
@example("\\' OR Active = 'true")
@example("'; DROP TABLE x --")
@example("\\\\'")
@example("O'Brien & Söhne 漢字")
def test_a_quoted_value_is_one_value_and_comes_back_as_it_was(value: str) -> None:
    query = parse(f"SELECT * FROM Customer WHERE DisplayName = {quote(value)} AND Active = true MAXRESULTS 7")
    assert [condition.operand for condition in query.conditions] == [value, True]
    assert query.limit == 7


@given(st.lists(texts, min_size=1, max_size=5))
def test_a_list_of_values_keeps_each(values: list[str]) -> None:
    query = parse(f"SELECT * FROM Customer WHERE DisplayName IN {one_of(values)}")
    assert set(query.conditions[0].operand) == set(values)


@pytest.mark.parametrize("value", ["a\nb", "tab\there", "\x00", "nul\x00", "\x7f", "\x85"])
def test_control_characters_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        quote(value)


def test_lists_of_names_are_asked_with_their_inactive_ones() -> None:
    assert page_of("Customer", start=1001, size=1000) == (
        "SELECT * FROM Customer WHERE Active IN (true, false) ORDERBY Id STARTPOSITION 1001 MAXRESULTS 1000"
    )
    assert page_of("Invoice", start=1, size=10, where="Balance > '0'") == (
        "SELECT * FROM Invoice WHERE Balance > '0' ORDERBY Id STARTPOSITION 1 MAXRESULTS 10"
    )
    assert all_of("Term", "Name = 'x'") == (
        "SELECT * FROM Term WHERE Active IN (true, false) AND Name = 'x' MAXRESULTS 1000"
    )


@pytest.mark.parametrize("entity", ["Account", "Customer", "Invoice", "Item", "Payment", "TaxCode", "TaxRate", "Term"])
def test_our_statements_are_statements(entity: str) -> None:
    for statement in (page_of(entity, start=1, size=1000), ids_of(entity, start=1, size=9), count_of(entity)):
        assert parse(statement).entity.name == entity
        assert entity_in(statement) == entity


@pytest.mark.parametrize("statement", ["", "DELETE FROM Invoice", "SELECT * FROM", "SELECT * FROM 'Invoice'"])
def test_what_is_no_query_has_no_entity(statement: str) -> None:
    with pytest.raises(ValueError, match="not a query"):
        entity_in(statement)
