/* What the pay page says to the payer above its button: one note at a time, with its ways on. */
"use strict";

const tieoutSaid = (words) => {
  const said = document.getElementById("said");
  const made = (name, text) => Object.assign(document.createElement(name), { textContent: text });

  function say(kind, title, text, links = [], name = words.earlier) {
    const note = document.createElement("div");
    note.className = `note ${kind}`;
    const box = document.createElement("div");
    box.append(made("h3", title));
    if (text) box.append(made("p", text));
    for (const href of links) box.append(Object.assign(made("a", name), { href }));
    note.append(box);
    said.replaceChildren(note);
  }

  /* The server's words for why nothing was started. */
  function refused(answer) {
    const known = ["under_way", "not_payable", "above_balance", "last_known", "credit", "by_method"].includes(answer.reason);
    const title = (known && words[answer.reason]) || answer.title || words.not_started;
    const [links, name] = answer.sign_in ? [[answer.sign_in], words.sign_in] : [answer.under_way || [], words.earlier];
    say(answer.reason ? "wait" : "bad", title, answer.text || words.in_a_minute, links, name);
  }

  return { say, refused, clear: () => said.replaceChildren() };
};
