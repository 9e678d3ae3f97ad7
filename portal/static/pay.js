/* The pay page: Stripe's form in deferred mode. The payment is made at our server only when Pay is pressed, checked
   against the live books; then Stripe confirms it here in the browser. Card and bank details never pass through us. */
"use strict";

(() => {
  const form = document.getElementById("pay");
  const words = JSON.parse(form.dataset.words);
  const told = (name, amount) => words[name].replace("{amount}", () => amount);
  const press = document.getElementById("press");
  const pressText = document.getElementById("press-text");
  const total = document.getElementById("total");
  const byCredit = document.getElementById("by-credit");
  const { say, ...said } = tieoutSaid(words);
  const basket = tieoutBasket(form, words);
  const credits = tieoutCredits(form, words, basket);
  const method = tieoutMethod(form, words);
  let nonce = form.dataset.nonce;
  let busy = false;
  let formAmount = null; /* what Stripe's form was told last */
  let lastKnown = false; /* the payer was told how old the balances are */

  const money = (minor) => tieoutMoney.write(minor, form.dataset.currency, Number(form.dataset.digits));

  const lost = (text) => say("bad", words.not_loaded, text, [location.href], words.reload);

  if (!window.Stripe) { /* nothing is left that looks as if it still came */
    form.querySelectorAll("#method, #keep-line, #wallets").forEach((part) => { part.hidden = true; });
    return lost(words.look_at_line);
  }

  const { stripe, elements, ...theirs } = tieoutForm(form, {
    amount: toPay() || 0,
    changed: () => refresh(),
    entered: (what, type) => method.isOther(what, type) && refresh(),
    lost: () => lost(words.load_again),
    may: () => !busy && !press.disabled,
    pressed: (sheet) => act(sheet),
  });

  /* Everything that pays beside money: discounts and credits, as the server is told of them. */
  function beside() {
    return [...credits.used(), ...basket.discounts()];
  }

  /* What is left to pay in money, before what the method costs; null while an amount cannot be read. */
  function left() {
    const amount = basket.sum();
    return amount === null ? null : beside().reduce((rest, use) => rest - use.minor, amount);
  }

  function toPay() {
    const rest = left();
    return rest === null ? null : method.total(rest, credits.rest());
  }

  function refresh() {
    const sound = basket.check();
    const amount = toPay();
    credits.show();
    const covered = amount === 0 && basket.sum() > 0;
    const other = !method.kept();
    method.show(left() || 0, credits.rest());
    form.querySelectorAll(".kept").forEach((kept) => { kept.hidden = covered; });
    theirs.show(!covered && other);
    byCredit.hidden = !covered;
    total.parentElement.classList.toggle("over", amount === null); /* what stands there is not what is paid */
    if (amount !== null) {
      total.textContent = money(amount);
      pressText.textContent = covered ? words.use_credit : told("pay", money(amount));
      if (amount > 0 && amount !== formAmount) elements.update({ amount: (formAmount = amount) }); /* an update takes the focus from who types */
    }
    press.disabled = busy || !(theirs.isReady() || covered || !other) || !sound;
  }

  function setBusy(now, text) {
    busy = now;
    press.setAttribute("aria-busy", String(now));
    basket.lock(now);
    credits.lock(now);
    if (text) pressText.textContent = text;
    if (!now) refresh();
    press.disabled = now || press.disabled;
  }

  /* Amounts and what is left follow the books; the server's words say what changed. */
  function refused(answer) {
    basket.follow(answer);
    credits.follow(answer);
    method.follow(answer);
    if (answer.form_nonce) nonce = answer.form_nonce;
    lastKnown ||= answer.reason === "last_known";
    said.refused(answer);
  }

  async function ask(chosen) {
    const email = document.getElementById("email")?.value || "";
    const note = document.getElementById("note").value;
    const message = { ...chosen, ...basket.message(), form_nonce: nonce, credits: beside(), shown_minor: toPay(), email, note, last_known: lastKnown };
    const response = await fetch(form.action, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": form.dataset.csrf },
      body: JSON.stringify(message),
    });
    return { ok: response.ok, answer: await response.json() };
  }

  /* Pay by what the form holds, or by the wallet whose sheet is open: it is told when nothing came of it. */
  async function pay(sheet) {
    const fails = () => sheet?.paymentFailed({ reason: "fail" });
    const kept = sheet ? "" : method.kept();
    if (toPay() > 0 && !kept) {
      const { error: incomplete } = await elements.submit();
      if (incomplete) return fails(), say("bad", words.missing, incomplete.message);
    }
    setBusy(true, words.checking);
    const chosen = toPay() > 0 ? await method.chosen(stripe, elements, { isWallet: Boolean(sheet) }) : {};
    if (chosen.error) return fails(), say("bad", words.missing, chosen.error.message);
    const { ok, answer } = await ask({ ...chosen, ...(toPay() > 0 && !kept && theirs.isKept() ? { keep: true } : {}) });
    if (!ok) return fails(), refused(answer);
    if (["succeeded", "processing"].includes(answer.state)) return location.assign(answer.return_url);
    setBusy(true, told("paying", answer.text));
    const { error } = await stripe.confirmPayment({ ...wayOf(kept, chosen.method?.token, answer.return_url), clientSecret: answer.client_secret, redirect: "if_required" });
    if (error && ["card_error", "validation_error"].includes(error.type)) {
      fails();
      return say("bad", words.failed, `${error.message} ${words.try_another}`);
    }
    /* Anything else may have been taken or not: the status page finds out. */
    location.assign(answer.return_url);
  }

  /* How Stripe is asked to confirm: by a kept method, by the very token whose cost was shown, or by its form. */
  function wayOf(kept, token, back) {
    if (kept) return { confirmParams: { payment_method: kept, return_url: back } };
    return token ? { confirmParams: { confirmation_token: token, return_url: back } } : { elements, confirmParams: { return_url: back } };
  }

  async function act(sheet) {
    if (busy || press.disabled) return sheet?.paymentFailed({ reason: "fail" });
    said.clear();
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

  form.addEventListener("input", (event) => { if (event.target.matches("[data-invoice] input, [data-credit] input, .kept input")) method.forget(), refresh(); });
  document.getElementById("recount")?.addEventListener("submit", (event) => { event.preventDefault(); refresh(); });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
  refresh();
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
