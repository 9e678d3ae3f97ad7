"""Passwords of contacts: argon2id, what is too easy to guess, and a check that takes the same time for everybody.

Laws: only the hash is stored, and made anew at the next sign-in when its cost was raised; for an address nobody has, or
one without a password, the same work is done; nothing here says which of the two it was.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlmodel import Session, col, select, update

from connector.errors import WrongInput
from connector.store.access import ContactRow, PasswordRow
from connector.words import say
from portal.access import people
from portal.here import runtime

SHORTEST, LONGEST = 10, 200  # characters; the longest keeps one press from costing much

# 19 MiB, two rounds: the least OWASP takes for argon2id, so that a small machine can answer several at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

# What people choose most, as it is left when case, figures in place of letters, and figures and signs at the ends are
# taken away. What is shorter than ten characters then had its figures and signs, or was refused for its length.
_WORDS = """
password passwort passwords passw motdepasse contrasena contraseña kennwort secret geheim welcome willkommen bienvenue
bienvenido letmein changeme changeit iloveyou ichliebedich jetaime teamo teamomucho qwerty qwertz azerty qwertyuiop
qwertzuiop azertyuiop asdfghjkl zxcvbnm yxcvbnm qwertyqwerty qwertyasdfgh administrator admin adminadmin root rootroot
login loginlogin master supervisor superuser default guest tester testtest testing test user username football baseball
basketball superman batman spiderman pokemon starwars princess sunshine butterfly chocolate computer internet monkey
monkeymonkey dragon shadow michael jennifer jessica charlie freedom whatever trustno trustnoone mustang corvette
mercedes liverpool manchester chelsea barcelona realmadrid arsenal juventus bayern summer winter spring autumn sommer
frühling herbst hiver printemps automne verano invierno primavera january february march april june july august
september october november december monday tuesday wednesday thursday friday saturday sunday company business invoice
invoices payment payments quickbooks stripe accounting accounts payable accountspayable tieout customer portal money
bank banking credit correcthorsebatterystaple abcdefg abcdefgh abcdefghij abcdef abc blink lovely lovelove forever
angel babygirl daniel thomas robert jordan hunter ranger soccer hockey killer george andrew joshua matthew access
flower passpass passphrase mypassword yourpassword thepassword newpassword oldpassword temppassword temporary
"""
_COMMON = frozenset(_WORDS.split())
_LETTERS = str.maketrans("0134578@$!€", "oieastbasie")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm")


def check_new(password: str, *, about: tuple[str, ...]) -> None:
    """Refuse a new password that is too short, too long or easily guessed; `about` is what is known of the person.

    Raises WrongInput with a sentence.
    """
    if len(password) < SHORTEST:
        raise WrongInput(
            say("Use {number} characters or more; three words that only you would join are good.", number=SHORTEST)
        )
    if len(password) > LONGEST:
        raise WrongInput(say("That is longer than {number} characters.", number=LONGEST))
    if _is_common(password) or _is_pattern(password):
        raise WrongInput(say("Many people use this one or something very like it. Choose another."))
    if any(piece in password.casefold() for text in about for piece in _pieces(text)):
        raise WrongInput(say("It holds your name, your address or the company’s. Choose another."))


def _is_common(password: str) -> bool:
    low = password.casefold()
    bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", low)
    return any(re.sub(r"[\W\d_]+", "", text) in _COMMON for text in (low, bare, bare.translate(_LETTERS)))


def _is_pattern(password: str) -> bool:
    """Tell whether it is few signs over and over, or runs along the alphabet or the keyboard."""
    low = password.casefold()
    if len(set(low)) < 5:
        return True
    pairs = ["".join(pair) for pair in pairwise(low)]
    runs = sum(any(pair in row or pair[::-1] in row for row in _ROWS) for pair in pairs)
    return runs >= 0.8 * (len(low) - 1)


def _pieces(text: str) -> list[str]:
    return [piece for piece in re.split(r"[\W_]+", text.casefold()) if len(piece) >= 4]


def set_password(session: Session, company_id: str, contact_id: str, password: str) -> None:
    """Store a contact's password in place of an earlier one."""
    now = runtime().clock.now()
    row = session.get(PasswordRow, contact_id)
    if row is None:
        row = PasswordRow(contact_id=contact_id, company_id=company_id, hash="", changed_at=now)
    row.hash, row.changed_at = _HASHER.hash(password), now
    session.add(row)


def has_password(session: Session, company_id: str, contact_id: str) -> bool:
    """Tell whether a contact has a password."""
    return bool(_stored(session, company_id, contact_id))


def is_right(session: Session, company_id: str, contact_id: str, password: str) -> bool:
    """Tell whether this is a contact's password."""
    return _verify(_stored(session, company_id, contact_id), password)


def who_with(company_id: str, email: str, password: str) -> str:
    """Return the contact of an address whose password this is; empty for anybody else, after the same time."""
    rt = runtime()
    with rt.db.read() as session:
        contact: ContactRow | None = people.contact_by_email(session, company_id, email)
        kept = _stored(session, company_id, contact.id if contact else "")
    if not _verify(kept, password) or contact is None:
        return ""
    if _HASHER.check_needs_rehash(kept):
        with rt.db.write("password.rehash") as session:
            mine = update(PasswordRow).where(col(PasswordRow.contact_id) == contact.id, col(PasswordRow.hash) == kept)
            session.exec(mine.values(hash=_HASHER.hash(password)))
    return contact.id


def _stored(session: Session, company_id: str, contact_id: str) -> str:
    mine = select(PasswordRow.hash).where(PasswordRow.company_id == company_id, PasswordRow.contact_id == contact_id)
    return session.exec(mine).one_or_none() or ""


def _verify(kept: str, password: str) -> bool:
    """Compare; without a hash, with one that nothing fits."""
    try:
        return _HASHER.verify(kept or _nobodys(), password[:LONGEST]) and bool(kept)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _HASHER.hash(runtime().clock.new_token())
