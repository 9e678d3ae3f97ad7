// The address and the e-mail inside their frames: what is typed is told to the page, as no secret is among it.
import { Field, inspect, problem } from "./field.js";
import { dress } from "./look.js";
import { listen, teach, tell } from "./wire.js";
import { speak } from "./words.js";

const COUNTRIES = "US AU AT BE CA DK FR DE IE IT JP MX NL NZ NO ES SE CH GB".split(" ");
const by = (id) => document.getElementById(id);
const filled = (code) => (value) => (value ? null : problem(code));
const fields = {
  email: new Field("email", (value) => (/^\S+@\S+\.\S+$/.test(value) ? null : problem("incomplete_email"))),
  name: new Field("name", filled("incomplete_name")),
  line1: new Field("line1", filled("incomplete_line1")),
  line2: new Field("line2", () => null),
  city: new Field("city", filled("incomplete_city")),
  state: new Field("state", () => null),
  postalCode: new Field("postalCode", filled("incomplete_postal_code")),
  phone: new Field("phone", (value) => (settings.element.validation?.phone?.required === "never" || value ? null : problem("incomplete_phone"))),
};
let settings = null;
let drawn = false;
let last = "";

const mine = () => (settings.type === "address" ? ["name", "line1", "line2", "city", "state", "postalCode", "phone"] : ["email"]).map((name) => fields[name]);

function draw() {
  dress(settings.elements.appearance);
  for (const node of document.querySelectorAll("[data-kind]")) node.hidden = node.dataset.kind !== settings.type;
  by("phone-field").hidden = settings.element.fields?.phone !== "always";
  if (!drawn) fill();
  speak(settings.locale);
  drawn = true;
}

function fill() {
  const allowed = settings.element.allowedCountries || COUNTRIES;
  by("country").replaceChildren(...allowed.map((code) => new Option(code, code)));
  const { name, email, phone, address = {} } = settings.element.defaultValues || {};
  const given = { name, email, phone, line1: address.line1, line2: address.line2, city: address.city, state: address.state, postalCode: address.postal_code };
  for (const [id, value] of Object.entries(given)) if (value) by(id).value = value;
  if (allowed.includes(address.country)) by("country").value = address.country;
}

/** Return what is in the fields, as the change event tells it. */
function state() {
  const all = mine();
  const complete = all.every((field) => !field.problem());
  const empty = all.every((field) => !field.value);
  if (settings.type === "linkAuthentication") return { complete, empty, value: { email: fields.email.value } };
  const address = {
    line1: fields.line1.value,
    line2: fields.line2.value || null,
    city: fields.city.value,
    state: fields.state.value,
    postal_code: fields.postalCode.value,
    country: by("country").value,
  };
  const value = { name: fields.name.value, address };
  if (!by("phone-field").hidden) value.phone = fields.phone.value;
  return { complete, empty, isNewAddress: true, elementMode: settings.element.mode, value };
}

function changed() {
  const event = state();
  const text = JSON.stringify(event);
  if (text !== last) tell("change", event);
  last = text;
}

teach("init", (given) => {
  settings = given;
  draw();
  changed();
  requestAnimationFrame(() => tell("ready", {}));
});
teach("update", (given) => {
  settings = given;
  draw();
});
teach("submit", () => {
  const first = inspect(mine());
  return first ? { error: first } : {};
});
teach("value", state);
teach("focus", () => document.querySelector(".grid:not([hidden]) input").focus());
teach("blur", () => document.activeElement?.blur());
teach("clear", () => {
  for (const field of mine()) {
    field.input.value = "";
    field.complain(null);
  }
  changed();
});

const form = by("element");
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("keydown", (event) => {
  if (event.key === "Escape") tell("escape", {});
});
new ResizeObserver(() => tell("resize", { height: Math.ceil(form.getBoundingClientRect().height) + 8 })).observe(form);
listen();
