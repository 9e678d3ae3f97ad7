// The Stripe object: confirming, retrieving, next actions.

const CONFIRM = {
  payment: { path: "payment_intents", field: "paymentIntent", word: "payment_intent" },
  setup: { path: "setup_intents", field: "setupIntent", word: "setup_intent" },
};

class StripeObject {
  constructor(key, options = {}) {
    if (typeof key !== "string" || !key.startsWith("pk_")) {
      throw new IntegrationError("Please call Stripe() with your publishable key. You used an empty or a secret one.");
    }
    this.keys = { publishable: key, account: options.stripeAccount };
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
    const answer = elements
      ? await this.confirmInFrame(kind, elements, secret, confirmParams)
      : await this.ask(kind, secret, "confirm", { ...plain(confirmParams), use_stripe_sdk: true });
    if (answer.error) return { error: answer.error };
    return this.follow(kind, answer.body, confirmParams.return_url, redirect);
  }

  confirmInFrame(kind, elements, secret, confirmParams) {
    const frame = elements.payment()?.frame;
    if (!frame) throw new IntegrationError("confirm needs a mounted payment element.");
    return frame.send("confirm", { path: kind.path, secret, params: plain(confirmParams) });
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
    const frame = elements?.payment()?.frame;
    if (!frame) throw new IntegrationError("createConfirmationToken needs elements with a mounted payment element.");
    if (!elements.submitted) throw new IntegrationError("elements.submit() must be called first.");
    const answer = await frame.send("token", { params: plain(params) });
    return answer.error ? { error: answer.error } : { confirmationToken: answer.body };
  }

  async verifyMicrodepositsForPayment(secret, data) {
    const answer = await this.ask(CONFIRM.payment, secret, "verify_microdeposits", data);
    return answer.error ? { error: answer.error } : { paymentIntent: answer.body };
  }

  async verifyMicrodepositsForSetup(secret, data) {
    const answer = await this.ask(CONFIRM.setup, secret, "verify_microdeposits", data);
    return answer.error ? { error: answer.error } : { setupIntent: answer.body };
  }
}

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
