/* Choosing invoices to pay: keeps the sum under the list, opens an amount's field with its tick. Without this script
   the list still posts to the pay page, which shows the same sum. */
"use strict";

(() => {
  const form = document.getElementById("choose");
  if (!form || !document.getElementById("sum")) return;
  const words = JSON.parse(form.dataset.words);
  const counted = (name, number) => words[name].replace("{number}", number);
  const all = document.getElementById("all");
  const go = document.getElementById("go");
  const sum = document.getElementById("sum");
  const chosen = document.getElementById("chosen");
  const rows = [...form.querySelectorAll(".row")].map((row) => ({
    row, tick: row.querySelector("input.tick"), field: row.querySelector(".field"), left: row.querySelector(".row-left"),
  })).filter(({ tick }) => tick);

  function refresh() {
    let minor = 0;
    let number = 0;
    let sound = true;
    const currencies = new Set();
    let digits = 2;
    for (const { row, tick, field } of rows) {
      if (field) field.disabled = !tick.checked;
      if (!tick.checked) continue;
      number += 1;
      currencies.add(row.dataset.currency);
      digits = Number(row.dataset.digits);
      const typed = field ? tieoutMoney.read(field.value, digits) : Number(row.dataset.left);
      const fine = typed !== null && typed > 0 && (!field || typed <= Number(field.dataset.left));
      field?.setAttribute("aria-invalid", String(!fine));
      if (fine) minor += typed;
      else sound = false;
    }
    const mixed = currencies.size > 1;
    sum.textContent = number && !mixed ? tieoutMoney.write(minor, [...currencies][0], digits) : "";
    chosen.textContent = mixed ? words.mixed : number ? counted(number === 1 ? "one" : "many", number) : words.none;
    go.disabled = !number || !sound || mixed;
    go.textContent = number > 1 ? counted("together", number) : words.pay;
    if (!all) return;
    all.checked = number === rows.length;
    all.indeterminate = number > 0 && number < rows.length;
  }

  all?.addEventListener("change", () => { rows.forEach(({ tick }) => { tick.checked = all.checked; }); refresh(); });
  form.addEventListener("input", refresh);
  window.addEventListener("pageshow", refresh);
  refresh();
})();
