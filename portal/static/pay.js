/* The pay page: Stripe's form in deferred mode. The payment is made at our server only when Pay is pressed, checked
   against the live books; then Stripe confirms it here in the browser. Card and bank details never pass through us. */
"use strict";

(() => {
  const form = document.getElementById("pay");
  const { key, currency, csrf, language } = form.dataset;
  const words = JSON.parse(form.dataset.words);
  const told = (name, amount) => words[name].replace("{amount}", () => amount);
  const digits = Number(form.dataset.digits);
  const least = Number(form.dataset.least);
  const press = document.getElementById("press");
  const pressText = document.getElementById("press-text");
  const said = document.getElementById("said");
  const total = document.getElementById("total");
  const method = document.getElementById("method");
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
  const credits = [...form.querySelectorAll("[data-credit]")].map((item) => ({
    item,
    name: item.dataset.credit,
    customer: item.dataset.customer,
    field: item.querySelector("input"),
    shown: item.querySelector(".basket-left"),
    rest: item.querySelector(".basket-rest"),
    used: item.querySelector(".credit-used"),
  }));
  const byCredit = document.getElementById("by-credit");
  let nonce = form.dataset.nonce;
  let busy = false;
  let ready = false;
  let lastKnown = false; /* the payer was told how old the balances are */

  const money = (minor) => tieoutMoney.write(minor, currency, digits);
  const left = (row) => Number(row.item.dataset.left);

  if (!window.Stripe) return say("bad", words.not_loaded, words.look_at_line);

  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const appearance = () => ({
    theme: dark.matches ? "night" : "stripe",
    variables: {
      colorPrimary: colour("--accent"), colorBackground: colour("--sheet"), colorText: colour("--ink"),
      colorTextSecondary: colour("--quiet"), colorDanger: colour("--bad"), borderRadius: "10px", fontSizeBase: "16px",
      fontFamily: getComputedStyle(document.body).fontFamily, spacingUnit: "4px",
    },
  });

  const stripe = Stripe(key, { locale: language });
  const elements = stripe.elements({ mode: "payment", amount: Math.max(toPay() || 0, 1), currency: currency.toLowerCase(), appearance: appearance() });
  const element = elements.create("payment", {
    layout: { type: "tabs" }, business: { name: form.dataset.payee },
    ...(method.dataset.order ? { paymentMethodOrder: method.dataset.order.split(" ") } : {}),
    wallets: { applePay: "never", googlePay: "never", link: "auto" }, /* they have buttons of their own */
  });
  element.on("ready", () => {
    ready = true;
    method.setAttribute("aria-busy", "false");
    method.querySelector(".waits")?.remove();
    refresh();
  });
  element.on("loaderror", () => say("bad", words.not_loaded, words.load_again));
  const place = document.createElement("div");
  method.append(place);
  element.mount(place);

  /* Wallets: one press in a sheet of their own, where this browser has one and the domain is registered. */
  const wallets = document.getElementById("wallets");
  const express = elements.create("expressCheckout", { paymentMethods: { link: "never" } });
  express.on("ready", ({ availablePaymentMethods }) => showWallets(Boolean(availablePaymentMethods)));
  express.on("click", (event) => (busy || press.disabled ? event.reject() : event.resolve({ business: { name: form.dataset.payee } })));
  express.on("confirm", (event) => act(event));
  express.on("loaderror", () => showWallets(false));
  express.mount(document.getElementById("wallet-buttons"));
  function showWallets(are) {
    wallets.classList.remove("waiting");
    wallets.dataset.there = are ? "yes" : "no";
    refresh();
  }
  dark.addEventListener("change", () => elements.update({ appearance: appearance() }));

  /* What stands in the fields, or null while one of them cannot be taken. */
  function sum() {
    const amounts = rows.map((row) => tieoutMoney.read(row.field.value, digits));
    return amounts.includes(null) ? null : amounts.reduce((one, other) => one + other, 0);
  }

  /* The kept method that is chosen; empty where Stripe's form is used. */
  const keptMethod = () => form.querySelector(".kept input:checked")?.value || "";

  /* What a discount takes off an invoice: only when all that is open on it is paid. */
  function off(row) {
    return row.discount && tieoutMoney.read(row.field.value, digits) === left(row) ? row.discount : 0;
  }

  /* What the chosen credits pay, in their order, each of its own customer's invoices. */
  function uses() {
    const needs = {};
    for (const row of rows) needs[row.customer] = (needs[row.customer] || 0) + (tieoutMoney.read(row.field.value, digits) || 0) - off(row);
    return credits.map((credit) => {
      const minor = credit.field.checked ? Math.min(left(credit), needs[credit.customer] || 0) : 0;
      needs[credit.customer] -= minor;
      return { credit, minor };
    });
  }

  function toPay() {
    const amount = sum();
    if (amount === null) return null;
    return uses().reduce((rest, use) => rest - use.minor, rows.reduce((rest, row) => rest - off(row), amount));
  }

  function check(row) {
    const minor = tieoutMoney.read(row.field.value, digits);
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

  function refresh() {
    const sound = rows.map(check).every(Boolean);
    const amount = toPay();
    for (const row of rows) if (row.off) row.off.textContent = off(row) ? money(-off(row)) : "";
    for (const { credit, minor } of uses()) {
      credit.used.textContent = minor ? money(-minor) : "";
      credit.rest.textContent = minor ? told("used", money(minor)).replace("{rest}", () => money(left(credit) - minor)) : "";
    }
    const covered = amount === 0 && sum() > 0;
    const other = !keptMethod();
    form.querySelectorAll(".kept").forEach((kept) => { kept.hidden = covered; });
    method.hidden = covered || !other;
    byCredit.hidden = !covered;
    wallets.hidden = covered || !other || wallets.dataset.there === "no";
    if (amount !== null) {
      total.textContent = money(amount);
      pressText.textContent = covered ? words.use_credit : told("pay", money(amount));
      if (amount > 0) elements.update({ amount });
    }
    press.disabled = busy || !(ready || covered || !other) || !sound;
  }

  function say(kind, title, text, links = [], name = words.earlier) {
    const note = document.createElement("div");
    note.className = `note ${kind}`;
    const box = document.createElement("div");
    const head = document.createElement("h3");
    head.textContent = title;
    box.append(head);
    if (text) {
      const more = document.createElement("p");
      more.textContent = text;
      box.append(more);
    }
    for (const href of links) {
      const way = document.createElement("a");
      way.href = href;
      way.textContent = name;
      box.append(way);
    }
    note.append(box);
    said.replaceChildren(note);
  }

  function setBusy(now, text) {
    busy = now;
    press.setAttribute("aria-busy", String(now));
    rows.forEach((row) => { if (!row.field.dataset.fixed) row.field.readOnly = now; });
    credits.forEach((credit) => { credit.field.disabled = now; });
    if (text) pressText.textContent = text;
    if (!now) refresh();
    press.disabled = now || press.disabled;
  }
  rows.forEach((row) => { if (row.field.readOnly) row.field.dataset.fixed = "yes"; });

  /* The server's words for what changed; amounts and what is left follow the books. */
  function refused(answer) {
    for (const row of rows) {
      const now = answer.balances?.[row.invoice];
      if (!now) continue;
      row.item.dataset.left = now.minor;
      row.shown.textContent = told("open", now.text);
      const typed = tieoutMoney.read(row.field.value, digits);
      if (typed !== null && typed > now.minor) row.field.value = now.figure;
    }
    for (const row of rows) {
      const now = answer.credits?.[`discount/${row.invoice}`];
      if (now) row.discount = now.minor;
    }
    for (const credit of credits) {
      const now = answer.credits?.[credit.name];
      if (!now) continue;
      credit.item.dataset.left = now.minor;
      credit.shown.textContent = told("open", now.text);
    }
    if (answer.form_nonce) nonce = answer.form_nonce;
    lastKnown ||= answer.reason === "last_known";
    const known = ["under_way", "not_payable", "above_balance", "last_known", "credit"].includes(answer.reason);
    const title = (known && words[answer.reason]) || answer.title || words.not_started;
    const [links, name] = answer.sign_in ? [[answer.sign_in], words.sign_in] : [answer.under_way || [], words.earlier];
    say(answer.reason ? "wait" : "bad", title, answer.text || words.in_a_minute, links, name);
  }

  async function ask() {
    const onAccount = form.querySelector("[data-deposit]");
    const deposit = onAccount ? { deposit: { customer: onAccount.value, amount: rows[0].field.value } } : {};
    const shares = onAccount ? [] : rows.map((row) => ({ invoice: row.invoice, amount: row.field.value }));
    const email = document.getElementById("email")?.value || "";
    const note = document.getElementById("note").value;
    const used = uses().filter((use) => use.minor).map((use) => ({ credit: use.credit.name, minor: use.minor }));
    for (const row of rows) if (off(row)) used.push({ credit: `discount/${row.invoice}`, minor: off(row) });
    const response = await fetch(form.action, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrf },
      body: JSON.stringify({ ...deposit, shares, form_nonce: nonce, credits: used, shown_minor: toPay(), email, note, last_known: lastKnown }),
    });
    return { ok: response.ok, answer: await response.json() };
  }

  /* Pay by what the form holds, or by the wallet whose sheet is open: it is told when nothing came of it. */
  async function pay(sheet) {
    const fails = () => sheet?.paymentFailed({ reason: "fail" });
    const kept = sheet ? "" : keptMethod();
    if (toPay() > 0 && !kept) {
      const { error: incomplete } = await elements.submit();
      if (incomplete) return fails(), say("bad", words.missing, incomplete.message);
    }
    setBusy(true, words.checking);
    const { ok, answer } = await ask();
    if (!ok) return fails(), refused(answer);
    if (["succeeded", "processing"].includes(answer.state)) return location.assign(answer.return_url);
    setBusy(true, told("paying", answer.text));
    const way = kept ? { confirmParams: { payment_method: kept, return_url: answer.return_url } } : { elements, confirmParams: { return_url: answer.return_url } };
    const { error } = await stripe.confirmPayment({ ...way, clientSecret: answer.client_secret, redirect: "if_required" });
    if (error && ["card_error", "validation_error"].includes(error.type)) {
      fails();
      return say("bad", words.failed, `${error.message} ${words.try_another}`);
    }
    /* Anything else may have been taken or not: the status page finds out. */
    location.assign(answer.return_url);
  }

  form.addEventListener("input", (event) => { if (event.target.matches("[data-invoice] input, [data-credit] input, .kept input")) refresh(); });
  document.getElementById("recount")?.addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
  async function act(sheet) {
    if (busy || press.disabled) return sheet?.paymentFailed({ reason: "fail" });
    said.replaceChildren();
    setBusy(true);
    try {
      await pay(sheet);
    } catch {
      sheet?.paymentFailed({ reason: "fail" });
      say("bad", words.not_reached, words.never_twice);
    } finally {
      setBusy(false);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
  refresh();
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
