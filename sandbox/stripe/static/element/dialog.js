// What every dialog in the overlay needs.

/** Keep the focus inside the dialog while Tab is pressed. */
export function hold(event) {
  const all = [...document.querySelectorAll("button, input, select")].filter((node) => node.offsetParent !== null && !node.disabled);
  const [first, last] = [all[0], all[all.length - 1]];
  const leaving = event.shiftKey ? document.activeElement === first : document.activeElement === last;
  if (!leaving) return;
  event.preventDefault();
  (event.shiftKey ? last : first).focus();
}
