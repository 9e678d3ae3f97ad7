// Elements: what they have in common, and those that live in a frame of their own.

class Emitter {
  constructor() {
    this.listeners = new Map();
  }

  on(name, listener) {
    this.listeners.set(name, [...this.heard(name), listener]);
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
    const kept = listener ? this.heard(name).filter((one) => one !== listener) : [];
    this.listeners.set(name, kept);
    return this;
  }

  heard(name) {
    return this.listeners.get(name) || [];
  }

  emit(name, event) {
    for (const listener of this.heard(name)) listener(event);
  }
}

const THEMES = { night: "dark", stripe: "light", flat: "light", minimal: "light", none: "light" };
const EVERY_EVENT = [
  ...["availablepaymentmethodschange", "blur", "carddetailschange", "change", "escape", "focus", "loaderror", "ready"],
  "savedpaymentmethodremove",
];

/** An element that shows nothing and says that it is ready. */
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
    if (this.destroyed) throw new IntegrationError("This Element has already been destroyed. Please create a new one.");
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
      this.emit("ready", { elementType: this.type });
    });
  }

  unmount() {
    this.place?.parentElement?.classList.remove("StripeElement");
    this.place?.remove();
    this.place = null;
  }

  destroy() {
    this.unmount();
    this.destroyed = true;
    this.elements.forget(this);
  }

  update(options) {
    this.options = { ...this.options, ...options };
    return this;
  }

  collapse() {}
  focus() {}
  blur() {}
  clear() {}
}

/** An element in an iframe of the stand-in's origin; what happens inside comes out as events. */
class FramedElement extends Element {
  constructor(elements, type, options, { path, title, height }) {
    super(elements, type, options);
    this.look = { path, title, height };
  }

  show() {
    this.frame = new Frame(this.look.path, this.look.title);
    Object.assign(this.frame.node.style, {
      border: "0",
      display: "block",
      width: "calc(100% + 8px)",
      margin: "-4px",
      height: `${this.look.height}px`,
      overflow: "hidden",
    });
    this.shade();
    this.frame.node.scrolling = "no";
    for (const name of EVERY_EVENT) {
      this.frame.on(name, (event) => this.emit(name, { elementType: this.type, ...event }));
    }
    this.frame.on("resize", ({ height }) => {
      this.frame.node.style.height = `${height}px`;
    });
    this.listen();
    this.place.append(this.frame.node);
    this.frame.hello.then(() => this.emit("loaderstart", { elementType: this.type }));
    this.frame.send("init", this.settings());
  }

  listen() {}

  /** Give the frame the scheme of its own page: only then is its background see-through. */
  shade() {
    if (this.frame) this.frame.node.style.colorScheme = THEMES[this.elements.options.appearance?.theme] || "light";
  }

  settings() {
    const { stripe, options } = this.elements;
    const locale = options.locale || stripe.locale;
    return { keys: stripe.keys, locale, type: this.type, elements: options, element: plain(this.options) };
  }

  unmount() {
    this.frame?.remove();
    this.frame = null;
    super.unmount();
  }

  update(options) {
    super.update(options);
    this.frame?.send("update", this.settings());
    return this;
  }

  async refresh() {
    this.shade();
    return this.frame?.send("update", this.settings());
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

class PaymentElement extends FramedElement {
  constructor(elements, type, options) {
    super(elements, type, options, {
      path: "/elements-inner-payment.html",
      title: "Secure payment input frame",
      height: 306,
    });
  }

  listen() {
    this.frame.on("choosebank", () => chooseBank(this.frame));
  }
}

const FIELDS = {
  address: { path: "/elements-inner-address.html", title: "Secure address input frame", height: 462 },
  linkAuthentication: {
    path: "/elements-inner-link-authentication.html",
    title: "Secure email input frame",
    height: 78,
  },
};

/** The address and the e-mail: their values may be read, and go along when the payment is confirmed. */
class FieldsElement extends FramedElement {
  constructor(elements, type, options) {
    super(elements, type, options, FIELDS[type]);
    if (type === "address" && !["shipping", "billing"].includes(this.options.mode)) {
      throw new IntegrationError("elements.create('address') needs a `mode`: shipping or billing.");
    }
  }

  async getValue() {
    if (!this.frame) throw new IntegrationError("getValue() needs a mounted element.");
    const { complete, isNewAddress, value } = await this.frame.send("value");
    return { complete, isNewAddress, value };
  }
}

/** Drop what cannot travel to a frame (functions). */
function plain(value) {
  return JSON.parse(JSON.stringify(value));
}
