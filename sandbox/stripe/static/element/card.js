// The card fields: formatted while typed, judged in words.
import { Field, inspect, problem } from "./field.js";
import { t } from "./words.js";

const BRANDS = [
  { name: "amex", begins: /^3[47]/, lengths: [15], cvc: 4, groups: [4, 6, 5] },
  { name: "visa", begins: /^4/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
  { name: "mastercard", begins: /^(5[1-5]|2[2-7])/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
  { name: "discover", begins: /^(6011|64[4-9]|65)/, lengths: [16], cvc: 3, groups: [4, 4, 4, 4] },
  { name: "diners", begins: /^(30[0-5]|36|38)/, lengths: [14, 16], cvc: 3, groups: [4, 6, 6] },
];
const OTHER = { name: "unknown", begins: /^/, lengths: [16, 17, 18, 19], cvc: 3, groups: [4, 4, 4, 4, 3] };

const digits = (text) => text.replace(/\D/g, "");
const brandOf = (number) => BRANDS.find((brand) => brand.begins.test(number)) || OTHER;

function luhn(number) {
  let total = 0;
  [...number].reverse().forEach((digit, index) => {
    const value = Number(digit) * (1 + (index % 2));
    total += value > 9 ? value - 9 : value;
  });
  return total % 10 === 0;
}

function judgeNumber(value) {
  const number = digits(value);
  const brand = brandOf(number);
  if (number.length < brand.lengths[0]) return problem("incomplete_number");
  if (!brand.lengths.includes(number.length) || !luhn(number)) {
    return problem("invalid_number");
  }
  return null;
}

function judgeExpiry(value) {
  const typed = digits(value);
  if (typed.length !== 4 && typed.length !== 6) return problem("incomplete_expiry");
  const { month, year } = parseExpiry(value);
  const now = new Date();
  if (month < 1 || month > 12) return problem("invalid_expiry_month");
  if (year < now.getFullYear()) return problem("invalid_expiry_year_past");
  if (year === now.getFullYear() && month < now.getMonth() + 1) {
    return problem("invalid_expiry_month_past");
  }
  if (year > now.getFullYear() + 50) return problem("invalid_expiry_year");
  return null;
}

function parseExpiry(value) {
  const typed = digits(value);
  const year = Number(typed.slice(2));
  return { month: Number(typed.slice(0, 2)), year: typed.length > 4 ? year : 2000 + year };
}

/** Rewrite an input and keep the caret behind the digit it stood behind. */
function rewrite(input, text) {
  if (input.value === text) return;
  const before = digits(input.value.slice(0, input.selectionStart ?? input.value.length)).length;
  input.value = text;
  let caret = 0;
  for (let seen = 0; caret < text.length && seen < before; caret += 1) if (/\d/.test(text[caret])) seen += 1;
  while (caret < text.length && before > 0 && !/\d/.test(text[caret])) caret += 1;
  if (document.activeElement === input) input.setSelectionRange(caret, caret);
}

function grouped(number, groups) {
  const parts = [];
  let at = 0;
  for (const size of groups) {
    if (at < number.length) parts.push(number.slice(at, at + size));
    at += size;
  }
  return parts.join(" ");
}

export class Card {
  constructor(recognised) {
    this.recognised = recognised;
    this.seen = "unknown";
    this.number = new Field("number", judgeNumber);
    this.expiry = new Field("expiry", judgeExpiry);
    this.cvc = new Field("cvc", (value) => this.judgeCvc(value));
    this.postalCode = new Field("postalCode", (value) => this.judgePostal(value));
    this.country = document.getElementById("country");
    this.fields = [this.number, this.expiry, this.cvc, this.postalCode];
    this.number.input.addEventListener("input", () => this.writeNumber());
    this.expiry.input.addEventListener("input", (event) => this.writeExpiry(event));
    this.cvc.input.addEventListener("input", () => rewrite(this.cvc.input, digits(this.cvc.value).slice(0, this.brand().cvc)));
    this.country.addEventListener("change", () => this.namePostal());
  }

  brand() {
    return brandOf(digits(this.number.value));
  }

  writeNumber() {
    const brand = this.brand();
    const number = digits(this.number.value).slice(0, Math.max(...brand.lengths));
    rewrite(this.number.input, grouped(number, brand.groups));
    this.cvc.input.placeholder = brand.cvc === 4 ? "CID" : "CVC";
    this.cvc.input.maxLength = brand.cvc;
    if (brand.name !== this.seen) this.recognised({ brands: brand === OTHER ? null : [brand.name], funding: null });
    this.seen = brand.name;
    const marks = document.getElementById("brands");
    const known = number.length > 0 && marks.querySelector(`[data-brand="${brand.name}"]`);
    marks.classList.toggle("known", Boolean(known));
    for (const mark of marks.children) mark.classList.toggle("match", mark === known);
  }

  writeExpiry(event) {
    const input = this.expiry.input;
    let typed = digits(input.value);
    if (/^[2-9]/.test(typed)) typed = `0${typed}`;
    typed = typed.slice(0, typed.slice(2, 4) === "20" ? 6 : 4);
    const deleting = event.inputType?.startsWith("delete");
    if (typed.length > 2) rewrite(input, `${typed.slice(0, 2)} / ${typed.slice(2)}`);
    else if (typed.length === 2 && !deleting) rewrite(input, `${typed} / `);
    else rewrite(input, typed);
    if (typed.length === 2 && !deleting) input.setSelectionRange(input.value.length, input.value.length);
  }

  judgeCvc(value) {
    return value.length < this.brand().cvc
      ? problem("incomplete_cvc")
      : null;
  }

  judgePostal(value) {
    if (this.country.value === "US" && !/^\d{5}(-\d{4})?$/.test(value)) {
      return problem("incomplete_zip");
    }
    return value ? null : problem("incomplete_postal_code");
  }

  namePostal() {
    const american = this.country.value === "US";
    document.querySelector('label[for="postalCode"]').textContent = t(american ? "zip" : "postal");
    this.postalCode.input.placeholder = american ? "12345" : "";
    this.postalCode.input.inputMode = american ? "numeric" : "text";
    if (this.postalCode.complaining) this.postalCode.complain(this.postalCode.problem());
  }

  /** Return what the page may know of the billing address while it is typed. */
  where() {
    return { address: { country: this.country.value, postalCode: this.postalCode.value || null } };
  }

  complete() {
    return this.fields.every((field) => !field.problem());
  }

  empty() {
    return this.fields.every((field) => !field.value);
  }

  inspect() {
    return inspect(this.fields);
  }

  /** Return the details for the API; they go from here to the stand-in and nowhere else. */
  details() {
    const { month, year } = parseExpiry(this.expiry.value);
    const card = { number: digits(this.number.value), exp_month: month, exp_year: year, cvc: this.cvc.value };
    const address = { country: this.country.value, postal_code: this.postalCode.value || undefined };
    return { type: "card", card, billing_details: { address } };
  }

  clear() {
    for (const field of this.fields) {
      field.input.value = "";
      field.complain(null);
    }
    this.writeNumber();
  }
}
