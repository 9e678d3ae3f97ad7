// The Stripe object: confirming, retrieving, next actions.

const CONFIRM = {
  payment: { path: "payment_intents", field: "paymentIntent", word: "payment_intent", prefix: "pi_", name: "PaymentIntent" },
  setup: { path: "setup_intents", field: "setupIntent", word: "setup_intent", prefix: "seti_", name: "SetupIntent" },
};

class StripeObject {
  constructor(key, options = {}) {
    if (typeof key !== "string" || !key.startsWith("pk_")) {
      throw new IntegrationError("Please call Stripe() with your publishable key. You used an empty or a secret one.");
    }
    if (options.stripeAccount !== undefined && !/^acct_\w+$/.test(options.stripeAccount)) {
      throw new IntegrationError("Invalid value for Stripe(): stripeAccount should be an account id of the form acct_...");
    }
    this.keys = { publishable: key, account: options.stripeAccount };
    this.locale = options.locale || "auto";
  }

  elements(options = {}) {
    return new Elements(this, options);
  }

  confirmPayment(options) {
    return this.confirm(CONFIRM.payment, options);
  }

  confirmSetup(options) {
    return this.confirm(CONFIRM.setup, options);
  }

  async confirm(kind, { elements, clientSecret, confirmParams = {}, redirect = "always" } = {}) {
    const secret = clientSecret || elements?.options.clientSecret;
    if (!secret) throw new IntegrationError("confirm needs a `clientSecret`, or elements made with one.");
    if (redirect === "always" && !confirmParams.return_url) {
      throw new IntegrationError("confirmParams.return_url is required unless redirect is `if_required`.");
    }
    if (elements && elements.options.mode && !elements.submitted) {
      throw new IntegrationError("elements.submit() must be called before stripe.confirmPayment().");
    }
    if (!secret.startsWith(kind.prefix)) {
      throw new IntegrationError(`The \`clientSecret\` is not that of a ${kind.name}.`);
    }
    const answer = elements
      ? await this.confirmInFrame(kind, elements, secret, confirmParams)
      : await this.ask(kind, secret, "confirm", { ...plain(confirmParams), use_stripe_sdk: true });
    if (answer.error) return { error: answer.error };
    return this.follow(kind, answer.body, confirmParams.return_url, redirect);
  }

  async confirmInFrame(kind, elements, secret, confirmParams) {
    const element = elements.paying();
    if (!element?.frame) throw new IntegrationError("confirm needs a mounted payment element.");
    const params = await elements.gathered(confirmParams);
    const answer = await element.frame.send("confirm", { path: kind.path, secret, params });
    element.finish?.();
    return answer;
  }

  ask(kind, secret, verb, params) {
    const id = secret.split("_secret_")[0];
    const path = `/v1/${kind.path}/${encodeURIComponent(id)}${verb ? `/${verb}` : ""}`;
    return ask(this.keys, verb ? "POST" : "GET", path, { ...params, client_secret: secret });
  }

  /** Do what the intent still asks for, then send the payer on, or answer. */
  async follow(kind, intent, returnUrl, redirect) {
    const action = intent.next_action;
    if (intent.status === "requires_action" && action.type === "redirect_to_url") {
      window.location.assign(action.redirect_to_url.url);
      return new Promise(() => {});
    }
    if (intent.status === "requires_action" && action.type === "use_stripe_sdk") {
      await challenge(action);
      const answer = await this.ask(kind, intent.client_secret, "");
      if (answer.error) return { error: answer.error };
      intent = answer.body;
    }
    if (intent.status === "requires_payment_method") {
      const error = intent.last_payment_error || intent.last_setup_error || {};
      return { error: { ...error, [kind.word]: intent } };
    }
    if (redirect !== "always" || !returnUrl) return { [kind.field]: intent };
    window.location.assign(destination(kind, intent, returnUrl));
    return new Promise(() => {});
  }

  async retrievePaymentIntent(secret) {
    return this.retrieve(CONFIRM.payment, secret);
  }

  async retrieveSetupIntent(secret) {
    return this.retrieve(CONFIRM.setup, secret);
  }

  async retrieve(kind, secret) {
    const answer = await this.ask(kind, secret, "");
    return answer.error ? { error: answer.error } : { [kind.field]: answer.body };
  }

  async handleNextAction({ clientSecret } = {}) {
    if (!clientSecret) throw new IntegrationError("handleNextAction needs a `clientSecret`.");
    const kind = clientSecret.startsWith("seti_") ? CONFIRM.setup : CONFIRM.payment;
    const answer = await this.ask(kind, clientSecret, "");
    if (answer.error) return { error: answer.error };
    return this.follow(kind, answer.body, null, "if_required");
  }

  async createConfirmationToken({ elements, params = {} } = {}) {
    const element = elements?.paying();
    if (!element?.frame) throw new IntegrationError("createConfirmationToken needs elements with a mounted payment element.");
    if (!elements.submitted) throw new IntegrationError("elements.submit() must be called first.");
    const answer = await element.frame.send("token", { params: await elements.gathered(params) });
    element.finish?.();
    return answer.error ? { error: answer.error } : { confirmationToken: answer.body };
  }

  verifyMicrodepositsForPayment(secret, data) {
    return this.answer(CONFIRM.payment, this.ask(CONFIRM.payment, secret, "verify_microdeposits", data));
  }

  verifyMicrodepositsForSetup(secret, data) {
    return this.answer(CONFIRM.setup, this.ask(CONFIRM.setup, secret, "verify_microdeposits", data));
  }

  async answer(kind, asked) {
    const answer = await asked;
    return answer.error ? { error: answer.error } : { [kind.field]: answer.body };
  }

  collectBankAccountForPayment(options) {
    return this.collect(CONFIRM.payment, options);
  }

  collectBankAccountForSetup(options) {
    return this.collect(CONFIRM.setup, options);
  }

  /** Let the payer choose a bank account; the intent then waits to be confirmed. */
  async collect(kind, { clientSecret, params } = {}) {
    if (!clientSecret) throw new IntegrationError("collectBankAccount needs a `clientSecret`.");
    if (params?.payment_method_type !== "us_bank_account") {
      throw new IntegrationError("params.payment_method_type should be us_bank_account.");
    }
    const billing = params.payment_method_data?.billing_details;
    if (!billing?.name) throw new IntegrationError("params.payment_method_data.billing_details.name is required.");
    await collectBank(this.keys, { path: kind.path, secret: clientSecret, billing: plain(billing), locale: this.locale });
    return this.retrieve(kind, clientSecret);
  }

  confirmUsBankAccountPayment(secret, data) {
    return this.confirmBank(CONFIRM.payment, secret, data);
  }

  confirmUsBankAccountSetup(secret, data) {
    return this.confirmBank(CONFIRM.setup, secret, data);
  }

  confirmBank(kind, secret, { payment_method } = {}) {
    if (!secret) throw new IntegrationError("A `clientSecret` is needed.");
    const chosen =
      typeof payment_method === "object"
        ? { payment_method_data: { type: "us_bank_account", ...plain(payment_method) } }
        : { payment_method };
    return this.answer(kind, this.ask(kind, secret, "confirm", { ...chosen, mandate_data: ONLINE }));
  }

  confirmCardPayment(secret, data, options) {
    return this.confirmCard(CONFIRM.payment, secret, data, options);
  }

  confirmCardSetup(secret, data, options) {
    return this.confirmCard(CONFIRM.setup, secret, data, options);
  }

  /** Confirm with a card that is known by its id; the sandbox has no single card element. */
  async confirmCard(kind, secret, { payment_method, return_url } = {}, { handleActions = true } = {}) {
    if (!secret) throw new IntegrationError("A `clientSecret` is needed.");
    if (typeof payment_method === "object") {
      throw new IntegrationError("The sandbox confirms cards by the id of a payment method, or with the Payment Element.");
    }
    const asked = this.ask(kind, secret, "confirm", { payment_method, return_url, use_stripe_sdk: true });
    if (!handleActions) return this.answer(kind, asked);
    const answer = await asked;
    return answer.error ? { error: answer.error } : this.follow(kind, answer.body, return_url, "if_required");
  }

  /** Go on with a payment that the server confirmed and that its bank has a question about. */
  handleCardAction(clientSecret) {
    return this.handleNextAction({ clientSecret });
  }

  async createPaymentMethod({ elements, params = {}, ...details } = {}) {
    if (details.type) {
      const answer = await ask(this.keys, "POST", "/v1/payment_methods", plain(details));
      return answer.error ? { error: answer.error } : { paymentMethod: answer.body };
    }
    const element = elements?.paying();
    if (!element?.frame) throw new IntegrationError("createPaymentMethod needs elements with a mounted payment element.");
    if (!elements.submitted) throw new IntegrationError("elements.submit() must be called first.");
    const { billing_details, ...rest } = params;
    const given = { ...rest, payment_method_data: { billing_details } };
    const answer = await element.frame.send("method", { params: await elements.gathered(given) });
    element.finish?.();
    return answer.error ? { error: answer.error } : { paymentMethod: answer.body };
  }

  createToken() {
    throw new IntegrationError("The sandbox makes no tokens of card numbers; use the Payment Element.");
  }

  registerAppInfo() {}
  _registerWrapper() {}
}

const ONLINE = { customer_acceptance: { type: "online", online: { infer_from_client: true } } };

function destination(kind, intent, returnUrl) {
  const url = new URL(returnUrl, window.location.href);
  url.searchParams.set(kind.word, intent.id);
  url.searchParams.set(`${kind.word}_client_secret`, intent.client_secret);
  const status = intent.status === "requires_action" ? "pending" : intent.status;
  url.searchParams.set("redirect_status", status);
  return url.href;
}

const made = (key, options) => new StripeObject(key, options);
made.version = VERSION;
window.Stripe = made;
