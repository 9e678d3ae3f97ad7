// The saved payment methods of a customer, as a list of radio buttons.
import { problem } from "./field.js";
import { t } from "./words.js";

const BRAND_NAMES = { visa: "Visa", mastercard: "Mastercard", amex: "American Express", discover: "Discover" };

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${document.getElementById(`i-${name}`) ? name : "card"}`);
  svg.append(use);
  svg.setAttribute("aria-hidden", "true");
  return svg;
}

function text(className, words) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = words;
  return span;
}

/** Return a method in words: the digits first, since they are what tells two cards apart. */
function described(method) {
  if (method.type === "card") {
    const { brand, last4, exp_month, exp_year } = method.card;
    const name = BRAND_NAMES[brand] || "Card";
    const until = `${String(exp_month).padStart(2, "0")}/${String(exp_year).slice(2)}`;
    return { icon: brand, name, last4, detail: `${name} ${t("saved.until")} ${until}` };
  }
  const { bank_name: name, last4 } = method.us_bank_account;
  return { icon: "bank", name, last4, detail: name };
}

export class Saved {
  constructor(changed, removed) {
    this.changed = changed;
    this.removed = removed;
    this.list = document.getElementById("saved-list");
    this.methods = [];
  }

  show(methods, features) {
    this.methods = methods;
    const rows = methods.map((method, index) => this.row(method, index, features?.payment_method_remove === "enabled"));
    this.list.replaceChildren(...rows);
  }

  row(method, index, removable) {
    const { icon: mark, name, last4, detail } = described(method);
    const row = document.createElement("div");
    row.className = "card-row";
    const label = document.createElement("label");
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: "saved", value: method.id, checked: index === 0 });
    radio.addEventListener("change", () => this.changed());
    const lines = document.createElement("span");
    lines.className = "lines";
    lines.append(text("number", `•••• ${last4}`), text("until", detail));
    label.append(radio, icon(mark), lines);
    row.append(label);
    if (removable) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = t("saved.remove");
      button.setAttribute("aria-label", `${t("saved.remove")} ${name} •••• ${last4}`);
      button.addEventListener("click", () => this.removed(method));
      row.append(button);
    }
    return row;
  }

  chosen() {
    const radio = this.list.querySelector("input:checked");
    return this.methods.find((method) => method.id === radio?.value) || null;
  }

  complete() {
    return Boolean(this.chosen());
  }

  empty() {
    return !this.chosen();
  }

  inspect() {
    return this.chosen() ? null : problem("incomplete");
  }

  clear() {}
}
