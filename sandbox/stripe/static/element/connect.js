// The choice of a bank account in the overlay: an institution and one of its accounts, or numbers typed by hand.
// What is chosen goes over a port straight to the element's frame.
import { hold } from "./dialog.js";
import { ask, listen, teach, tell } from "./wire.js";

const steps = [...document.querySelectorAll("[data-step]")];
const by = (id) => document.getElementById(id);
let port = null;
let given = null;
let institution = null;
let collecting = null;

function show(name) {
  for (const step of steps) step.hidden = step.dataset.step !== name;
  by("back").hidden = name === "institutions";
  document.querySelector(`[data-step="${name}"] h1`).focus();
}

async function finish(account) {
  if (account && collecting) {
    const { keys, path, secret, billing } = collecting;
    const id = secret.split("_secret_")[0];
    const answer = await ask(keys, "POST", `/v1/${path}/${id}/bank_account`, {
      client_secret: secret,
      payment_method_data: { type: "us_bank_account", us_bank_account: account.details, billing_details: billing },
    });
    const shown = steps.find((step) => !step.hidden).querySelector(".error");
    if (answer.error) {
      shown.textContent = answer.error.message;
      return;
    }
  } else if (account) port.postMessage({ name: "chosen", account });
  tell("done", { chosen: Boolean(account) });
}

/** Begin at the institutions, or at the fields where the intent wants microdeposits. */
function begin() {
  const wanted = given.session.verification_method;
  by("by-hand").hidden = wanted === "instant";
  draw();
  show(wanted === "microdeposits" ? "manual" : "institutions");
  by("back").hidden = true;
}

function rowOf(className, ...children) {
  const node = document.createElement(className);
  node.append(...children);
  return node;
}

function span(className, words) {
  const node = document.createElement("span");
  node.className = className;
  node.textContent = words;
  return node;
}

function draw() {
  const rows = given.session.institutions.map((name) => {
    const button = rowOf("button", span("initial", name[0]), span("", name));
    button.type = "button";
    button.querySelector(".initial").setAttribute("aria-hidden", "true");
    button.addEventListener("click", () => choose(name));
    return rowOf("li", button);
  });
  by("institutions").replaceChildren(...rows);
  const accounts = given.session.bank_accounts.map(({ number, label }, index) => {
    const radio = Object.assign(document.createElement("input"), { type: "radio", name: "account", value: number });
    radio.checked = index === 0;
    return rowOf("label", radio, span("", label), span("end", `•••• ${number.slice(-4)}`));
  });
  by("accounts").replaceChildren(...accounts);
}

async function choose(name) {
  institution = name;
  const answer = await connect(given.session.bank_accounts[0].number);
  by("institution-error").textContent = answer.error ? answer.error.message : "";
  if (answer.error) return;
  by("oauth-name").textContent = name;
  show(name.includes("OAuth") ? "oauth" : "accounts");
}

function connect(number) {
  return ask(given.keys, "POST", "/v1/financial_connections/accounts", { institution, account_number: number });
}

by("choose").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await connect(new FormData(event.target).get("account"));
  by("choose-error").textContent = answer.error ? answer.error.message : "";
  if (answer.error) return;
  const { id, last4, institution_name } = answer.body;
  finish({ bank_name: institution_name, last4, details: { financial_connections_account: id } });
});

const FIELDS = {
  routingNumber: (value) =>
    !/^\d{9}$/.test(value)
      ? "Enter the nine digits of the routing number."
      : checksum(value) || "That is not a routing number: a digit must be wrong.",
  accountNumber: (value) => /^\d{4,17}$/.test(value) || "Enter the account number: 4 to 17 digits.",
  accountNumberConfirm: (value) => value === by("accountNumber").value || "The two account numbers differ.",
};

function checksum(number) {
  const weights = [3, 7, 1, 3, 7, 1, 3, 7, 1];
  return [...number].reduce((sum, digit, index) => sum + Number(digit) * weights[index], 0) % 10 === 0;
}

function judge(name) {
  const input = by(name);
  const verdict = FIELDS[name](input.value.trim());
  by(`${name}-error`).textContent = verdict === true ? "" : verdict;
  if (verdict === true) input.removeAttribute("aria-invalid");
  else input.setAttribute("aria-invalid", "true");
  return verdict === true;
}

by("manual").addEventListener("submit", (event) => {
  event.preventDefault();
  const wrong = Object.keys(FIELDS).filter((name) => !judge(name));
  if (wrong.length) {
    by(wrong[0]).focus();
    return;
  }
  const details = { routing_number: by("routingNumber").value.trim(), account_number: by("accountNumber").value.trim() };
  finish({ bank_name: "Bank account", last4: details.account_number.slice(-4), details });
});
for (const name of Object.keys(FIELDS)) {
  by(name).addEventListener("blur", () => {
    if (by(name).value) judge(name);
  });
}

by("oauth-go").addEventListener("click", () => show("accounts"));
by("test-account").addEventListener("click", () => {
  by("routingNumber").value = "110000000";
  by("accountNumber").value = by("accountNumberConfirm").value = "000123456789";
  for (const name of Object.keys(FIELDS)) judge(name);
});
by("by-hand").addEventListener("click", () => show("manual"));
by("back").addEventListener("click", () => show("institutions"));
by("close").addEventListener("click", () => finish(null));
document.querySelector(".backdrop").addEventListener("mousedown", (event) => {
  if (event.target === event.currentTarget) finish(null);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") finish(null);
  if (event.key === "Tab") hold(event);
});

teach("bank", (_, [opened]) => {
  port = opened;
  port.onmessage = ({ data }) => {
    given = data;
    begin();
  };
  port.postMessage({ name: "hello" });
});
teach("collect", async (wanted) => {
  collecting = wanted;
  const answer = await ask(wanted.keys, "GET", "/v1/elements/sessions", { client_secret: wanted.secret });
  given = { keys: wanted.keys, session: answer.body };
  if (answer.error) tell("done", { chosen: false });
  else begin();
});
listen();
