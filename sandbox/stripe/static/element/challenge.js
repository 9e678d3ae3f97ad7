// The bank's page inside the overlay of the host page: says hello when it opens, and is done when it was answered.
const parent = new URLSearchParams(window.location.search).get("parent");

if (window.parent !== window && parent) {
  const finished = document.querySelector("[data-finished]").dataset.finished === "yes";
  window.parent.postMessage({ sbx: 1, name: finished ? "done" : "hello", payload: {} }, parent);
}
document.querySelector("button")?.focus();
