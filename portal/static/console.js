/* The console's keys and its panel. Everything here is a link or a form that works without this script:
   / finds, j and k (or the arrows) walk the rows, Enter opens one beside the list, Escape closes it. */
"use strict";

(() => {
  const rows = () => [...document.querySelectorAll("tr[data-href]")];
  const typing = (target) => target.matches("input:not([type=checkbox]), select, textarea");
  let waiting = null;

  /* Shows the panel of another address without leaving the list. */
  async function open(href, push = true) {
    waiting?.abort();
    waiting = new AbortController();
    try {
      const response = await fetch(href, { signal: waiting.signal, headers: { Accept: "text/html" } });
      if (!response.ok || response.redirected) return location.assign(href);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      document.getElementById("panel").replaceWith(page.getElementById("panel"));
      document.querySelector(".desk").className = page.querySelector(".desk").className;
      const now = new URL(href, location.href).searchParams.get("open");
      for (const row of rows()) {
        const mine = new URL(row.dataset.href, location.href).searchParams.get("open");
        row.toggleAttribute("aria-current", Boolean(now) && mine === now);
        if (row.hasAttribute("aria-current")) row.setAttribute("aria-current", "true");
      }
      if (push) history.pushState({ panel: true }, "", href);
    } catch (error) {
      if (error.name !== "AbortError") location.assign(href);
    }
  }

  function walk(way) {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = all[Math.min(Math.max(at + way, 0), all.length - 1)];
    next.querySelector(".row-link").focus();
  }

  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target.closest("a[href]");
    if (link) {
      if (!link.hasAttribute("data-panel")) return;
      event.preventDefault();
      open(link.href);
      return;
    }
    const row = event.target.closest("tr[data-href]");
    if (!row || event.target.closest("button, input, select, label") || String(getSelection())) return;
    if (row.hasAttribute("data-panel")) open(new URL(row.dataset.href, location.href).href);
    else location.assign(row.dataset.href);
  });

  document.addEventListener("keydown", (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.key === "Escape") {
      if (typing(event.target)) return event.target.blur();
      const close = document.querySelector("#panel .close");
      if (close) close.click();
      return;
    }
    if (typing(event.target)) return;
    if (event.key === "/") {
      event.preventDefault();
      const fields = [...document.querySelectorAll("[data-search]")];
      fields[fields.length - 1]?.focus();
    } else if (["j", "ArrowDown"].includes(event.key)) { event.preventDefault(); walk(1); }
    else if (["k", "ArrowUp"].includes(event.key)) { event.preventDefault(); walk(-1); }
  });

  document.addEventListener("change", (event) => { if (event.target.matches("[data-submit]")) event.target.form.requestSubmit(); });
  document.addEventListener("submit", (event) => {
    const button = event.target.querySelector("button:not([type=button])");
    if (button && event.target.method === "post") {
      button.setAttribute("aria-busy", "true");
      if (event.target.dataset.busy) button.textContent = event.target.dataset.busy;
      setTimeout(() => { button.disabled = true; });
    }
  });

  window.addEventListener("popstate", () => open(location.href, false));
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  document.querySelector(".side-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

  const copy = document.querySelector("[data-copy-from]");
  if (copy && navigator.clipboard) {
    const field = document.querySelector("[data-copy]");
    copy.hidden = false;
    copy.addEventListener("click", async () => { await navigator.clipboard.writeText(field.value); copy.textContent = "Copied"; });
  }
})();
