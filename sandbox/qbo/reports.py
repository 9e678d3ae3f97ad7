"""Reports as QuickBooks answers them: Header, Columns, Rows; every figure comes from the ledger.

Amounts are text with two decimals in the home currency. Law: a report's total is the sum of its rows, and of the
legs on record on its day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body
from sandbox.qbo.receivables import NAMES, Open, open_items
from sandbox.qbo.refusals import Refusal, unsupported
from sandbox.qbo.times import read_day, stamp

Row = dict[str, Any]
_PROFIT = (
    ("Income", "Income", ("Income",), -1),
    ("COGS", "Cost of Goods Sold", ("Cost of Goods Sold",), 1),
    ("Expenses", "Expenses", ("Expense",), 1),
    ("OtherIncome", "Other Income", ("Other Income",), -1),
    ("OtherExpenses", "Other Expenses", ("Other Expense",), 1),
)
_BALANCE_SHEET = ("Asset", "Liability", "Equity")


def report(books: Books, name: str, args: dict[str, str]) -> Body:
    """Return a report. Raises 500 for one there is not, 2010 for a wrong date or number."""
    known = {one.lower(): one for one in _REPORTS}.get(name.lower())
    if known is None:
        raise unsupported(f"report {name}")
    books.settle_balances()
    start, end = _period(books, args)
    columns, rows = _REPORTS[known](books, start, end, args)
    option = [{"Name": "NoReportData", "Value": "false" if rows else "true"}]
    aged = known.startswith(("Aged", "Customer"))
    header = {
        "Time": stamp(books.now()),
        "ReportName": known,
        "DateMacro": args.get("date_macro", "today" if aged else "this fiscal year-to-date"),
        **({} if aged else {"ReportBasis": "Accrual", "StartPeriod": start}),
        "EndPeriod": end,
        "SummarizeColumnsBy": "Total",
        "Currency": books.home_currency,
        "Option": [{"Name": "report_date", "Value": end}, *option] if aged else option,
    }
    return {"Header": header, "Columns": {"Column": columns}, "Rows": {"Row": rows} if rows else {}}


def _period(books: Books, args: dict[str, str]) -> tuple[str, str]:
    end = args.get("report_date") or args.get("end_date") or books.today()
    end = read_day(end, "end_date")
    start = args.get("start_date") or f"{end[:4]}-01-01"
    return read_day(start, "start_date"), end


def _text(minor: int, *, blank: bool = True) -> str:
    if not minor and blank:
        return ""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def _columns(*columns: tuple[str, str]) -> list[Row]:
    return [{"ColTitle": title, "ColType": kind} for title, kind in columns]


def _cells(name: str, amounts: Iterable[int], key: str = "", *, blank: bool = True) -> list[Row]:
    head = {"value": name, "id": key} if key else {"value": name}
    return [head, *({"value": _text(minor, blank=blank)} for minor in amounts)]


def _total(amounts: list[int], *, name: str = "TOTAL", group: str = "GrandTotal") -> Row:
    return {"Summary": {"ColData": _cells(name, amounts, blank=False)}, "type": "Section", "group": group}


# Customers ------------------------------------------------------------------------------------------------------------


def _aged(books: Books, start: str, end: str, args: dict[str, str]) -> tuple[list[Row], list[Row]]:
    titles, bucket = _buckets(end, args)
    sums: dict[str, list[int]] = {}
    for item in open_items(books, end):
        row = sums.setdefault(item.customer, [0] * (len(titles) + 1))
        row[bucket(item)] += item.open_cents
        row[-1] += item.open_cents
    columns = _columns(("", "Customer"), *((title, "Money") for title in titles), ("Total", "Money"))
    return columns, _by_customer(books, sums, len(titles) + 1)


def _customer_balance(books: Books, start: str, end: str, args: dict[str, str]) -> tuple[list[Row], list[Row]]:
    sums: dict[str, list[int]] = {}
    for item in open_items(books, end):
        sums.setdefault(item.customer, [0])[0] += item.open_cents
    return _columns(("", "Customer"), ("Total", "Money")), _by_customer(books, sums, 1)


def _buckets(day: str, args: dict[str, str]) -> tuple[list[str], Callable[[Open], int]]:
    """Return the titles of the ages and what tells an item's: current, then periods of so many days, then over."""
    length, count = _number(args, "aging_period", 30), _number(args, "num_periods", 4)
    periods = [f"{at * length + 1} - {(at + 1) * length}" for at in range(count - 1)]
    titles = ["Current", *periods, f"{(count - 1) * length + 1} and over"]

    def bucket(item: Open) -> int:
        late = item.days_late(day)
        return 0 if late <= 0 else min((late - 1) // length + 1, count)

    return titles, bucket


def _number(args: dict[str, str], name: str, usual: int) -> int:
    text = args.get(name) or str(usual)
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise Refusal("2090", "Invalid Number", f"Invalid Number : {name}", element=name)
    return int(text)


def _by_customer(books: Books, sums: dict[str, list[int]], width: int) -> list[Row]:
    """Return a row for each customer, its jobs below it, and the total."""
    if not sums:
        return []
    children: dict[str, list[str]] = {}
    shown: dict[str, None] = {}
    for key in sums:
        above = [key, *(parent["Id"] for parent in books.parents_of("Customer", key))]
        for child, parent in zip(above, [*above[1:], ""], strict=True):
            if child not in shown:
                shown[child] = None
                children.setdefault(parent, []).append(child)
    names = {key: str((books.docs.body("Customer", key) or {}).get("DisplayName", "")) for key in shown}

    def add(one: list[int], other: list[int]) -> list[int]:
        return [a + b for a, b in zip(one, other, strict=True)]

    def rows(parent: str) -> tuple[list[Row], list[int]]:
        made, total = [], [0] * width
        for key in sorted(children.get(parent, []), key=lambda key: names[key].casefold()):
            own = sums.get(key, [0] * width)
            below, under = rows(key)
            if below:
                whole = add(own, under)
                head, foot = _cells(names[key], own, key), _cells(f"Total {names[key]}", whole)
                made.append(_section(head, below, foot))
            else:
                whole = own
                made.append({"ColData": _cells(names[key], own, key)})
            total = add(total, whole)
        return made, total

    made, total = rows("")
    return [*made, _total(total)]


def _section(head: list[Row], rows: list[Row], foot: list[Row], **more: str) -> Row:
    return {"Header": {"ColData": head}, "Rows": {"Row": rows}, "Summary": {"ColData": foot}, "type": "Section", **more}


def _aged_detail(books: Books, start: str, end: str, args: dict[str, str]) -> tuple[list[Row], list[Row]]:
    titles, bucket = _buckets(end, args)
    groups: dict[int, list[Open]] = {}
    for item in open_items(books, end):
        groups.setdefault(bucket(item), []).append(item)
    kinds = ("Date", "Transaction Type", "Num", "Customer", "Due Date", "Amount", "Open Balance")
    types = ("tx_date", "txn_type", "doc_num", "cust_name", "due_date", "subt_amount", "subt_open_bal")
    rows = []
    for place in sorted(groups, reverse=True):
        lines = [{"ColData": _detail(books, item), "type": "Data"} for item in groups[place]]
        sums = [sum(item.cents for item in groups[place]), sum(item.open_cents for item in groups[place])]
        title = titles[place] if not place else f"{titles[place]} days past due"
        rows.append(_section(_pad(title), lines, [*_pad(f"Total for {title}")[:5], *_amounts(sums)]))
    every = [item for group in groups.values() for item in group]
    grand = [sum(item.cents for item in every), sum(item.open_cents for item in every)]
    foot = {"ColData": [*_pad("TOTAL")[:5], *_amounts(grand)]}
    return _columns(*zip(kinds, types, strict=True)), [*rows, {"Summary": foot, "type": "Section"}] if rows else []


def _pad(title: str) -> list[Row]:
    return [{"value": title}, *({"value": ""} for _ in range(6))]


def _amounts(amounts: list[int]) -> list[Row]:
    return [{"value": _text(minor, blank=False)} for minor in amounts]


def _detail(books: Books, item: Open) -> list[Row]:
    customer = books.docs.body("Customer", item.customer) or {}
    number = str(item.body.get("DocNumber") or item.body.get("PaymentRefNum") or "")
    return [
        {"value": str(item.body["TxnDate"])},
        {"value": NAMES.get(item.entity, item.entity), "id": item.key},
        {"value": number},
        {"value": str(customer.get("DisplayName", "")), "id": item.customer},
        {"value": item.due_day},
        *_amounts([item.cents, item.open_cents]),
    ]


# The whole ledger -----------------------------------------------------------------------------------------------------


def _trial_balance(books: Books, start: str, end: str, args: dict[str, str]) -> tuple[list[Row], list[Row]]:
    columns = _columns(("", "Account"), ("Debit", "Money"), ("Credit", "Money"))
    debits = lent = 0
    rows = []
    for account, minor in _balances(books, end):
        debits, lent = debits + max(minor, 0), lent + max(-minor, 0)
        cells = _cells(account["FullyQualifiedName"], (max(minor, 0), max(-minor, 0)), account["Id"])
        rows.append({"ColData": cells})
    return columns, [*rows, _total([debits, lent])] if rows else []


def _balances(books: Books, end: str) -> Iterator[tuple[Body, int]]:
    """Yield accounts with their cents at the end of a day; profit of earlier years lies in Retained Earnings."""
    year = f"{end[:4]}-01-01"
    earlier = 0
    found = []
    for key in books.docs.ids("Account"):
        account = books.docs.body("Account", key) or {}
        if account.get("Classification") in _BALANCE_SHEET:
            minor = books.opening(key) + _moved(books, key, "", end)
        else:
            minor = _moved(books, key, year, end)
            earlier += _moved(books, key, "", end) - minor
        found.append((account, minor))
    retained = next((one for one, _ in found if one.get("AccountSubType") == "RetainedEarnings"), None)
    for account, minor in found:
        whole = minor + earlier if account is retained else minor
        if whole:
            yield account, whole


def _moved(books: Books, account: str, start: str, end: str) -> int:
    """Return the cents that moved on an account from one day to another, both included."""
    days: dict[str, dict[str, Any]] = {}
    total = 0
    for (entity, key), minor in books.ledger.entries(account).items():
        if entity not in days:
            days[entity] = books.docs.column(entity, "TxnDate")
        if start <= str(days[entity][key]) <= end:
            total += minor
    return total


def _profit_and_loss(books: Books, start: str, end: str, args: dict[str, str]) -> tuple[list[Row], list[Row]]:
    columns = _columns(("", "Account"), ("Total", "Money"))
    rows: list[Row] = []
    net = 0
    for group, title, kinds, sign in _PROFIT:
        lines, total = [], 0
        for key, kind in books.docs.column("Account", "AccountType").items():
            minor = sign * _moved(books, key, start, end) if kind in kinds else 0
            if minor:
                name = (books.docs.body("Account", key) or {}).get("FullyQualifiedName", "")
                lines.append({"ColData": _cells(name, [minor], key), "type": "Data"})
                total += minor
        net -= sign * total
        if lines:
            rows.append(_section(_cells(title, [0]), lines, _cells(f"Total {title}", [total]), group=group))
        if group == "COGS":
            rows.append(_total([net], name="Gross Profit", group="GrossProfit"))
    return columns, [*rows, _total([net], name="Net Income", group="NetIncome")]


def _general_ledger(books: Books, start: str, end: str, args: dict[str, str]) -> tuple[list[Row], list[Row]]:
    kinds = ("Date", "Transaction Type", "Num", "Name", "Memo/Description", "Amount", "Balance")
    types = ("tx_date", "txn_type", "doc_num", "name", "memo", "subt_nat_amount", "rbal_nat_amount")
    rows = []
    for key in books.docs.ids("Account"):
        lines = [row for row in books.register(key) if start <= row["day"] <= end]
        if not lines:
            continue
        name = (books.docs.body("Account", key) or {}).get("FullyQualifiedName", "")
        total = sum(row["cents"] for row in lines)
        head = [{"value": name, "id": key}, *_pad("")[1:]]
        foot = [*_pad(f"Total for {name}")[:5], *_amounts([total]), {"value": ""}]
        rows.append(_section(head, [{"ColData": _entry(row), "type": "Data"} for row in lines], foot))
    return _columns(*zip(kinds, types, strict=True)), rows


def _entry(row: Row) -> list[Row]:
    return [
        {"value": row["day"]},
        {"value": NAMES.get(row["entity"], row["entity"]), "id": row["id"]},
        *({"value": str(row[field])} for field in ("number", "who", "note")),
        *_amounts([row["cents"], row["balance_cents"]]),
    ]


_REPORTS: dict[str, Callable[[Books, str, str, dict[str, str]], tuple[list[Row], list[Row]]]] = {
    "AgedReceivables": _aged,
    "AgedReceivableDetail": _aged_detail,
    "CustomerBalance": _customer_balance,
    "TrialBalance": _trial_balance,
    "ProfitAndLoss": _profit_and_loss,
    "GeneralLedger": _general_ledger,
}
