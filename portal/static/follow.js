/* A status that follows by itself: asks for the part that changes, a little less often each time, until nothing is
   left to wait for. Without this script the page reloads itself. */
"use strict";

(() => {
  const story = document.getElementById("story");
  let pause = 1000;

  async function look() {
    const now = story.firstElementChild;
    if (!now?.dataset.waits) return;
    try {
      const response = await fetch(`${story.dataset.follow}?seen=${encodeURIComponent(now.dataset.version)}`, { headers: { Accept: "text/html" } });
      if (response.status === 200) {
        story.innerHTML = await response.text();
        pause = 1000;
      }
      if (response.status >= 400) pause = Math.max(pause, 10000);
    } catch { pause = Math.max(pause, 5000); }
    pause = Math.min(pause * 1.25, 15000);
    setTimeout(look, document.hidden ? 15000 : pause);
  }
  setTimeout(look, 400);
})();
