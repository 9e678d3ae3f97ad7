// Requests to the stand-in and messages to its frames. Law: only the stand-in's own origin is believed, and card data
// never passes through here.
const ORIGIN = new URL(document.currentScript.src).origin;
const VERSION = "2026-10-28.endive";

class IntegrationError extends Error {
  constructor(message) {
    super(message);
    this.name = "IntegrationError";
  }
}

/** Flatten nested values into the bracket notation of the API. */
function pairs(value, name, into) {
  if (value === undefined || value === null) return into;
  if (Array.isArray(value)) value.forEach((one, index) => pairs(one, `${name}[${index}]`, into));
  else if (typeof value === "object") {
    for (const [key, one] of Object.entries(value)) pairs(one, name ? `${name}[${key}]` : key, into);
  } else into.append(name, String(value));
  return into;
}

const OFFLINE = {
  type: "api_connection_error",
  message: "The payment service could not be reached. You have not been charged. Check your connection and try again.",
};

/** Ask the API with the publishable key; resolves to `{body}` or `{error}`, never rejects. */
async function ask(keys, method, path, params) {
  const fields = pairs({ ...params, key: keys.publishable, _stripe_account: keys.account }, "", new URLSearchParams());
  try {
    const answer =
      method === "GET"
        ? await fetch(`${ORIGIN}${path}?${fields}`)
        : await fetch(`${ORIGIN}${path}`, { method, body: fields });
    const body = await answer.json();
    return body.error ? { error: body.error } : { body };
  } catch {
    return { error: OFFLINE };
  }
}

/** An iframe of the stand-in's origin: commands go in, answers and events come out. */
class Frame {
  constructor(path, title) {
    this.node = document.createElement("iframe");
    this.node.title = title;
    this.node.name = `__privateStripeFrame${Frame.count++}`;
    this.node.allow = "payment *";
    this.node.src = `${ORIGIN}${path}#${encodeURIComponent(window.location.origin)}`;
    this.hooks = {};
    this.waiting = new Map();
    this.next = 1;
    this.hello = new Promise((resolve) => {
      this.hooks.hello = resolve;
    });
    this.listener = (event) => this.hear(event);
    window.addEventListener("message", this.listener);
  }

  hear(event) {
    if (event.origin !== ORIGIN || event.source !== this.node.contentWindow) return;
    const { sbx, id, name, payload } = event.data || {};
    if (sbx !== 1) return;
    if (id !== undefined) {
      this.waiting.get(id)?.(payload);
      this.waiting.delete(id);
    } else this.hooks[name]?.(payload);
  }

  on(name, hook) {
    this.hooks[name] = hook;
  }

  /** Send a command once the frame has said hello; resolves to its answer. */
  async send(name, payload, ports = []) {
    await this.hello;
    const id = this.next++;
    const answer = new Promise((resolve) => this.waiting.set(id, resolve));
    this.node.contentWindow?.postMessage({ sbx: 1, id, name, payload }, ORIGIN, ports);
    return answer;
  }

  remove() {
    window.removeEventListener("message", this.listener);
    this.node.remove();
  }
}
Frame.count = 1;
