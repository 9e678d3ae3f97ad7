// Full-screen steps: the bank's 3-D Secure page, the choice of a bank account, the sheet of a wallet.

/** Cover the page with a frame; `opened` gets the frame, the returned promise what the frame says when done. */
function overlay(path, title, opened) {
  return new Promise((resolve) => {
    const frame = new Frame(path, title);
    const before = document.activeElement;
    const held = document.documentElement.style.overflow;
    Object.assign(frame.node.style, {
      position: "fixed",
      inset: "0",
      width: "100%",
      height: "100%",
      border: "0",
      margin: "0",
      zIndex: "2147483647",
      background: "transparent",
      colorScheme: "light dark",
    });
    const close = (result) => {
      if (!frame.node.isConnected) return;
      document.documentElement.style.overflow = held;
      frame.remove();
      before?.focus?.();
      resolve(result);
    };
    frame.on("done", close);
    frame.close = close;
    document.documentElement.style.overflow = "hidden";
    document.body.append(frame.node);
    frame.hello.then(() => frame.node.focus());
    opened?.(frame);
  });
}

/** Let the payer pass the bank's page of an intent. */
function challenge(action) {
  const url = new URL(action.use_stripe_sdk.stripe_js);
  return overlay(`${url.pathname}?parent=${encodeURIComponent(window.location.origin)}`, "Confirm the payment with your bank");
}

/** Open the choice of a bank account, wired straight to the element's frame: what is typed there is not seen here. */
function chooseBank(element) {
  const channel = new MessageChannel();
  element.send("bank", null, [channel.port1]);
  return overlay("/elements-inner-bank.html", "Connect a bank account", (frame) =>
    frame.send("bank", null, [channel.port2]),
  );
}

/** Open the choice of a bank account for an intent: what is chosen is attached to it by the overlay itself. */
function collectBank(keys, given) {
  return overlay("/elements-inner-bank.html", "Connect a bank account", (frame) => frame.send("collect", { keys, ...given }));
}
