(() => {
  document.querySelectorAll(".player").forEach((player) => {
    // On a page with several films each brings this script along.
    if (player.dataset.ready) return;
    player.dataset.ready = "yes";
    const frames = [...player.querySelectorAll(".screen img")];
    const range = player.querySelector("input");
    const play = player.querySelector("[data-do=play]");
    const now = player.querySelector(".now");
    const last = frames.length - 1;
    let timer = 0;
    const show = (i) => {
      frames.forEach((frame, j) => { frame.hidden = i !== j; });
      now.textContent = frames[i].alt;
      range.setAttribute("aria-valuetext", frames[i].alt);
      range.value = i;
    };
    const stop = () => { clearInterval(timer); timer = 0; play.textContent = "Play"; };
    const step = (by) => { stop(); show(Math.min(last, Math.max(0, Number(range.value) + by))); };
    const start = () => {
      if (Number(range.value) === last) show(0);
      play.textContent = "Stop";
      timer = setInterval(() => {
        if (Number(range.value) < last) show(Number(range.value) + 1); else stop();
      }, 1000 * Number(player.dataset.seconds));
    };
    play.addEventListener("click", () => { if (timer) stop(); else start(); });
    player.querySelector("[data-do=back]").addEventListener("click", () => step(-1));
    player.querySelector("[data-do=on]").addEventListener("click", () => step(1));
    range.addEventListener("input", () => { stop(); show(Number(range.value)); });
    show(Number(range.defaultValue));
    player.querySelector(".controls").hidden = last === 0;
  });
})();
