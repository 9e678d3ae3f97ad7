// The Payment Element inside its frame: which method is open, what it holds, and the calls that carry it to the stand-in.
import { Bank } from "./bank.js";
import { Card } from "./card.js";
import { problem } from "./field.js";
import { dress } from "./look.js";
import { Saved } from "./saved.js";
import { ask, HOST, listen, teach, tell } from "./wire.js";
import { known, speak, t } from "./words.js";

const form = document.getElementById("element");
const complaint = document.getElementById("element-error");
const heads = () => [...form.querySelectorAll(".method:not([hidden]) .head")];
const sections = Object.fromEntries([...form.querySelectorAll(".method")].map((node) => [node.dataset.kind, node]));

let settings = null;
let session = null;
let open = null;
let drawn = false;
let last = "";

const panels = {
  card: new Card((details) => tell("carddetailschange", { loading: false, details })),
  us_bank_account: new Bank(changed),
  saved: new Saved(changed, removeSaved),
};

function billingWanted(name) {
  const wanted = settings.element.fields?.billingDetails;
  if (typeof wanted === "string") return wanted !== "never";
  const address = wanted?.address;
  if (name === "country" || name === "postalCode") {
    return address !== "never" && address?.[name] !== "never";
  }
  return wanted?.[name] !== "never";
}

function fill() {
  const given = settings.element.defaultValues?.billingDetails || {};
  const put = (id, value) => {
    const input = document.getElementById(id);
    if (value && !input.value) input.value = value;
  };
  put("name", given.name);
  put("email", given.email);
  put("postalCode", given.address?.postal_code);
  if (given.address?.country) panels.card.country.value = given.address.country;
  panels.card.namePostal();
  for (const name of ["name", "email", "country", "postalCode"]) {
    form.querySelector(`[data-field="${name}"]`).hidden = !billingWanted(name);
  }
}

function draw() {
  dress(settings.elements.appearance);
  speak(settings.locale);
  const layout = settings.element.layout;
  const kind = typeof layout === "object" ? layout.type : layout;
  const order = settings.element.paymentMethodOrder || [];
  const kinds = ["card", "us_bank_account"].filter((name) => session.payment_method_types.includes(name));
  kinds.sort((a, b) => (order.indexOf(a) + 1 || 9) - (order.indexOf(b) + 1 || 9));
  panels.saved.show(session.saved_methods, session.features);
  const shown = session.saved_methods.length ? ["saved", ...kinds] : kinds;
  for (const [name, node] of Object.entries(sections)) node.hidden = !shown.includes(name);
  for (const name of shown) form.insertBefore(sections[name], form.querySelector(".skeleton"));
  form.className = kind === "accordion" ? "accordion" : "tabs";
  form.classList.toggle("alone", shown.length === 1);
  form.style.setProperty("--heads", String(shown.length));
  fill();
  words();
  for (const input of form.querySelectorAll("input, select")) input.disabled = Boolean(settings.element.readOnly);
  form.removeAttribute("aria-busy");
  const available = Object.fromEntries(kinds.map((name) => [name, { available: true }]));
  tell("availablepaymentmethodschange", { paymentMethods: available });
  if (!shown.includes(open)) show(layout?.defaultCollapsed && kind === "accordion" && !drawn ? null : shown[0]);
  drawn = true;
}

function words() {
  const name = settings.element.business?.name || session.account_name;
  const saving = settings.elements.setupFutureUsage || settings.elements.mode === "setup" || session.intent?.setup_future_usage;
  const card = form.querySelector('[data-terms="card"]');
  card.hidden = !saving || settings.element.terms?.card === "never";
  card.textContent = t("terms.card", { name });
  const bank = form.querySelector('[data-terms="bank"]');
  bank.hidden = settings.element.terms?.usBankAccount === "never";
  bank.textContent = t(saving ? "terms.bank.future" : "terms.bank", { name });
  const keep = session.features?.payment_method_save === "enabled";
  for (const node of form.querySelectorAll("[data-keep]")) node.hidden = !keep;
}

function show(kind) {
  open = kind;
  for (const [name, node] of Object.entries(sections)) {
    const head = node.querySelector(".head");
    head.setAttribute("aria-expanded", String(name === kind));
    head.tabIndex = kind && name !== kind && form.classList.contains("tabs") ? -1 : 0;
    node.querySelector(".panel").hidden = name !== kind;
  }
  complaint.textContent = "";
  changed();
}

function changed() {
  if (!open) return tellOnce({ empty: true, complete: false, collapsed: true, value: { type: "" } });
  const panel = panels[open];
  const method = open === "saved" ? panels.saved.chosen() : null;
  const value = { type: method ? method.type : open };
  if (method) value.payment_method = { id: method.id, type: method.type, billing_details: method.billing_details };
  if (open === "card") value.billingDetails = panels.card.where();
  if (!method && session.features?.payment_method_save === "enabled") value.savePaymentMethod = keeping();
  tellOnce({ empty: panel.empty(), complete: panel.complete(), collapsed: false, value });
}

function tellOnce(event) {
  const text = JSON.stringify(event);
  if (text !== last) tell("change", event);
  last = text;
}

/** Tell whether the payer ticked that the open method is to be kept. */
function keeping() {
  return session.features?.payment_method_save === "enabled" && sections[open].querySelector("[data-keep] input").checked;
}

async function load() {
  const { mode, amount, currency, paymentMethodTypes, clientSecret, customerSessionClientSecret } = settings.elements;
  const answer = await ask(settings.keys, "GET", "/v1/elements/sessions", {
    mode,
    amount,
    currency,
    payment_method_types: paymentMethodTypes,
    client_secret: clientSecret,
    customer_session_client_secret: customerSessionClientSecret,
    referrer_host: HOST,
  });
  if (answer.error) {
    speak(settings.locale);
    form.removeAttribute("aria-busy");
    complaint.textContent = t("load");
    tell("loaderror", { error: answer.error });
    return answer;
  }
  session = answer.body;
  draw();
  return {};
}

async function removeSaved(method) {
  const answer = await ask(settings.keys, "POST", `/v1/elements/payment_methods/${method.id}/detach`, {
    customer_session_client_secret: settings.elements.customerSessionClientSecret,
  });
  complaint.textContent = answer.error ? answer.error.message : "";
  const about = { id: method.id, type: method.type, billing_details: method.billing_details };
  if (answer.error) return tell("savedpaymentmethodremove", { success: false, error: answer.error.message, payment_method: about });
  tell("savedpaymentmethodremove", { success: true, payment_method: about });
  open = null;
  await load();
}

/** Return what the payer entered as parameters of the API, with what the page adds. */
function entered(given = {}) {
  const { return_url, payment_method_data: extra = {}, save_payment_method: _, ...rest } = given;
  const acceptance = { customer_acceptance: { type: "online", online: { infer_from_client: true } } };
  const params = { ...rest, return_url, use_stripe_sdk: true };
  const kind = open === "saved" ? panels.saved.chosen().type : open;
  if (kind === "us_bank_account") params.mandate_data = acceptance;
  if (open === "saved") return { ...params, payment_method: panels.saved.chosen().id };
  const data = panels[open].details();
  const saving = keeping();
  if (saving) params.setup_future_usage = session.features.payment_method_save_usage || "off_session";
  return {
    ...params,
    payment_method_data: {
      ...data,
      ...extra,
      allow_redisplay: saving ? "always" : extra.allow_redisplay,
      billing_details: merged(data.billing_details, extra.billing_details),
    },
  };
}

function merged(own, given = {}) {
  return { ...own, ...given, address: { ...own.address, ...given.address } };
}

/** Refuse an intent that is not for the amount shown here. */
async function mismatch(path, secret) {
  const { mode, amount, currency } = settings.elements;
  if (mode !== "payment") return null;
  const id = secret.split("_secret_")[0];
  const answer = await ask(settings.keys, "GET", `/v1/${path}/${id}`, { client_secret: secret });
  if (answer.error) return answer.error;
  if (answer.body.amount === amount && answer.body.currency === currency) return null;
  const message = `The PaymentIntent (${answer.body.amount} ${answer.body.currency}) does not match what the elements show (${amount} ${currency}).`;
  return { type: "invalid_request_error", message };
}

function told(error) {
  const code = error.decline_code || error.code;
  const message = error.type === "card_error" && known(code) ? t(code) : error.message;
  const spoken = error.type === "card_error" || error.type === "validation_error";
  complaint.textContent = spoken ? message : "";
  return { error: { ...error, message } };
}

teach("init", async (given) => {
  settings = given;
  const answer = await load();
  if (!answer.error) requestAnimationFrame(() => tell("ready", {}));
});
teach("update", async (given) => {
  const before = JSON.stringify([settings?.elements.mode, settings?.elements.currency, settings?.elements.paymentMethodTypes]);
  settings = given;
  const after = JSON.stringify([given.elements.mode, given.elements.currency, given.elements.paymentMethodTypes]);
  if (before !== after) await load();
  else if (session) draw();
});
teach("refresh", load);
teach("submit", () => {
  if (!open) return { error: problem("incomplete") };
  const wanting = panels[open].inspect();
  changed();
  return wanting ? { error: wanting } : { selectedPaymentMethod: open === "saved" ? panels.saved.chosen().type : open };
});
teach("confirm", async ({ path, secret, params }) => {
  if (!open) return { error: problem("incomplete") };
  const wanting = panels[open].inspect();
  if (wanting) return { error: wanting };
  const wrong = path === "payment_intents" ? await mismatch(path, secret) : null;
  if (wrong) return told(wrong);
  complaint.textContent = "";
  const id = secret.split("_secret_")[0];
  const answer = await ask(settings.keys, "POST", `/v1/${path}/${id}/confirm`, { ...entered(params), client_secret: secret });
  return answer.error ? told(answer.error) : answer;
});
teach("token", async ({ params }) => {
  const answer = await ask(settings.keys, "POST", "/v1/confirmation_tokens", entered(params));
  return answer.error ? told(answer.error) : answer;
});
teach("method", async ({ params }) => {
  if (open === "saved") return { body: panels.saved.chosen() };
  const { payment_method_data, allow_redisplay } = entered(params);
  const answer = await ask(settings.keys, "POST", "/v1/payment_methods", { ...payment_method_data, allow_redisplay });
  return answer.error ? told(answer.error) : answer;
});
teach("bank", (_, [port]) => panels.us_bank_account.listen(port, session, settings.keys));
teach("collapse", () => show(null));
teach("focus", () => (form.querySelector(".method:not([hidden]) .panel:not([hidden]) input") || heads()[0])?.focus());
teach("blur", () => document.activeElement?.blur());
teach("clear", () => {
  for (const panel of Object.values(panels)) panel.clear();
  changed();
});

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tell("escape", {});
});
for (const [kind, node] of Object.entries(sections)) {
  node.querySelector(".head").addEventListener("click", () => show(kind));
  node.querySelector(".head").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = heads();
    const next = all[(all.indexOf(event.currentTarget) + step + all.length) % all.length];
    next.focus();
    next.click();
  });
}
new ResizeObserver(() => tell("resize", { height: Math.ceil(form.getBoundingClientRect().height) + 8 })).observe(form);
listen();
