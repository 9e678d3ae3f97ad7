/* Amounts in the browser: read as the server reads them, written as it writes them. The server decides; this only
   keeps the page's own sums right while somebody types. */
"use strict";

const tieoutMoney = {
  /* Minor units of a typed amount, or null where it cannot be read to the smallest unit. */
  read(text, digits) {
    const typed = text.replace(/\s/g, "").replace(/^\$/, "");
    const match = /^(\d+|\d{1,3}(?:,\d{3})+)?(?:\.(\d*))?$/.exec(typed);
    if (!match || (!match[1] && !match[2]) || (match[2] || "").length > digits) return null;
    const minor = Number((match[1] || "0").replace(/,/g, "") + (match[2] || "").padEnd(digits, "0"));
    return Number.isSafeInteger(minor) ? minor : null;
  },
  write(minor, currency, digits) {
    return new Intl.NumberFormat("en-US", { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits })
      .format(minor / 10 ** digits).replace("-", "\u2212");
  },
};
