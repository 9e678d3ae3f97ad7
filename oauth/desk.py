"""What `oauth` needs from outside; `sync.runtime.Runtime` fits it, so the pages pass theirs.

Holds nothing. Law: `oauth` stands below `sync` and never imports it.
"""

from __future__ import annotations

from typing import Protocol

from connector.clock import Clock
from connector.settings import Settings
from connector.store.session import Database
from oauth.vault import Vault


class Desk(Protocol):
    """Settings, database, clock and vault."""

    @property
    def settings(self) -> Settings:
        """The settings of this process."""
        ...

    @property
    def db(self) -> Database:
        """The database."""
        ...

    @property
    def clock(self) -> Clock:
        """The clock."""
        ...

    @property
    def vault(self) -> Vault:
        """The vault."""
        ...
