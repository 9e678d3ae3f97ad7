// The bank account panel: name, e-mail, and an account connected in the overlay.
import { Field, inspect, problem } from "./field.js";
import { tell } from "./wire.js";

export class Bank {
  constructor(changed) {
    this.changed = changed;
    this.chosen = null;
    this.session = null;
    this.name = new Field("name", (value) => (value ? null : problem("incomplete_name")));
    this.email = new Field("email", (value) =>
      /^\S+@\S+\.\S+$/.test(value) ? null : problem("incomplete_email"),
    );
    this.fields = [this.name, this.email];
    this.error = document.getElementById("account-error");
    this.connect = document.getElementById("connect");
    this.connect.addEventListener("click", () => tell("choosebank"));
    document.getElementById("change").addEventListener("click", () => tell("choosebank"));
  }

  /** Speak with the overlay over a port that the page between us cannot hear. */
  listen(port, session, keys) {
    port.onmessage = ({ data }) => {
      if (data.name === "hello") port.postMessage({ keys, session: { ...session, saved_methods: [] } });
      if (data.name === "chosen") this.choose(data.account);
    };
  }

  choose(account) {
    this.chosen = account;
    const row = document.getElementById("connected");
    row.hidden = !account;
    this.connect.hidden = Boolean(account);
    if (account) row.querySelector(".which").textContent = `${account.bank_name} •••• ${account.last4}`;
    this.error.textContent = "";
    this.changed();
  }

  complete() {
    return Boolean(this.chosen) && this.fields.every((field) => !field.problem());
  }

  empty() {
    return !this.chosen;
  }

  inspect() {
    const first = inspect(this.fields);
    const missing = this.chosen ? null : problem("incomplete_bank_account");
    this.error.textContent = missing ? missing.message : "";
    if (missing && !first) this.connect.focus();
    return first || missing;
  }

  details() {
    const billing = { name: this.name.value || undefined, email: this.email.value || undefined };
    return { type: "us_bank_account", us_bank_account: this.chosen.details, billing_details: billing };
  }

  clear() {
    this.choose(null);
    for (const field of this.fields) field.complain(null);
  }
}
