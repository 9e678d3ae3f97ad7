/* What the way to pay costs or saves, where the company asks for a surcharge on credit cards or grants a discount for bank
   accounts. The server decides, from what Stripe says of the method; this shows at once what is known already. */
"use strict";

const tieoutMethod = (form, words) => {
  const rates = { surcharge: Number(form.dataset.surcharge || 0), bank: Number(form.dataset.bankDiscount || 0) };
  const line = document.getElementById("method-cost");
  const money = (minor) => tieoutMoney.write(minor, form.dataset.currency, Number(form.dataset.digits));
  let entered = ""; /* of Stripe's form, as far as it says */
  let type = "";
  let told = null; /* the server's word on this method and these amounts: { total, cost } */

  const kept = () => form.querySelector(".kept input:checked") || { value: "", dataset: {} };

  /* What the method at hand adds to the total; a card in Stripe's form adds what the server said, nothing before that. */
  function cost(rests) {
    const rest = rests.reduce((one, other) => one + other, 0);
    const { kind, funding } = kept().value ? kept().dataset : { kind: type, funding: "" };
    if (kind === "us_bank_account") return -rests.reduce((off, minor) => off + discount(minor), 0);
    return kind === "card" && funding === "credit" ? Math.floor((rest * rates.surcharge) / 10000) : 0;
  }
  function discount(minor) {
    const off = Math.floor((minor * rates.bank + 5000) / 10000);
    return off > 0 && off < minor ? off : 0;
  }

  return {
    kept: () => kept().value,
    forget() { told = null; },
    /* Tell whether something else was entered into Stripe's form than before. */
    isOther(now, nowType) {
      if (now === entered) return false;
      [entered, type, told] = [now, nowType, null];
      return true;
    },
    total: (base, rests) => told?.total ?? base + (base > 0 ? cost(rests) : 0),
    show(base, rests) {
      const minor = base > 0 ? told?.cost ?? cost(rests) : 0;
      if (!line) return;
      line.classList.toggle("good", minor < 0);
      line.firstElementChild.textContent = minor ? (minor > 0 ? words.surcharge : words.bank_discount) : "";
      line.lastElementChild.textContent = minor ? money(minor) : "";
    },
    follow(answer) {
      if (answer.reason === "by_method") told = { total: answer.total.minor, cost: answer.cost.minor };
      else told = null;
    },
    /* Return what the server is told of the method, or Stripe's complaint; nothing where no cost hangs on it. What is
       entered is asked for anew with each press: another card may stand there now. */
    async chosen(stripe, elements, { isWallet }) {
      if (!rates.surcharge && !rates.bank) return {};
      if (!isWallet && kept().value) return { method: { kept: kept().value } };
      const made = await stripe.createConfirmationToken({ elements, params: { return_url: location.href } });
      return made.error ? made : { method: { token: made.confirmationToken.id } };
    },
  };
};
