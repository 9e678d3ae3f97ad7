/* Amounts in the browser: read as the server reads them, written as it writes them, in the page's own language. The
   server decides; this only keeps the page's own sums right while somebody types. */
"use strict";

const tieoutMoney = {
  locale: document.documentElement.lang,
  /* What stands between a figure's groups and before its part: a comma and a point, a point and a comma. */
  signs(locale) {
    const parts = new Intl.NumberFormat(locale).formatToParts(1234567.5);
    return ["group", "decimal"].map((type) => parts.find((part) => part.type === type)?.value.trim() || "");
  },
  /* Minor units of a typed amount, or null where it cannot be read to the smallest unit. A plain figure with a point
     is read in every language, as long as it cannot mean anything else there. */
  read(text, digits) {
    const typed = text.replace(/\s/g, "").replace(/^\$|\$$/, "");
    const [group, decimal] = this.signs(this.locale);
    const ways = [this.minor(typed, group, decimal, digits), this.minor(typed, "", ".", digits)];
    const found = [...new Set(ways.filter((minor) => minor !== null))];
    return found.length === 1 ? found[0] : null;
  },
  minor(typed, group, decimal, digits) {
    const cut = typed.split(decimal);
    const [whole, part = ""] = cut;
    const grouped = group ? new RegExp(`^(\\d+|\\d{1,3}(?:\\${group}\\d{3})+)$`) : /^\d+$/;
    if (cut.length > 2 || !(whole || part) || (whole && !grouped.test(whole)) || !/^\d*$/.test(part) || part.length > digits) return null;
    const minor = Number((whole || "0").split(group || "\0").join("") + part.padEnd(digits, "0"));
    return Number.isSafeInteger(minor) ? minor : null;
  },
  write(minor, currency, digits) {
    return this.format(minor, digits, { style: "currency", currency });
  },
  figure(minor, digits) {
    return this.format(minor, digits, {});
  },
  format(minor, digits, more) {
    return new Intl.NumberFormat(this.locale, { ...more, minimumFractionDigits: digits, maximumFractionDigits: digits })
      .format(minor / 10 ** digits).replace("-", "\u2212");
  },
};
