"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const night = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : night.matches);
  const name = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`); };
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  night.addEventListener("change", name);
  button.hidden = false;
  name();

  const large = document.getElementById("large");
  document.querySelectorAll("button.frame").forEach((frame) => frame.addEventListener("click", () => {
    const copy = document.createElement("div");
    copy.className = "frame";
    frame.childNodes.forEach((node) => copy.append(node.cloneNode(true)));
    large.querySelector("div").replaceWith(copy);
    large.querySelector(".told").textContent = frame.parentElement.querySelector("figcaption").textContent.trim();
    large.showModal();
  }));
  large.querySelector("button").addEventListener("click", () => large.close());
  large.addEventListener("click", (event) => { if (event.target === large) large.close(); });

  const menu = document.querySelector(".menu");
  addEventListener("click", (event) => { if (event.target.closest(".menu a") || !event.target.closest(".menu")) menu.open = false; });
  addEventListener("keydown", (event) => { if (event.key === "Escape") menu.open = false; });

  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => target.classList.toggle("cut", target.scrollWidth > target.clientWidth + 1)));
  document.querySelectorAll(".scroll").forEach((box) => sizes.observe(box));

  const links = new Map([...document.querySelectorAll(".page nav li a")].map((a) => [a.hash.slice(1), a]));
  const watch = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (!entry.isIntersecting) return;
    links.forEach((a) => a.classList.remove("here"));
    links.get(entry.target.id)?.classList.add("here");
  }), { rootMargin: "-15% 0px -75% 0px" });
  document.querySelectorAll("section").forEach((section) => watch.observe(section));

  let opened = [];
  addEventListener("beforeprint", () => { opened = [...document.querySelectorAll("details:not([open])")]; opened.forEach((d) => { d.open = true; }); });
  addEventListener("afterprint", () => { opened.forEach((d) => { d.open = false; }); });
})();
