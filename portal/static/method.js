/* Adding a payment method: Stripe's form for a setup that our server made. Details never pass through us. */
"use strict";

(() => {
  const form = document.getElementById("keep");
  const { key, account, secret, back, language, failed, away } = form.dataset;
  const press = document.getElementById("press");
  const method = document.getElementById("method");
  const said = document.getElementById("said");

  function say(text) {
    const note = document.createElement("div");
    note.className = "note bad";
    const box = document.createElement("div");
    const head = document.createElement("h3");
    head.textContent = failed;
    const more = document.createElement("p");
    more.textContent = text;
    box.append(head, more);
    note.append(box);
    said.replaceChildren(note);
  }
  if (!window.Stripe) return say(away);

  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const stripe = Stripe(key, { locale: language, ...(account ? { stripeAccount: account } : {}) });
  const elements = stripe.elements({
    clientSecret: secret,
    appearance: {
      theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe",
      variables: { colorPrimary: colour("--accent"), colorBackground: colour("--sheet"), colorText: colour("--ink"), borderRadius: "10px", fontSizeBase: "16px" },
    },
  });
  const element = elements.create("payment", { layout: { type: "tabs" } });
  element.on("ready", () => {
    method.setAttribute("aria-busy", "false");
    method.querySelector(".waits")?.remove();
    press.disabled = false;
  });
  element.on("loaderror", () => say(away));
  const place = document.createElement("div");
  method.append(place);
  element.mount(place);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (press.disabled) return;
    press.disabled = true;
    said.replaceChildren();
    const { error } = await stripe.confirmSetup({ elements, confirmParams: { return_url: back }, redirect: "if_required" }).catch(() => ({ error: { message: away } }));
    if (error) {
      press.disabled = false;
      return say(error.message);
    }
    location.assign(back);
  });
})();
