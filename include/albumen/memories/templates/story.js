"use strict";
(() => {
  const viewer = document.querySelector(".viewer");
  const figures = [...document.querySelectorAll("figure")].filter((figure) => figure.querySelector("img"));
  if (!viewer || !viewer.showModal || figures.length === 0) return;
  const part = (name) => viewer.querySelector(name);
  const [image, when, why, pause, whyButton] = [".stage img", ".viewer-when", ".viewer-why", ".pause", ".why-button"].map(part);
  const moving = part(".stage video");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const seconds = 5;
  let current = 0;
  let playing = false;
  let filling = null;

  const marks = figures.map(() => {
    const mark = document.createElement("li");
    mark.append(document.createElement("i"));
    part(".progress").append(mark);
    return mark;
  });

  function words(figure) {
    const chapter = figure.closest(".chapter");
    const day = chapter.querySelector(".chapter-words time");
    const place = figure.querySelector(".place") || chapter.querySelector(".chapter-words bdi");
    const time = figure.querySelector(".when time");
    const date = day ? `${day.textContent} ${chapter.querySelector("h2").textContent}` : "";
    return [date, time && time.textContent, place && place.textContent].filter(Boolean).join(", ");
  }

  function setPlaying(on) {
    playing = on;
    pause.setAttribute("aria-pressed", String(on));
    pause.setAttribute("aria-label", on ? viewer.dataset.pause : viewer.dataset.play);
    if (filling) filling.cancel();
    filling = null;
    marks.forEach((mark, index) => mark.classList.toggle("past", index < current || (index === current && !on)));
    if (!on) return;
    filling = marks[current].firstChild.animate([{ transform: "scaleX(0)" }, { transform: "scaleX(1)" }], { duration: seconds * 1000, fill: "forwards" });
    filling.onfinish = () => (current + 1 < figures.length ? show(current + 1) : setPlaying(false));
  }

  function show(index) {
    if (index < 0 || index >= figures.length) return;
    current = index;
    const source = figures[index].querySelector("img");
    image.src = source.src;
    image.alt = source.alt;
    const clip = figures[index].querySelector(".clip");
    moving.hidden = !clip;
    moving.controls = still.matches;
    if (!clip) moving.removeAttribute("src");
    else moving.src = clip.src;
    if (clip && !still.matches) moving.play().catch(() => { moving.hidden = true; });
    when.textContent = words(figures[index]);
    why.textContent = figures[index].querySelector(".why").textContent;
    part(".previous").disabled = index === 0;
    part(".next").disabled = index === figures.length - 1;
    if (!still.matches) {
      image.getAnimations().forEach((animation) => animation.cancel());
      image.animate([{ opacity: 0 }, { opacity: 1 }], { duration: 450, easing: "ease-out" });
      if (playing) image.animate([{ transform: "none" }, { transform: "scale(1.03)" }], { duration: seconds * 1000 + 500, fill: "forwards" });
    }
    setPlaying(playing);
  }

  function open(index, play) {
    viewer.showModal();
    document.documentElement.style.overflow = "hidden";
    playing = play && !still.matches;
    show(index);
  }

  function step(by) {
    show(current + by);
  }

  figures.forEach((figure, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "open";
    button.setAttribute("aria-label", `${viewer.dataset.open}: ${index + 1} / ${figures.length}`);
    button.addEventListener("click", () => open(index, false));
    figure.querySelector(".frame").append(button);
  });

  const seen = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    if (!isIntersecting || still.matches) target.pause();
    else target.play().then(() => target.classList.add("plays"), () => {});
  }), { threshold: 0.5 });
  document.querySelectorAll(".clip").forEach((clip) => seen.observe(clip));

  const play = document.querySelector("[data-play]");
  play.hidden = false;
  play.addEventListener("click", () => open(0, true));

  viewer.addEventListener("close", () => {
    setPlaying(false);
    moving.pause();
    document.documentElement.style.overflow = "";
    const button = figures[current].querySelector(".open");
    button.focus({ preventScroll: true });
    figures[current].scrollIntoView({ block: "center", behavior: "instant" });
  });
  part(".close").addEventListener("click", () => viewer.close());
  part(".previous").addEventListener("click", () => step(-1));
  part(".next").addEventListener("click", () => step(1));
  pause.addEventListener("click", () => setPlaying(!playing));
  whyButton.addEventListener("click", () => {
    why.hidden = !why.hidden;
    whyButton.setAttribute("aria-expanded", String(!why.hidden));
    if (!why.hidden) setPlaying(false);
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowRight") step(1);
    else if (event.key === "ArrowLeft") step(-1);
    else if (event.key === " " && !event.target.closest("button")) setPlaying(!playing);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(figures.length - 1);
    else return;
    event.preventDefault();
  });

  let touch = null;
  viewer.addEventListener("touchstart", (event) => {
    touch = event.touches.length === 1 ? event.touches[0] : null;
  }, { passive: true });
  viewer.addEventListener("touchend", (event) => {
    if (!touch || (window.visualViewport && visualViewport.scale > 1.05)) return;
    const x = event.changedTouches[0].clientX - touch.clientX;
    const y = event.changedTouches[0].clientY - touch.clientY;
    touch = null;
    if (Math.abs(x) > 45 && Math.abs(x) > 1.5 * Math.abs(y)) step(x < 0 ? 1 : -1);
    else if (y > 90 && y > 1.5 * Math.abs(x)) viewer.close();
  }, { passive: true });
})();
