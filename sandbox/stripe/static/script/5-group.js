// The group of elements of one payment: what it shows, and what all of them together say when the payer presses Pay.

const KINDS = {
  payment: PaymentElement,
  expressCheckout: ExpressCheckoutElement,
  linkAuthentication: FieldsElement,
  address: FieldsElement,
  paymentMethodMessaging: Element,
  currencySelector: Element,
  taxId: Element,
};

class Elements extends Emitter {
  constructor(stripe, options) {
    super();
    const { clientSecret, mode, amount, currency } = options;
    if (clientSecret && mode) throw new IntegrationError("You cannot use both `clientSecret` and `mode`.");
    if (clientSecret && !/^(pi|seti)_\w+_secret_\w+$/.test(clientSecret)) {
      throw new IntegrationError("Invalid value for elements(): clientSecret should be a client secret of the form ${id}_secret_${secret}.");
    }
    if (mode && !["payment", "setup", "subscription"].includes(mode)) {
      throw new IntegrationError(`Invalid value for elements(): mode should be payment, setup or subscription.`);
    }
    if (mode && !currency) throw new IntegrationError("Missing value for elements(): currency is required.");
    if (mode === "payment") checkAmount(amount);
    this.stripe = stripe;
    this.options = plain(options);
    this.made = new Map();
    this.submitted = false;
  }

  create(type, options) {
    if (!Object.hasOwn(KINDS, type)) throw new IntegrationError(`The sandbox has no element called \`${type}\`.`);
    if (["payment", "expressCheckout"].includes(type) && !this.options.clientSecret && !this.options.mode) {
      throw new IntegrationError(`Elements need either a \`clientSecret\` or a \`mode\` to create ${type}.`);
    }
    if (this.made.has(type)) throw new IntegrationError(`Can only create one element of type ${type}.`);
    const element = new KINDS[type](this, type, options);
    this.made.set(type, element);
    return element;
  }

  getElement(type) {
    return this.made.get(type) || null;
  }

  forget(element) {
    this.made.delete(element.type);
  }

  async update(options) {
    if (this.options.mode === "payment" && "amount" in options) checkAmount(options.amount);
    this.options = { ...this.options, ...plain(options) };
    this.submitted = false;
    await Promise.all([...this.made.values()].map((element) => element.refresh?.()));
    this.emit("update-end", {});
  }

  async fetchUpdates() {
    const answer = await this.paying()?.frame?.send("refresh");
    return answer?.error ? { error: answer.error } : {};
  }

  /** Return the element that pays: a wallet that was approved, else the Payment Element. */
  paying() {
    const express = this.made.get("expressCheckout");
    return express?.pending ? express : this.made.get("payment");
  }

  async submit() {
    const element = this.paying();
    if (!element?.frame) throw new IntegrationError("elements.submit() needs a mounted payment element.");
    if (element.type === "expressCheckout") {
      this.submitted = true;
      return { selectedPaymentMethod: element.kind };
    }
    const answers = [await element.frame.send("submit")];
    for (const type of ["linkAuthentication", "address"]) {
      const other = this.made.get(type);
      if (other?.frame) answers.push(await other.frame.send("submit"));
    }
    const wrong = answers.find((answer) => answer.error);
    this.submitted = !wrong;
    return wrong || answers[0];
  }

  /** Return the page's parameters with what the address and the e-mail element hold. */
  async gathered(params) {
    const billing = {};
    const more = {};
    const email = this.made.get("linkAuthentication");
    if (email?.frame) billing.email = (await email.frame.send("value")).value.email || undefined;
    const address = this.made.get("address");
    if (address?.frame) {
      const { value } = await address.getValue();
      if (address.options.mode === "shipping") more.shipping = value;
      else Object.assign(billing, value);
    }
    const data = params.payment_method_data || {};
    const details = { ...billing, ...data.billing_details };
    return plain({ ...more, ...params, payment_method_data: { ...data, billing_details: details } });
  }
}

function checkAmount(amount) {
  if (!Number.isInteger(amount) || amount <= 0) {
    throw new IntegrationError("Invalid value for elements(): amount must be a positive integer of minor units.");
  }
}
