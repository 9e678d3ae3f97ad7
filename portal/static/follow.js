/* A status that follows by itself, until nothing is left to wait for. It listens to the server while there is room for
   one more listener, and asks a little less often each time where there is none. Without this script the page reloads. */
"use strict";

(() => {
  const story = document.getElementById("story");
  const present = () => story.firstElementChild;
  let pause = 1000;

  async function refresh() {
    const now = present();
    const response = await fetch(`${story.dataset.follow}?seen=${encodeURIComponent(now.dataset.version)}`, { headers: { Accept: "text/html" } });
    if (response.status === 200) {
      story.innerHTML = await response.text();
      pause = 1000;
    }
    return response.status;
  }

  function listen() {
    if (!present()?.dataset.waits) return;
    const stream = new EventSource(`${story.dataset.listen}?seen=${encodeURIComponent(present().dataset.version)}`);
    const then = (next) => () => { stream.close(); next(); };
    stream.addEventListener("changed", then(() => refresh().then(listen, ask)));
    stream.addEventListener("over", then(ask));
    stream.addEventListener("error", then(ask));
  }

  async function look() {
    if (!present()?.dataset.waits) return;
    try {
      if (await refresh() >= 400) pause = Math.max(pause, 10000);
    } catch { pause = Math.max(pause, 5000); }
    pause = Math.min(pause * 1.25, 15000);
    ask();
  }
  function ask() { setTimeout(look, document.hidden ? 15000 : pause); }

  setTimeout(listen, 400);
})();
