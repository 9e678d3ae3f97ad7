// The frames' end of the messages: one parent, whose origin stands in the address of the frame.
const PARENT = decodeURIComponent(window.location.hash.slice(1));
/** The host name of the page around the frame: wallets show only where it is registered. */
export const HOST = PARENT ? new URL(PARENT).hostname : "";
const commands = {};

/** Teach the frame a command; what it returns is the answer. */
export function teach(name, run) {
  commands[name] = run;
}

/** Tell the parent that something happened. */
export function tell(name, payload) {
  window.parent.postMessage({ sbx: 1, name, payload }, PARENT);
}

/** Begin to listen, and say hello. */
export function listen() {
  window.addEventListener("message", async (event) => {
    if (event.origin !== PARENT || event.source !== window.parent || event.data?.sbx !== 1) return;
    const { id, name, payload } = event.data;
    const answer = await commands[name]?.(payload, event.ports);
    window.parent.postMessage({ sbx: 1, id, payload: answer }, PARENT);
  });
  window.addEventListener("focus", () => tell("focus", {}));
  window.addEventListener("blur", () => tell("blur", {}));
  tell("hello");
}

function pairs(value, name, into) {
  if (value === undefined || value === null) return into;
  if (Array.isArray(value)) value.forEach((one, index) => pairs(one, `${name}[${index}]`, into));
  else if (typeof value === "object") {
    for (const [key, one] of Object.entries(value)) pairs(one, name ? `${name}[${key}]` : key, into);
  } else into.append(name, String(value));
  return into;
}

/** Ask the API of this origin; resolves to `{body}` or `{error}`. */
export async function ask(keys, method, path, params) {
  const fields = pairs({ ...params, key: keys.publishable, _stripe_account: keys.account }, "", new URLSearchParams());
  try {
    const answer =
      method === "GET" ? await fetch(`${path}?${fields}`) : await fetch(path, { method, body: fields });
    const body = await answer.json();
    return body.error ? { error: body.error } : { body };
  } catch {
    return {
      error: {
        type: "api_connection_error",
        message:
          "The payment service could not be reached. You have not been charged. Check your connection and try again.",
      },
    };
  }
}
