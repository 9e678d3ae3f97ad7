// Elements: the group, the Payment Element in its frame, and quiet stand-ins for the other kinds.

class Emitter {
  constructor() {
    this.listeners = new Map();
  }

  on(name, listener) {
    this.listeners.set(name, [...(this.listeners.get(name) || []), listener]);
    return this;
  }

  once(name, listener) {
    const first = (event) => {
      this.off(name, first);
      listener(event);
    };
    return this.on(name, first);
  }

  off(name, listener) {
    const kept = listener ? (this.listeners.get(name) || []).filter((one) => one !== listener) : [];
    this.listeners.set(name, kept);
    return this;
  }

  emit(name, event) {
    for (const listener of this.listeners.get(name) || []) listener(event);
  }
}

const THEMES = { night: "dark", stripe: "light", flat: "light", minimal: "light", none: "light" };
const FIRST_HEIGHT = 306;

class Element extends Emitter {
  constructor(elements, type, options) {
    super();
    this.elements = elements;
    this.type = type;
    this.options = options || {};
    this.place = null;
  }

  mount(target) {
    const place = typeof target === "string" ? document.querySelector(target) : target;
    if (!(place instanceof HTMLElement)) {
      throw new IntegrationError(`The selector you specified (${target}) applies to no DOM elements on the page.`);
    }
    this.unmount();
    this.place = document.createElement("div");
    this.place.className = "__PrivateStripeElement";
    place.replaceChildren(this.place);
    place.classList.add("StripeElement");
    this.show();
  }

  show() {
    setTimeout(() => {
      this.emit("loaderstart", { elementType: this.type });
      this.emit("ready", { elementType: this.type, availablePaymentMethods: undefined });
    });
  }

  unmount() {
    this.place?.remove();
    this.place = null;
  }

  destroy() {
    this.unmount();
    this.elements.forget(this);
  }

  update(options) {
    this.options = { ...this.options, ...options };
  }

  collapse() {}
  focus() {}
  blur() {}
  clear() {}
}

class PaymentElement extends Element {
  show() {
    this.frame = new Frame("/elements-inner-payment.html", "Secure payment input frame");
    Object.assign(this.frame.node.style, {
      border: "0",
      display: "block",
      width: "calc(100% + 8px)",
      margin: "-4px",
      height: `${FIRST_HEIGHT}px`,
      overflow: "hidden",
    });
    this.shade();
    this.frame.node.scrolling = "no";
    const told = (name) => this.frame.on(name, (event) => this.emit(name, { elementType: "payment", ...event }));
    ["change", "focus", "blur", "escape", "ready", "loaderror", "savedpaymentmethodremove"].forEach(told);
    this.frame.on("resize", ({ height }) => {
      this.frame.node.style.height = `${height}px`;
    });
    this.frame.on("choosebank", () => chooseBank(this.frame));
    this.place.append(this.frame.node);
    this.frame.hello.then(() => this.emit("loaderstart", { elementType: "payment" }));
    this.frame.send("init", this.settings());
  }

  /** Give the frame the scheme of its own page: only then is its background see-through. */
  shade() {
    this.frame.node.style.colorScheme = THEMES[this.elements.options.appearance?.theme] || "light";
  }

  settings() {
    const { stripe, options } = this.elements;
    return { keys: stripe.keys, elements: options, element: plain(this.options) };
  }

  unmount() {
    this.frame?.remove();
    this.frame = null;
    super.unmount();
  }

  update(options) {
    super.update(options);
    this.frame?.send("update", this.settings());
  }

  collapse() {
    this.frame?.send("collapse");
  }

  focus() {
    this.frame?.node.focus();
    this.frame?.send("focus");
  }

  blur() {
    this.frame?.send("blur");
  }

  clear() {
    this.frame?.send("clear");
  }
}

/** Drop what cannot travel to a frame (functions). */
function plain(value) {
  return JSON.parse(JSON.stringify(value));
}

const KINDS = new Set([
  "payment",
  "expressCheckout",
  "linkAuthentication",
  "address",
  "paymentMethodMessaging",
  "currencySelector",
  "taxId",
]);

class Elements extends Emitter {
  constructor(stripe, options) {
    super();
    const { clientSecret, mode, amount, currency } = options;
    if (clientSecret && mode) throw new IntegrationError("You cannot use both `clientSecret` and `mode`.");
    if (!clientSecret && !mode) throw new IntegrationError("Elements need either a `clientSecret` or a `mode`.");
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
    if (!KINDS.has(type)) throw new IntegrationError(`The sandbox has no element called \`${type}\`.`);
    if (this.made.has(type)) throw new IntegrationError(`Can only create one element of type ${type}.`);
    const element = type === "payment" ? new PaymentElement(this, type, options) : new Element(this, type, options);
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
    const element = this.payment();
    if (element?.frame) {
      element.shade();
      await element.frame.send("update", element.settings());
    }
    this.emit("update-end", {});
  }

  async fetchUpdates() {
    const answer = await this.payment()?.frame?.send("refresh");
    return answer?.error ? { error: answer.error } : {};
  }

  payment() {
    return this.made.get("payment");
  }

  async submit() {
    const frame = this.payment()?.frame;
    if (!frame) throw new IntegrationError("elements.submit() needs a mounted payment element.");
    const answer = await frame.send("submit");
    this.submitted = !answer.error;
    return answer;
  }
}

function checkAmount(amount) {
  if (!Number.isInteger(amount) || amount <= 0) {
    throw new IntegrationError("Invalid value for elements(): amount must be a positive integer of minor units.");
  }
}
