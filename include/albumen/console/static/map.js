"use strict";
// A map in Mercator's projection: towns as lights on a canvas, photos as buttons above it.

const frame = document.getElementById("map");
const FARTHEST = 83, CLOSEST = 40000, CELLS = 14;

if (frame) {
  const canvas = frame.querySelector("canvas");
  const panel = document.getElementById("map-days");
  const view = { lon: 10, lat: 30, scale: 3 };
  let lights = [], asked = 0, timer = 0, pointers = new Map();

  const mercator = (lat) => (180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (Math.max(-FARTHEST, Math.min(FARTHEST, lat)) * Math.PI) / 360));
  const latitude = (y) => (360 / Math.PI) * Math.atan(Math.exp((y * Math.PI) / 180)) - 90;
  const across = (lon) => frame.clientWidth / 2 + (lon - view.lon) * view.scale;
  const down = (lat) => frame.clientHeight / 2 - (mercator(lat) - mercator(view.lat)) * view.scale;

  const area = () => {
    const wide = frame.clientWidth / 2 / view.scale, high = frame.clientHeight / 2 / view.scale, middle = mercator(view.lat);
    return {
      west: Math.max(-180, view.lon - wide).toFixed(4), east: Math.min(180, view.lon + wide).toFixed(4),
      south: latitude(middle - high).toFixed(4), north: latitude(middle + high).toFixed(4),
    };
  };
  // Cells of a power of two, so that clusters stay where they are while the map is moved.
  const cell = () => 2 ** Math.round(Math.log2(frame.clientWidth / view.scale / CELLS));

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const draw = () => {
    const dense = devicePixelRatio || 1, width = frame.clientWidth, height = frame.clientHeight;
    canvas.width = width * dense;
    canvas.height = height * dense;
    const pen = canvas.getContext("2d");
    pen.scale(dense, dense);
    pen.strokeStyle = colour("--line");
    pen.lineWidth = 1;
    const step = [30, 10, 5, 1, 0.5, 0.1, 0.02].find((one) => one * view.scale < width / 3) || 0.01;
    const { west, east, south, north } = area();
    pen.beginPath();
    for (let lon = Math.ceil(west / step) * step; lon <= east; lon += step) { pen.moveTo(across(lon), 0); pen.lineTo(across(lon), height); }
    for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) { pen.moveTo(0, down(lat)); pen.lineTo(width, down(lat)); }
    pen.stroke();
    pen.fillStyle = colour("--soft");
    lights.forEach(([, lat, lon], rank) => {
      const size = rank < 60 ? 2.2 : rank < 600 ? 1.5 : 1;
      pen.globalAlpha = rank < 600 ? 0.8 : 0.45;
      pen.fillRect(across(lon) - size / 2, down(lat) - size / 2, size, size);
    });
    pen.globalAlpha = 1;
    pen.font = "12px system-ui, sans-serif";
    const taken = [];
    for (const [name, lat, lon] of lights.slice(0, 120)) {
      const x = across(lon) + 5, y = down(lat) + 4, wide = pen.measureText(name).width;
      if (taken.some((box) => x < box[0] + box[2] + 12 && x + wide + 12 > box[0] && Math.abs(y - box[1]) < 18)) continue;
      taken.push([x, y, wide]);
      pen.fillText(name, x, y);
      if (taken.length > 24) break;
    }
    for (const button of frame.querySelectorAll(".cluster")) {
      button.style.left = `${across(button.dataset.lon)}px`;
      button.style.top = `${down(button.dataset.lat)}px`;
    }
  };

  const showDays = async (place) => {
    const query = new URLSearchParams({ library: frame.dataset.library, lat: place.lat, lon: place.lon, size: place.size });
    const answer = await fetch(`map-days?${query}`);
    if (!answer.ok) return;
    const days = await answer.json();
    panel.hidden = false;
    panel.querySelector("h2").textContent = `${place.photos.toLocaleString("en")} photos on ${place.days} day${place.days === 1 ? "" : "s"}`;
    panel.querySelector("ul").replaceChildren(...days.map((one) => {
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = `library?library=${encodeURIComponent(frame.dataset.library)}&day=${one.day}`;
      link.textContent = `${one.day} (${one.photos})`;
      item.append(link);
      return item;
    }));
  };

  const zoom = (factor, x = frame.clientWidth / 2, y = frame.clientHeight / 2) => {
    const lon = view.lon + (x - frame.clientWidth / 2) / view.scale;
    const up = mercator(view.lat) - (y - frame.clientHeight / 2) / view.scale;
    view.scale = Math.max(frame.clientWidth / 360, Math.min(CLOSEST, view.scale * factor));
    view.lon = lon - (x - frame.clientWidth / 2) / view.scale;
    view.lat = latitude(up + (y - frame.clientHeight / 2) / view.scale);
    changed();
  };

  const put = (found, size) => {
    for (const button of frame.querySelectorAll(".cluster")) button.remove();
    for (const one of found.reverse()) {
      const button = document.createElement("button");
      const side = Math.round(24 + 6 * Math.log10(one.photos + 1));
      button.className = "cluster";
      button.textContent = one.photos < 1000 ? one.photos : `${Math.round(one.photos / 1000)}k`;
      button.setAttribute("aria-label", `${one.photos} photos on ${one.days} days, at ${one.lat.toFixed(2)}, ${one.lon.toFixed(2)}`);
      button.style.width = button.style.height = `${side}px`;
      Object.assign(button.dataset, { lat: one.lat, lon: one.lon });
      button.addEventListener("click", () => {
        showDays({ ...one, size });
        Object.assign(view, { lat: one.lat, lon: one.lon });
        zoom(4);
      });
      frame.append(button);
    }
    draw();
  };

  const load = async () => {
    const mine = ++asked, size = cell(), query = new URLSearchParams({ ...area(), library: frame.dataset.library, size });
    try {
      const answers = await Promise.all([fetch(`map-clusters?${query}`), fetch(`map-towns?${new URLSearchParams(area())}`)]);
      if (!answers.every((answer) => answer.ok)) throw new Error(`the page answers ${answers.map((one) => one.status).join(", ")}`);
      const [found, towns] = await Promise.all(answers.map((answer) => answer.json()));
      if (mine !== asked) return;
      lights = towns;
      put(found, size);
    } catch (error) {
      told(`The map is not up to date: ${error.message}`, true);
    }
  };

  const changed = () => {
    view.lon = Math.max(-180, Math.min(180, view.lon));
    view.lat = Math.max(-FARTHEST, Math.min(FARTHEST, view.lat));
    draw();
    clearTimeout(timer);
    timer = setTimeout(load, 120);
  };

  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); pointers.set(event.pointerId, event); });
  canvas.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const apart = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) || 1;
      zoom(apart(event) / apart(before));
    } else {
      view.lon -= (event.clientX - before.clientX) / view.scale;
      view.lat = latitude(mercator(view.lat) + (event.clientY - before.clientY) / view.scale);
      changed();
    }
    pointers.set(event.pointerId, event);
  });
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => pointers.delete(event.pointerId));
  frame.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = frame.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  frame.addEventListener("click", (event) => { if (event.target.dataset.zoom) zoom(Number(event.target.dataset.zoom)); });
  addEventListener("resize", changed);

  // Begins where the photos are.
  const begin = async () => {
    const answer = await fetch(`map-clusters?${new URLSearchParams({ library: frame.dataset.library, size: 1 })}`).catch(() => null);
    const found = answer && answer.ok ? await answer.json() : [];
    if (found.length) {
      const lons = found.map((one) => one.lon), heights = found.map((one) => mercator(one.lat));
      const span = (values) => Math.max(...values) - Math.min(...values);
      const middle = (values) => (Math.max(...values) + Math.min(...values)) / 2;
      view.lon = middle(lons);
      view.lat = latitude(middle(heights));
      view.scale = 0.8 * Math.min(frame.clientWidth / Math.max(span(lons), 0.5), frame.clientHeight / Math.max(span(heights), 0.5));
    }
    zoom(1);
  };
  begin();
}
