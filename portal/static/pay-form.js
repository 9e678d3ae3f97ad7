/* Stripe's own parts of the pay page: the form for card and bank, and the wallets' buttons. Details that are typed into
   them never pass through us. */
"use strict";

const tieoutForm = (form, { amount, changed, entered, lost, may, pressed }) => {
  const method = document.getElementById("method");
  const wallets = document.getElementById("wallets");
  const business = { name: form.dataset.payee };
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
  let ready = false;

  const { key, account, language } = form.dataset;
  const stripe = Stripe(key, { locale: language, ...(account ? { stripeAccount: account } : {}) });
  const elements = stripe.elements({ mode: "payment", amount: Math.max(amount, 1), currency: form.dataset.currency.toLowerCase(), appearance: appearance() });
  /* Kept for next time: Stripe shows what the payer agrees to with that. */
  const keep = document.getElementById("keep");
  const keepLine = document.getElementById("keep-line");
  const usage = () => elements.update({ setupFutureUsage: keep.checked ? "off_session" : null });
  keep?.addEventListener("change", usage);
  if (keep?.checked) usage(); /* a browser that comes back to the page remembers the tick */
  dark.addEventListener("change", () => elements.update({ appearance: appearance() }));
  const element = elements.create("payment", {
    layout: { type: "tabs" }, business,
    ...(method.dataset.order ? { paymentMethodOrder: method.dataset.order.split(" ") } : {}),
    wallets: { applePay: "never", googlePay: "never", link: "auto" }, /* they have buttons of their own */
  });
  element.on("ready", () => {
    ready = true;
    method.setAttribute("aria-busy", "false");
    method.querySelector(".waits")?.remove();
    changed();
  });
  let first;
  element.on("change", ({ complete, empty, value }) => {
    first ??= value.type;
    if (value.type !== first) method.style.minHeight = 0; /* the place was kept for what came first */
    entered(JSON.stringify([complete, empty, value.type]), value.type);
  });
  element.on("loaderror", () => {
    method.setAttribute("aria-busy", "false");
    method.classList.remove("element");
    method.querySelector(".waits")?.remove();
    lost();
  });
  const place = document.createElement("div");
  method.append(place);
  element.mount(place);

  /* Wallets: one press in a sheet of their own, where this browser has one and the domain is registered. A page where
     a credit card costs more has none: their sheet names the total before the card in it is known. */
  if (wallets) {
    const express = elements.create("expressCheckout", { paymentMethods: { link: "never" } });
    express.on("ready", ({ availablePaymentMethods }) => showWallets(Boolean(availablePaymentMethods)));
    express.on("click", (event) => (may() ? event.resolve({ business }) : event.reject()));
    express.on("confirm", pressed);
    express.on("loaderror", () => showWallets(false));
    express.mount(document.getElementById("wallet-buttons"));
  }
  function showWallets(are) {
    wallets.classList.remove("waiting");
    wallets.dataset.there = are ? "yes" : "no";
    changed();
  }

  return {
    stripe,
    elements,
    isReady: () => ready,
    isKept: () => Boolean(keep?.checked),
    /* Show the form and the wallets, or neither where they are not needed. */
    show(needed) {
      if (keepLine) keepLine.hidden = !needed;
      method.hidden = !needed;
      if (wallets) wallets.hidden = !needed || wallets.dataset.there === "no";
    },
  };
};
