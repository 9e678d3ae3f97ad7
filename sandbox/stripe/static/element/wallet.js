// The sheet of a wallet in the overlay: a card, where asked an address and a delivery, and the payer's yes or no. The
// card becomes a token here, which goes over a port straight to the element's frame.
import { hold } from "./dialog.js";
import { ask, listen, teach, tell } from "./wire.js";

const NAMES = { apple_pay: "Apple Pay", google_pay: "Google Pay", link: "Link" };
const PAYER = { name: "Jenny Rosen", email: "jenny@example.com", phone: "+15415550100" };
const ADDRESSES = [
  { label: "510 Townsend St, San Francisco", line1: "510 Townsend St", line2: "", city: "San Francisco", state: "CA", postal_code: "94103", country: "US" },
  { label: "27 Birch Lane, Bend", line1: "27 Birch Lane", line2: "", city: "Bend", state: "OR", postal_code: "97701", country: "US" },
];
const by = (id) => document.getElementById(id);
let port = null;
let given = null;
let busy = false;

const money = (amount) => new Intl.NumberFormat("en", { style: "currency", currency: given.currency }).format(amount / 100);
const partial = ({ city, state, postal_code, country }) => ({ city, state, postal_code, country });

function row(group, value, words, end, checked) {
  const label = document.createElement("label");
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: group, value });
  radio.checked = checked;
  const text = document.createElement("span");
  text.textContent = words;
  label.append(radio, text);
  if (end) {
    const last = Object.assign(document.createElement("span"), { className: "end", textContent: end });
    label.append(last);
  }
  return label;
}

function line(words, amount, className = "") {
  const term = document.createElement("dt");
  const value = document.createElement("dd");
  term.textContent = words;
  value.textContent = money(amount);
  term.className = value.className = className;
  return [term, value];
}

function draw() {
  by("title").textContent = `${NAMES[given.kind]}: ${given.options.business?.name || given.account_name}`;
  by("cards").replaceChildren(...given.wallets.map(({ number, label }, index) => row("card", number, label, "", index === 0)));
  by("ship").hidden = !given.options.shippingAddressRequired;
  by("addresses").replaceChildren(...ADDRESSES.map(({ label }, index) => row("address", index, label, "", index === 0)));
  drawRates();
  drawLines();
}

function drawRates() {
  const rates = given.options.shippingRates || [];
  by("delivery").hidden = by("ship").hidden || rates.length === 0;
  const held = rate();
  by("rates").replaceChildren(
    ...rates.map(({ id, displayName, amount }, index) => row("rate", id, displayName, money(amount), held ? held.id === id : index === 0)),
  );
}

function drawLines() {
  const lines = (given.options.lineItems || []).flatMap(({ name, amount }) => line(name, amount));
  by("lines").replaceChildren(...lines, ...(given.amount ? line("Total", given.amount, "total") : []));
  by("approve").textContent = given.amount ? `Pay ${money(given.amount)}` : "Save for later";
}

const picked = (group) => new FormData(by("sheet")).get(group);
const address = () => ADDRESSES[Number(picked("address") || 0)];
const rate = () => (given.options.shippingRates || []).find(({ id }) => id === picked("rate"));

/** Return what the page may know of the payer: never a number. */
function about() {
  const { label: _, ...where } = address();
  const { options } = given;
  const billing = {
    name: PAYER.name,
    email: options.emailRequired ? PAYER.email : undefined,
    phone: options.phoneNumberRequired ? PAYER.phone : undefined,
    address: options.billingAddressRequired === false ? undefined : where,
  };
  const shipping = options.shippingAddressRequired ? { name: PAYER.name, address: where } : undefined;
  return { billingDetails: billing, shippingAddress: shipping, shippingRate: rate() };
}

async function approve(event) {
  event.preventDefault();
  if (busy) return;
  wait(true, "");
  const told = about();
  const method = await methodOf(picked("card"), told.billingDetails);
  if (method.error) wait(false, method.error.message);
  else port.postMessage({ name: "approved", method, about: told });
}

async function methodOf(number, billing) {
  const billing_details = { ...billing, email: given.kind === "link" ? PAYER.email : billing.email };
  if (given.kind === "link") return { type: "link", link: { number }, billing_details };
  const answer = await ask(given.keys, "POST", "/v1/tokens", { number, wallet: given.kind });
  return answer.error ? answer : { type: "card", card: { token: answer.body.id }, billing_details };
}

function wait(on, words) {
  busy = on;
  by("approve").disabled = on;
  by("sheet").setAttribute("aria-busy", String(on));
  by("sheet-error").textContent = words;
  if (on) by("approve").textContent = "Processing…";
  else drawLines();
}

function cancel() {
  if (!busy) tell("done", { cancelled: true });
}

by("sheet").addEventListener("submit", approve);
by("sheet").addEventListener("change", (event) => {
  if (event.target.name === "address") tell("addresschange", { name: PAYER.name, address: partial(address()) });
  if (event.target.name === "rate") tell("ratechange", { shippingRate: rate() });
});
by("cancel").addEventListener("click", cancel);
by("close").addEventListener("click", cancel);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") cancel();
  if (event.key === "Tab") hold(event);
});

teach("wallet", (_, [opened]) => {
  port = opened;
  port.onmessage = ({ data }) => {
    given = data;
    draw();
    for (const id of ["close", "approve", "cancel"]) by(id).disabled = false; // before, nobody would hear a press
    by("title").focus();
    if (given.options.shippingAddressRequired) tell("addresschange", { name: PAYER.name, address: partial(address()) });
  };
  port.postMessage({ name: "hello" });
});
teach("change", ({ amount, lineItems, shippingRates }) => {
  given.amount = amount ?? given.amount;
  given.options = { ...given.options, ...(lineItems && { lineItems }), ...(shippingRates && { shippingRates }) };
  drawRates();
  drawLines();
});
teach("failed", ({ message }) => wait(false, message));
listen();
