"""Laws of names made from the fact: the same fact gives the same names, different facts give different ones."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from connector.ledger.keys import PostingKey, batch_request_id, reference, request_id

words = st.text(st.characters(categories=["Lu", "Ll", "Nd"], include_characters="_-"), min_size=1, max_size=30)
keys = st.builds(PostingKey, words, words, st.sampled_from(["charge", "fee", "payout"]), words)

BASE32 = re.compile(r"[A-Z2-7]+\Z")


@given(keys, st.integers(1, 5))
def test_the_same_fact_asks_with_the_same_names(key: PostingKey, generation: int) -> None:
    again = PostingKey(key.stripe_account, key.object_id, key.kind, key.customer_id)
    assert request_id(key, generation) == request_id(again, generation) == request_id(str(key), generation)
    assert reference(key) == reference(str(again))


@given(keys, keys)
def test_other_facts_have_other_names(one: PostingKey, other: PostingKey) -> None:
    same = one == other
    assert (str(one) == str(other)) is same
    assert (request_id(one) == request_id(other)) is same
    assert (reference(one) == reference(other)) is same


@given(keys)
def test_names_fit_quickbooks(key: PostingKey) -> None:
    assert len(request_id(key)) == 32
    assert BASE32.match(request_id(key))
    assert len(reference(key)) == 21, "PaymentRefNum and DocNumber hold 21 characters"
    assert reference(key).startswith("TO")
    assert BASE32.match(reference(key)[2:])


@given(keys, st.lists(st.integers(1, 50), min_size=2, max_size=5, unique=True))
def test_a_person_who_creates_again_asks_anew(key: PostingKey, generations: list[int]) -> None:
    assert len({request_id(key, generation) for generation in generations}) == len(generations)


@given(st.lists(keys, min_size=2, max_size=6, unique=True))
def test_a_batch_is_named_by_its_members_in_order(members: list[PostingKey]) -> None:
    ids = [request_id(key) for key in members]
    assert batch_request_id(ids) == batch_request_id(list(ids))
    assert batch_request_id(ids) != batch_request_id(ids[::-1])
    assert batch_request_id(ids) not in ids


def test_the_names_never_change_between_releases() -> None:
    """Written down once: a change of these would post every fact of the past again."""
    key = PostingKey("acct_1Tieout", "ch_3Example", "charge", "42")
    assert str(key) == "acct_1Tieout/ch_3Example/charge/42"
    assert request_id(key) == "IGWDWN7JD5NZUC7B5K54LPQLHVHI2CQJ"
    assert reference(key) == "TOQIHO2YKTS26C5Z7QWUF"
