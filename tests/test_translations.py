"""The catalogs: nothing missing, nothing stale, every place of a sentence kept, and figures read back as written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from hypothesis import given
from hypothesis import strategies as st

from connector import words
from connector.ledger.money import Money
from connector.translations import HERE, LANGUAGES, SOURCE
from connector.translations.gathering import ROOMS, ROOT, TEMPLATE, gather, parts, read, text_of
from sync.collect.amounts import read_amount

OTHERS = sorted(set(LANGUAGES) - {SOURCE})


@pytest.fixture(scope="module")
def sentences() -> set[tuple[str, ...]]:
    """Return what the sources say; gathered by whoever asks, not by everybody who collects the tests."""
    return {key(message.id) for message in gather() if message.id}


def key(message_id: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return parts(message_id)


def ids(catalog: Catalog) -> set[tuple[str, ...]]:
    return {key(message.id) for message in catalog if message.id}


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalog_has_every_sentence_and_no_other(language: str, sentences: set[tuple[str, ...]]) -> None:
    """`python -m connector.translations` gathers them anew."""
    assert ids(read(language)) == sentences
    assert not any(message.fuzzy for message in read(language) if message.id)


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalog_leaves_no_form_empty(language: str) -> None:
    catalog = read(language)
    for message in catalog:
        if message.id:
            forms = parts(message.string)
            assert all(form.strip() for form in forms), message.id
            assert len(forms) == (catalog.num_plurals if len(key(message.id)) > 1 else 1), message.id


def test_the_template_is_what_the_sources_say() -> None:
    assert TEMPLATE.read_bytes() == text_of(gather())


def _said_in_code() -> Iterator[tuple[str, ...]]:
    """Give what our own reading of the code finds, which also looks into f-strings."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and (called := _name(node.func)) in ("say", "mark", "known", "say_many"):
                    wanted = node.args[: 2 if called == "say_many" else 1]
                    if all(isinstance(one, ast.Constant) for one in wanted):
                        yield tuple(str(one.value) for one in wanted if isinstance(one, ast.Constant))


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_nothing_that_code_says_is_overlooked(sentences: set[tuple[str, ...]]) -> None:
    said = set(_said_in_code())
    assert len(said) > 150
    assert said <= sentences


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def tags(sentence: str) -> list[str]:
    return sorted(re.findall(r"<[^>]+>", sentence))


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_keeps_places_and_marks(language: str) -> None:
    """The places by name, the markup to the letter, a full stop where there is one, no spaces at the ends."""
    for message in read(language):
        if not message.id:
            continue
        english = key(message.id)
        wanted = set().union(*map(places, english))
        assert all(name.isidentifier() for name in wanted), message.id
        for form in parts(message.string):
            assert places(form) == wanted, message.id
            assert tags(form) == tags(english[0]), message.id
            assert form.strip() == form
            is_sentence = " " in english[-1]
            assert not is_sentence or form.endswith(".") == english[-1].endswith("."), message.id


def test_quotation_marks_are_those_of_the_language() -> None:
    german = "".join(part for message in read("de") if message.id for part in parts(message.string))
    assert "„Bezahlen“" in german
    assert '"' not in re.sub(r"<[^>]+>", "", german)
    french = "".join(part for message in read("fr") if message.id for part in parts(message.string))
    assert "'" not in french
    assert re.findall(r"[^\N{NO-BREAK SPACE}]\?", french) == []
    assert re.findall(r".{20} [:;!?%]", french) == []
    spanish = "".join(part for message in read("es") if message.id for part in parts(message.string))
    assert spanish.count("?") == spanish.count("¿")


def test_what_is_not_known_stays_english() -> None:
    assert not (HERE / "en.po").exists()
    with words.speaking("de_DE"):
        assert words.known("Nobody translated this.") == "Nobody translated this."
        assert words.known("") == ""
    with words.speaking("pl_PL"):
        assert words.say("Pay {amount}", amount="1") == "Pay 1"


def test_the_language_ends_with_the_speech() -> None:
    assert words.say("Pay {amount}", amount="$5.00") == "Pay $5.00"
    with words.speaking("de_DE"):
        assert words.say("Pay {amount}", amount="5,00 $") == "5,00 $ bezahlen"
        with words.on_record():
            assert words.spoken() == words.LOCALE
            assert words.say("Paid") == "Paid"
            with words.aside():
                assert words.say("Paid") == "Bezahlt"
        assert words.language() == "de"
    assert words.spoken() == words.LOCALE


@pytest.mark.parametrize(
    ("number", "said"),
    [(0, "0 facture"), (1, "1 facture"), (2, "2 factures"), (1250, "1\N{NARROW NO-BREAK SPACE}250 factures")],
)
def test_a_number_chooses_its_form(number: int, said: str) -> None:
    with words.speaking("fr_FR"):
        assert words.say_many("{number} invoice", "{number} invoices", number) == said


@given(
    st.sampled_from(sorted(words.LOCALES.values())),
    st.integers(0, 10**11),
    st.sampled_from(["USD", "EUR", "JPY"]),
)
def test_a_figure_is_read_in_the_language_it_was_written_in(locale: str, minor: int, currency: str) -> None:
    amount = Money(minor, currency)
    with words.speaking(locale):
        assert read_amount(words.figure(amount), currency) == amount
        if "." in f"{amount.decimal()}":
            assert read_amount(f"{amount.decimal()}", currency) == amount


def test_a_figure_that_could_mean_two_things_is_refused() -> None:
    with words.speaking("de_DE"):
        assert read_amount("1.620", "USD") == Money(162000, "USD")
        assert read_amount("1620.50", "USD") == Money(162050, "USD")
        with pytest.raises(Exception, match="Schreiben Sie den Betrag in Ziffern, zum Beispiel 120,000"):
            read_amount("1.620", "KWD")
        with pytest.raises(Exception, match="höchstens 2 Nachkommastellen"):
            read_amount("1,625", "USD")


def test_a_language_that_runs_the_other_way_says_so() -> None:
    assert (words.direction(), words.tag()) == ("ltr", "en-US")
    with words.speaking("ar_EG"):
        assert (words.direction(), words.tag(), words.language()) == ("rtl", "ar-EG", "ar")
