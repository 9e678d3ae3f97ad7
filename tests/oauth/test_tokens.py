"""TOK-1 to TOK-4: one refresh at a time, kept before it is used, and a lost connection said aloud."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from connector.errors import GatewayError, NotConnected, Transient
from connector.store.companies import ConnectionRow
from oauth import connections, tokens
from oauth.connections import QUICKBOOKS, SECRET
from oauth.intuit import Intuit, Tokens
from oauth.tokens import bearer_for
from tests.qbo.rig import Rig, rule


@pytest.fixture
def connected(rig: Rig) -> Rig:
    """Return a company that is connected and has fetched a token."""
    rig.connect()
    rig.quickbooks(rig.company_id).company_info()
    rig.forget_calls()
    return rig


def bearer(rig: Rig):  # type: ignore[no-untyped-def]
    return bearer_for(rig.db, rig.vault, rig.clock, rig.settings, rig.company_id)


def refreshes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the refreshes that reach Intuit."""
    asked: list[str] = []
    refresh = Intuit.refresh

    def counted(intuit: Intuit, token: str) -> Tokens:
        asked.append(token)
        return refresh(intuit, token)

    monkeypatch.setattr(Intuit, "refresh", counted)
    return asked


def test_a_fresh_token_is_used_as_it_is(connected: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = refreshes(monkeypatch)
    assert bearer(connected)(False) == bearer(connected)(False)
    assert asked == []


def test_a_token_is_renewed_before_it_ends(connected: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = refreshes(monkeypatch)
    before = bearer(connected)(False)
    connected.world.advance(3600 - 299)
    assert bearer(connected)(False) != before
    assert len(asked) == 1


def test_eight_threads_whose_token_ended_refresh_once(connected: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = refreshes(monkeypatch)
    connected.switch(refresh_rotates_after=0, refresh_grace=0)
    connected.quickbooks_control("expire_access")
    gateway = connected.quickbooks(connected.company_id)
    together, failures = threading.Barrier(8), []

    def work() -> None:
        together.wait()
        try:
            gateway.company_info()
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(asked) == 1
    assert connected.connection().state == "connected"
    connected.world.advance(4000)
    gateway.company_info()  # and the token that was kept is the newest one


def test_the_rotated_token_is_kept_before_it_is_used(connected: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    connected.switch(refresh_rotates_after=0, refresh_grace=0)
    connected.world.advance(4000)
    before = connections.secret_of(connected.rt, connected.connection(), SECRET)
    handed = bearer(connected)(False)
    row = connected.connection()
    assert connections.secret_of(connected.rt, row, SECRET) != before
    assert connections.secret_of(connected.rt, row, connections.ACCESS) == handed
    assert (row.lease_owner, row.lease_until) == ("", None)


@pytest.mark.parametrize(("grace", "survives"), [(3600, True), (0, False)])
def test_a_lost_answer_is_asked_once_more_with_the_same_token(
    connected: Rig, monkeypatch: pytest.MonkeyPatch, grace: int, survives: bool
) -> None:
    """TOK-1: Intuit rotated and we did not hear of it. Within the grace nothing is lost; without, a person is told."""
    asked = refreshes(monkeypatch)
    connected.switch(refresh_rotates_after=0, refresh_grace=grace)
    connected.world.advance(4000)
    connected.faults(rule("token.refresh", "drop_after_commit"))
    if survives:
        assert bearer(connected)(False)
    else:
        with pytest.raises(NotConnected):
            bearer(connected)(False)
    assert len(asked) == 2
    assert asked[0] == asked[1]
    assert connected.connection().state == ("connected" if survives else "needs_reconnect")
    assert bool(connected.connection().last_error) is not survives


def test_two_lost_answers_keep_the_connection_and_say_that_nothing_was_sent(connected: Rig) -> None:
    connected.world.advance(4000)
    connected.faults(rule("token.refresh", "status:503", times=0))
    with pytest.raises(Transient):
        bearer(connected)(False)
    assert connected.connection().state == "connected"
    connected.faults()
    assert bearer(connected)(False), "the lease was given back"


def test_a_crash_between_answer_and_commit_loses_nothing_within_the_grace(
    connected: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TOK-2: the lease ends by itself, and the old token is tried."""
    connected.switch(refresh_rotates_after=0, refresh_grace=3600)
    connected.world.advance(4000)

    def die(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tokens.connections, "token_columns", die)
    monkeypatch.setattr(tokens, "_give_back_lease", lambda *_args: None)
    with pytest.raises(KeyboardInterrupt):
        bearer(connected)(False)
    monkeypatch.undo()

    with pytest.raises(Transient, match="takes too long"):
        bearer(connected)(False)
    connected.world.advance(61)
    assert bearer(connected)(False)
    assert connected.connection().state == "connected"


def test_a_refused_token_that_was_replaced_meanwhile_is_no_loss(
    connected: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TOK-3: two refreshed at once, because a lease ran out under a sleeper; the newer token is taken."""
    connected.switch(refresh_rotates_after=0, refresh_grace=0)
    connected.world.advance(4000)
    refresh = Intuit.refresh
    others = []

    def overtaken(intuit: Intuit, token: str) -> Tokens:
        if not others:
            others.append(True)
            fresh = refresh(intuit, token)
            with connected.db.write("other_worker") as session:
                row = connections.find(session, connected.company_id, QUICKBOOKS)
                assert row is not None
                columns = connections.token_columns(connected.rt, connected.company_id, fresh)
                assert connections.change(session, row, **columns)
        return refresh(intuit, token)

    monkeypatch.setattr(Intuit, "refresh", overtaken)
    handed = bearer(connected)(False)
    assert handed == connections.secret_of(connected.rt, connected.connection(), connections.ACCESS)
    assert connected.connection().state == "connected"


def test_a_connection_that_was_ended_is_said_to_be_lost(connected: Rig) -> None:
    """TOK-4."""
    connected.quickbooks_control("disconnect")
    connected.world.advance(4000)
    with pytest.raises(NotConnected):
        bearer(connected)(False)
    assert connected.connection().state == "needs_reconnect"
    assert "Connect QuickBooks again" in connected.connection().last_error


def test_the_end_of_a_connection_is_seen_a_month_ahead(connected: Rig) -> None:
    row, day = connected.connection(), 86_400
    assert connections.ends_soon(row, connected.clock.now()) is None
    connected.world.advance(75 * day)
    assert connections.ends_soon(row, connected.clock.now()) == row.refresh_expires_at
    bearer(connected)(False)
    assert connections.ends_soon(connected.connection(), connected.clock.now()) is None, "a refresh moves it"


def test_a_wrong_app_secret_is_no_lost_connection(connected: Rig) -> None:
    connected.world.advance(4000)
    from pydantic import SecretStr

    wrong = connected.settings.model_copy(update={"qbo_client_secret": SecretStr("wrong")})
    with pytest.raises(GatewayError, match="refused our app"):
        bearer_for(connected.db, connected.vault, connected.clock, wrong, connected.company_id)(False)
    assert connected.connection().state == "connected"


def test_no_token_is_anywhere_in_the_database(connected: Rig, tmp_path: Path) -> None:
    """S-24: the file, its journal and every text of every table hold ciphers only."""
    connected.switch(refresh_rotates_after=0)
    connected.world.advance(4000)
    row = connected.connection()
    secrets = [connections.secret_of(connected.rt, row, name) for name in (connections.ACCESS, SECRET)]
    secrets.append(bearer(connected)(False))
    secrets.append(connections.secret_of(connected.rt, connected.connection(), SECRET))
    assert len(set(secrets)) == 4
    kept = b""
    if connected.db.is_sqlite:
        kept = b"".join(path.read_bytes() for path in tmp_path.glob("tieout.db*"))
    else:
        with connected.db.read() as session:
            for table in ("connection", "company", "consent", "log"):
                rows = session.connection().exec_driver_sql(f'SELECT to_jsonb(t)::text FROM "{table}" t').scalars()
                kept += "".join(rows).encode()
    assert kept
    for secret in secrets:
        assert secret.encode() not in kept
        assert secret not in repr(connected.connection())


def test_ciphers_open_under_no_other_company_and_column(connected: Rig, second: Rig) -> None:
    second.connect()
    with connected.db.write("tamper") as session:
        theirs = session.get_one(ConnectionRow, (second.company_id, QUICKBOOKS))
        ours = session.get_one(ConnectionRow, (connected.company_id, QUICKBOOKS))
        theirs.access_cipher, theirs.secret_cipher = ours.access_cipher, ours.access_cipher
        theirs.access_expires_at = ours.access_expires_at
    with pytest.raises(Exception, match="does not open"):
        bearer(second)(False)
    with pytest.raises(Exception, match="does not open"):
        connections.secret_of(connected.rt, second.connection(), SECRET)
