/* What is paid on the pay page: invoices with their amounts and discounts, or a deposit. Knows nothing of Stripe. The
   server decides; this keeps the page's own sums right while somebody types. */
"use strict";

const tieoutBasket = (form, words) => {
  const digits = Number(form.dataset.digits);
  const least = Number(form.dataset.least);
  const told = (name, amount) => words[name].replace("{amount}", () => amount);
  const money = (minor) => tieoutMoney.write(minor, form.dataset.currency, digits);
  const onAccount = form.querySelector("[data-deposit]");
  const rows = [...form.querySelectorAll("[data-invoice]")].map((item) => ({
    item,
    invoice: item.dataset.invoice,
    customer: item.dataset.customer,
    discount: Number(item.dataset.discount || 0),
    off: item.querySelector(".discount-off"),
    field: item.querySelector("input:not([type=hidden])"),
    wrong: item.querySelector(".hint"),
    shown: item.querySelector(".basket-left"),
    rest: item.querySelector(".basket-rest"),
  }));
  rows.forEach((row) => { if (row.field.readOnly) row.field.dataset.fixed = "yes"; });
  const typed = (row) => tieoutMoney.read(row.field.value, digits);
  const left = (row) => Number(row.item.dataset.left);

  /* What stands in the fields, or null while one of them cannot be taken. */
  function sum() {
    const amounts = rows.map(typed);
    return amounts.includes(null) ? null : amounts.reduce((one, other) => one + other, 0);
  }

  /* What a discount takes off an invoice: only when all that is open on it is paid. */
  const off = (row) => (row.discount && typed(row) === left(row) ? row.discount : 0);

  /* What is left to pay for each customer after discounts: what his credits can be used for. */
  function needs() {
    const found = {};
    for (const row of rows) found[row.customer] = (found[row.customer] || 0) + (typed(row) || 0) - off(row);
    return found;
  }

  function check(row) {
    const minor = typed(row);
    let wrong = "";
    if (row.item.dataset.untyped && !row.field.value) return false; /* nothing was typed yet: nothing is wrong */
    if (minor === null) wrong = told("figure", tieoutMoney.figure(left(row), digits));
    else if (minor <= 0) wrong = words.above_zero;
    else if (minor > left(row)) wrong = told("above_left", money(left(row)));
    else if (minor < Math.min(least, left(row))) wrong = told("below_least", money(least));
    if (row.rest) row.rest.textContent = !wrong && minor < left(row) ? told("stays", money(left(row) - minor)) : "";
    row.wrong.textContent = wrong;
    row.field.setAttribute("aria-invalid", String(wrong !== ""));
    return wrong === "";
  }

  return {
    sum,
    needs,
    discounts: () => rows.filter(off).map((row) => ({ credit: `discount/${row.invoice}`, minor: off(row) })),
    /* Say beside each amount what is wrong with it; true when all can be taken. */
    check() {
      for (const row of rows) if (row.off) row.off.textContent = off(row) ? money(-off(row)) : "";
      return rows.map(check).every(Boolean);
    },
    lock(now) { rows.forEach((row) => { if (!row.field.dataset.fixed) row.field.readOnly = now; }); },
    /* Follow what the books say now; nobody pays more than is open. */
    follow(answer) {
      for (const row of rows) {
        const now = answer.balances?.[row.invoice];
        const granted = answer.credits?.[`discount/${row.invoice}`];
        if (granted) row.discount = granted.minor;
        if (!now) continue;
        row.item.dataset.left = now.minor;
        row.shown.textContent = told("open", now.text);
        if (typed(row) !== null && typed(row) > now.minor) row.field.value = now.figure;
      }
    },
    /* What the press tells the server. */
    message: () => (onAccount
      ? { shares: [], deposit: { customer: onAccount.value, amount: rows[0].field.value } }
      : { shares: rows.map((row) => ({ invoice: row.invoice, amount: row.field.value })) }),
  };
};
