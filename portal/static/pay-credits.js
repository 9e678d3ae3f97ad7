/* The credits of the pay page: which are ticked, and what they pay of their own customer's invoices, in their order. */
"use strict";

const tieoutCredits = (form, words, basket) => {
  const money = (minor) => tieoutMoney.write(minor, form.dataset.currency, Number(form.dataset.digits));
  const credits = [...form.querySelectorAll("[data-credit]")].map((item) => ({
    item,
    name: item.dataset.credit,
    customer: item.dataset.customer,
    field: item.querySelector("input"),
    shown: item.querySelector(".basket-left"),
    rest: item.querySelector(".basket-rest"),
    used: item.querySelector(".credit-used"),
  }));
  const left = (credit) => Number(credit.item.dataset.left);

  function uses(needs = basket.needs()) {
    return credits.map((credit) => {
      const minor = credit.field.checked ? Math.min(left(credit), needs[credit.customer] || 0) : 0;
      needs[credit.customer] -= minor;
      return { credit, minor };
    });
  }

  return {
    /* What is left to pay in money for each customer. */
    rest() {
      const needs = basket.needs();
      uses(needs);
      return Object.values(needs);
    },
    used: () => uses().filter((use) => use.minor).map((use) => ({ credit: use.credit.name, minor: use.minor })),
    show() {
      for (const { credit, minor } of uses()) {
        credit.used.textContent = minor ? money(-minor) : "";
        const said = words.used.replace("{amount}", () => money(minor)).replace("{rest}", () => money(left(credit) - minor));
        credit.rest.textContent = minor ? said : "";
      }
    },
    lock(now) { credits.forEach((credit) => { credit.field.disabled = now; }); },
    follow(answer) {
      for (const credit of credits) {
        const now = answer.credits?.[credit.name];
        if (!now) continue;
        credit.item.dataset.left = now.minor;
        credit.shown.textContent = words.open.replace("{amount}", () => now.text);
      }
    },
  };
};
