/* Choosing invoices to pay: keeps the sum under the list, opens an amount's field with its tick, and writes what is
   chosen into the address, where the way back finds it. Without this script every button of the list's form takes the
   choice along, and the pay page shows the same sum. */
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
  const rows = [...form.querySelectorAll(".row, tr[data-left]")].map((row) => ({
    row, tick: row.querySelector("input.tick"), field: row.querySelector(".field"),
  })).filter(({ tick }) => tick);
  // Chosen on another page of the list: they count, and cannot be taken back here.
  const elsewhere = [...form.querySelectorAll("input[type=hidden][data-left]")].map((row) => (
    { row, tick: { checked: true, value: row.value }, field: null }));

  function remember() {
    const asked = new URLSearchParams(window.location.search);
    asked.delete("i");
    for (const { tick } of [...elsewhere, ...rows]) if (tick.checked) asked.append("i", tick.value);
    const said = asked.toString();
    window.history.replaceState(null, "", said ? `?${said}` : window.location.pathname);
  }

  function refresh() {
    let minor = 0;
    let number = 0;
    let sound = true;
    const currencies = new Set();
    let digits = 2;
    for (const { row, tick, field } of [...elsewhere, ...rows]) {
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
    all.checked = rows.every(({ tick }) => tick.checked);
    all.indeterminate = !all.checked && rows.some(({ tick }) => tick.checked);
  }

  all?.addEventListener("change", () => { rows.forEach(({ tick }) => { tick.checked = all.checked; }); refresh(); });
  form.addEventListener("input", refresh);
  form.addEventListener("change", remember);
  window.addEventListener("pageshow", refresh);
  refresh();
})();
