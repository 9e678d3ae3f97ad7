"""A small client of the stand-in's wire: raw requests, raw answers, and the control plane."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import requests

from sandbox.qbo.codec import decode, encode
from sandbox.world import World


class Company:
    """One company over HTTP: the API with a bearer, the control plane with its token."""

    def __init__(self, world: World, control_token: str, realm: str | None = None) -> None:
        self.world, self.standin = world, world.quickbooks
        self.credentials = self.standin.credentials(realm)
        self.realm: str = self.credentials["realm_id"]
        self.base = f"{self.credentials['api_base']}/v3/company/{self.realm}"
        self.http = requests.Session()
        self.http.trust_env = False
        self.control_headers = {"Authorization": f"Bearer {control_token}"}
        self.control_url = f"{self.credentials['api_base']}/_control"
        self.refresh()

    def refresh(self) -> None:
        """Fetch a fresh access token."""
        keys = (self.credentials["client_id"], self.credentials["client_secret"])
        form = {"grant_type": "refresh_token", "refresh_token": self.credentials["refresh_token"]}
        answer = self.http.post(f"{self.credentials['api_base']}/oauth2/v1/tokens/bearer", data=form, auth=keys)
        answer.raise_for_status()
        self.credentials["refresh_token"] = answer.json()["refresh_token"]
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}", "Accept": "application/json"}

    # The API

    def get(self, path: str, **args: str) -> requests.Response:
        return self.http.get(f"{self.base}/{path}", params=args, headers=self.headers)

    def post(self, path: str, body: Any, **args: str) -> requests.Response:
        return self.http.post(f"{self.base}/{path}", params=args, data=encode(body).encode(), headers=self.headers)

    def create(self, entity: str, **body: Any) -> dict[str, Any]:
        answer = self.post(entity.lower(), body)
        assert answer.status_code == 200, answer.text
        return decode(answer.content)[entity]

    def update(self, entity: str, body: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Send a sparse update."""
        head = {"Id": body["Id"], "SyncToken": body["SyncToken"], "sparse": True}
        answer = self.post(entity.lower(), {**head, **changes})
        assert answer.status_code == 200, answer.text
        return decode(answer.content)[entity]

    def read(self, entity: str, key: str) -> dict[str, Any]:
        answer = self.get(f"{entity.lower()}/{key}")
        assert answer.status_code == 200, answer.text
        return decode(answer.content)[entity]

    def query(self, text: str) -> dict[str, Any]:
        answer = self.get("query", query=text)
        assert answer.status_code == 200, answer.text
        return decode(answer.content)["QueryResponse"]

    def refused(self, path: str, body: Any, **args: str) -> tuple[str, str]:
        """Post what must be refused with HTTP 400; returns the fault's code and detail."""
        answer = self.post(path, body, **args)
        assert answer.status_code == 400, answer.text
        error = answer.json()["Fault"]["Error"][0]
        return error["code"], error["Detail"]

    # The control plane

    def steer(self, name: str, payload: dict[str, Any] | None = None, *, method: str = "POST") -> Any:
        sent = {"realm": self.realm, **(payload or {})} if name.startswith("quickbooks/") else payload or {}
        if name == "quickbooks/switches":
            sent.pop("realm")
        if method == "GET":
            answer = self.http.get(f"{self.control_url}/{name}", params=sent, headers=self.control_headers)
        else:
            headers = {**self.control_headers, "Content-Type": "application/json"}
            answer = self.http.request(
                method, f"{self.control_url}/{name}", data=encode(sent).encode(), headers=headers
            )
        assert answer.status_code == 200, answer.text
        return decode(answer.content)

    def faults(self, *rules: dict[str, Any]) -> None:
        answer = self.http.put(f"{self.control_url}/faults", json=list(rules), headers=self.control_headers)
        assert answer.status_code == 200, answer.text

    def balance(self, account: str) -> int:
        """Return an account's cents from the ledger, by name."""
        rows = self.steer("quickbooks/ledger", method="GET")["accounts"]
        return next(row["cents"] for row in rows if row["name"] == account)

    def account(self, name: str) -> str:
        return self.query(f"SELECT * FROM Account WHERE Name = '{name}'")["Account"][0]["Id"]

    # What most tests need

    def customer(self, name: str = "Blue Mesa Ranch", **more: Any) -> dict[str, Any]:
        return self.create("Customer", DisplayName=name, **more)

    def invoice(self, customer: str, amount: str = "100.00", **more: Any) -> dict[str, Any]:
        return self.create("Invoice", CustomerRef={"value": customer}, Line=[sale(amount)], **more)

    def pay(self, customer: str, total: str, *settles: tuple[str, str, str], **more: Any) -> dict[str, Any]:
        """Record a payment; `settles` are (type, id, amount)."""
        lines = [applied(*one) for one in settles]
        return self.create("Payment", CustomerRef={"value": customer}, TotalAmt=Decimal(total), Line=lines, **more)


def sale(amount: str, **detail: Any) -> dict[str, Any]:
    """Return a sales line."""
    return {"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def applied(kind: str, key: str, amount: str) -> dict[str, Any]:
    """Return a payment line."""
    return {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": key, "TxnType": kind}]}
