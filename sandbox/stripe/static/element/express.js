// The Express Checkout Element inside its frame: the buttons of the wallets that may show here, and what a wallet gave.
import { dress } from "./look.js";
import { ask, HOST, listen, teach, tell } from "./wire.js";
import { speak, t } from "./words.js";

const WALLETS = {
  apple_pay: { option: "applePay", name: "Apple Pay", method: "card" },
  google_pay: { option: "googlePay", name: "Google Pay", method: "card" },
  link: { option: "link", name: "Link", method: "link" },
};
const VERBS = { plain: "", buy: "Buy with ", book: "Book with ", "check-out": "Check out with ", checkout: "Check out with ", donate: "Donate with ", pay: "Pay with ", order: "Order with ", subscribe: "Subscribe with " };
const place = document.getElementById("express");

let settings = null;
let session = null;
let chosen = null;

/** Return the wallets to show, in the order asked for. */
function shown() {
  const wishes = settings.element.paymentMethods || {};
  const kinds = Object.keys(WALLETS).filter(
    (kind) =>
      session.wallet_types.includes(kind) &&
      session.payment_method_types.includes(WALLETS[kind].method) &&
      wishes[WALLETS[kind].option] !== "never",
  );
  const order = settings.element.paymentMethodOrder || [];
  const rank = (kind) => order.findIndex((name) => name === kind || name === WALLETS[kind].option) + 1 || 9;
  return kinds.sort((a, b) => rank(a) - rank(b));
}

function draw() {
  dress(settings.elements.appearance);
  speak(settings.locale);
  const kinds = shown();
  const { buttonHeight = 44, buttonTheme = {}, buttonType = {}, layout } = settings.element;
  place.style.setProperty("--height", `${Math.min(55, Math.max(40, buttonHeight))}px`);
  const columns = Math.max(1, Math.min(kinds.length, (typeof layout === "object" && layout.maxColumns) || 2));
  place.style.setProperty("--columns", String(columns));
  place.classList.toggle("odd", columns > 1 && kinds.length % columns === 1);
  place.replaceChildren(...kinds.map((kind) => button(kind, buttonTheme[WALLETS[kind].option], buttonType[WALLETS[kind].option])));
  place.removeAttribute("aria-busy");
  measure();
  return kinds;
}

function button(kind, theme, verb) {
  const { name } = WALLETS[kind];
  const node = document.createElement("button");
  node.type = "button";
  node.className = `wallet ${kind} ${theme || ""}`;
  node.setAttribute("aria-label", t("pay.with", { name }));
  const words = document.createElement("span");
  words.className = "brand";
  words.textContent = name;
  node.append(VERBS[verb] || "", words);
  node.addEventListener("click", () => tell("choose", { kind }));
  return node;
}

async function load() {
  const { mode, amount, currency, paymentMethodTypes, clientSecret } = settings.elements;
  const answer = await ask(settings.keys, "GET", "/v1/elements/sessions", {
    mode,
    amount,
    currency,
    payment_method_types: paymentMethodTypes,
    client_secret: clientSecret,
    referrer_host: HOST,
  });
  if (answer.error) {
    place.removeAttribute("aria-busy");
    tell("loaderror", { error: answer.error });
    return;
  }
  session = answer.body;
  const kinds = draw();
  const mine = Object.entries(WALLETS).map(([kind, { option }]) => [option, kinds.includes(kind)]);
  const names = { amazonPay: false, klarna: false, paypal: false, ...Object.fromEntries(mine) };
  const available = Object.fromEntries(mine.map(([option, shown]) => [option, { available: shown }]));
  /* Not with the next frame drawn: pages hide the place until they know, and a hidden frame is never drawn. */
  setTimeout(() => {
    tell("ready", { availablePaymentMethods: kinds.length ? names : undefined });
    tell("availablepaymentmethodschange", { paymentMethods: kinds.length ? available : undefined });
  });
}

/** Speak with the sheet over a port that the page between us cannot hear. */
function open(given, port) {
  chosen = null;
  const { amount, currency } = session.intent || settings.elements;
  port.onmessage = ({ data }) => {
    if (data.name === "hello") {
      const { account_name, wallets } = session;
      port.postMessage({ ...given, keys: settings.keys, account_name, wallets, amount, currency, locale: settings.locale });
    }
    if (data.name === "approved") {
      chosen = data.method;
      tell("approved", data.about);
    }
  };
}

/** Return what the wallet gave as parameters of the API, with what the page adds. */
function entered(given = {}) {
  const { payment_method_data: extra = {}, ...rest } = given;
  const billing = { ...chosen.billing_details, ...extra.billing_details };
  return { ...rest, use_stripe_sdk: true, payment_method_data: { ...chosen, ...extra, billing_details: billing } };
}

const NOTHING = { type: "validation_error", code: "incomplete", message: "The payer has not approved anything in a wallet." };

teach("init", async (given) => {
  settings = given;
  await load();
});
teach("update", async (given) => {
  settings = given;
  if (session) draw();
});
teach("refresh", load);
teach("open", (given, [port]) => open(given, port));
teach("confirm", async ({ path, secret, params }) => {
  if (!chosen) return { error: NOTHING };
  const id = secret.split("_secret_")[0];
  const params_ = { ...entered(params), client_secret: secret };
  chosen = null;
  return ask(settings.keys, "POST", `/v1/${path}/${id}/confirm`, params_);
});
teach("token", async ({ params }) => {
  if (!chosen) return { error: NOTHING };
  const params_ = entered(params);
  chosen = null;
  return ask(settings.keys, "POST", "/v1/confirmation_tokens", params_);
});
teach("method", async ({ params }) => {
  if (!chosen) return { error: NOTHING };
  const { payment_method_data } = entered(params);
  chosen = null;
  return ask(settings.keys, "POST", "/v1/payment_methods", payment_method_data);
});
teach("focus", () => place.querySelector("button")?.focus());
teach("blur", () => document.activeElement?.blur());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tell("escape", {});
});
/** Say how high the buttons are. Asked for with every drawing: a frame without a height is never drawn, nor observed. */
function measure() {
  const height = place.childElementCount ? Math.ceil(place.getBoundingClientRect().height) + 8 : 0;
  tell("resize", { height });
}
new ResizeObserver(() => session && measure()).observe(place);
listen();
