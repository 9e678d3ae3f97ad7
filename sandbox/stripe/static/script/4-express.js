// The Express Checkout Element: buttons of wallets, the sheet that one of them opens, and what the page is asked meanwhile.

const PATIENCE = 1000;

class ExpressCheckoutElement extends FramedElement {
  constructor(elements, type, options) {
    super(elements, type, options, {
      path: "/elements-inner-express-checkout.html",
      title: "Secure express checkout frame",
      height: 52,
    });
  }

  listen() {
    this.frame.on("choose", ({ kind }) => this.clicked(kind));
    this.frame.on("approved", (about) => this.approved(about));
  }

  /** Ask the page whether the sheet may open; a page that does not listen agrees. */
  clicked(kind) {
    if (this.sheet) return;
    if (this.heard("click").length === 0) {
      this.open(kind, {});
      return;
    }
    let answered = false;
    const once = (then) => (options) => {
      if (answered) return;
      answered = true;
      then(options || {});
    };
    setTimeout(
      once(() => console.error("IntegrationError: `resolve` of the click event must be called within 1 second.")),
      PATIENCE,
    );
    this.emit("click", {
      elementType: this.type,
      expressPaymentType: kind,
      resolve: once((options) => this.open(kind, options)),
      reject: once(() => {}),
    });
  }

  async open(kind, given) {
    this.kind = kind;
    const channel = new MessageChannel();
    this.frame.send("open", { kind, options: plain({ ...this.options, ...given }) }, [channel.port1]);
    const { cancelled } = await overlay("/elements-inner-wallet.html", "Wallet", (sheet) => {
      this.sheet = sheet;
      sheet.on("addresschange", (event) => this.ask("shippingaddresschange", event));
      sheet.on("ratechange", (event) => this.ask("shippingratechange", event));
      sheet.send("wallet", null, [channel.port2]);
    });
    this.sheet = null;
    if (cancelled) this.emit("cancel", { elementType: this.type });
  }

  /** Ask the page what a new address or delivery costs; the sheet shows its answer. */
  ask(name, event) {
    const answer = (more) => this.sheet?.send("change", { amount: this.elements.options.amount, ...more });
    const reject = () => this.sheet?.send("failed", { message: "This cannot be delivered. Choose another." });
    this.emit(name, { elementType: this.type, ...event, resolve: (more = {}) => answer(plain(more)), reject });
  }

  approved(about) {
    this.pending = true;
    const failed = ({ message } = {}) => {
      this.pending = false;
      this.sheet?.send("failed", { message: message || "The payment could not be made." });
    };
    const event = { elementType: this.type, expressPaymentType: this.kind, ...about, paymentFailed: failed };
    this.emit("confirm", event);
  }

  /** Close the sheet: what was approved was used, or came to nothing. */
  finish() {
    this.pending = false;
    this.sheet?.close({ cancelled: false });
  }
}
