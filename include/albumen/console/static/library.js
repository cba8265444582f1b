"use strict";
// A shelf of any length: its height is known from the counts of the months, and only the rows in sight are in the page.

const shelf = document.getElementById("shelf");
const CHUNK = 120, GAP = 4, HEAD = 44, KEPT = 80, BEYOND = 1.0;

if (shelf) {
  const months = JSON.parse(shelf.dataset.months);
  const chunks = new Map();
  const tiles = new Map();
  const heads = new Map();
  let columns = 1, side = 100, isQueued = false;

  const layOut = () => {
    const width = shelf.clientWidth;
    columns = Math.max(3, Math.floor(width / 148));
    side = Math.floor((width - (columns - 1) * GAP) / columns);
    let top = 0;
    for (const month of months) {
      month.top = top;
      month.rows = Math.ceil(month.items / columns);
      top += HEAD + month.rows * (side + GAP) + 8;
    }
    shelf.style.height = `${top}px`;
  };

  // One stretch of a month. It is kept for as long as its links work, and the oldest go first.
  const chunkOf = (month, number) => {
    const name = `${month.month}/${number}`;
    let chunk = chunks.get(name);
    if (chunk && Date.now() - chunk.since > shelf.dataset.linkSeconds * 1000) chunk = undefined;
    if (!chunk) {
      chunk = { since: Date.now(), items: null };
      const query = new URLSearchParams({ library: shelf.dataset.library, month: month.month, first: number * CHUNK, most: CHUNK });
      fetch(`library-items?${query}`)
        .then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(`the page answers ${answer.status}`))))
        .then((items) => { chunk.items = items; queue(); })
        .catch((error) => { chunks.delete(name); told(`Not all pictures are here: ${error.message}`, true); });
    }
    chunks.delete(name);
    chunks.set(name, chunk);
    while (chunks.size > KEPT) chunks.delete(chunks.keys().next().value);
    return chunk;
  };

  const fillTile = (tile, item) => {
    if (tile.dataset.item === String(item.id)) return;
    tile.dataset.item = item.id;
    tile.href = `item?library=${encodeURIComponent(shelf.dataset.library)}&subject=${item.id}`;
    tile.style.backgroundColor = /^#[0-9a-f]{6}$/i.test(item.colour) ? item.colour : "";
    const words = `${item.kind}${item.taken ? ` of ${item.taken}` : ""}`;
    const picture = item.thumb ? new Image() : document.createElement("span");
    if (item.thumb) {
      picture.alt = words;
      picture.decoding = "async";
      picture.src = item.thumb;
    } else {
      picture.className = "unseen";
      picture.textContent = `no picture: ${words}`;
    }
    const parts = [picture];
    if (item.kind === "video") {
      const mark = document.createElement("span");
      mark.className = "clip";
      mark.textContent = "clip";
      parts.push(mark);
    }
    tile.replaceChildren(...parts);
  };

  const place = (name, month, at) => {
    let tile = tiles.get(name);
    if (!tile) {
      tile = document.createElement("a");
      tile.className = "tile";
      tile.style.width = tile.style.height = `${side}px`;
      tile.style.left = `${(at % columns) * (side + GAP)}px`;
      tile.style.top = `${month.top + HEAD + Math.floor(at / columns) * (side + GAP)}px`;
      tiles.set(name, tile);
      shelf.append(tile);
    }
    const chunk = chunkOf(month, Math.floor(at / CHUNK));
    const item = chunk.items && chunk.items[at % CHUNK];
    if (item) fillTile(tile, item);
    else if (chunk.items) tile.hidden = true;
  };

  const draw = () => {
    isQueued = false;
    const from = window.scrollY - shelf.offsetTop - innerHeight * BEYOND;
    const to = window.scrollY - shelf.offsetTop + innerHeight * (1 + BEYOND);
    const wanted = new Set();
    for (const month of months) {
      const end = month.top + HEAD + month.rows * (side + GAP);
      if (end < from || month.top > to) continue;
      const head = heads.get(month.month) || document.createElement("h2");
      head.textContent = month.month
        ? new Date(`${month.month}-15T12:00`).toLocaleDateString("en", { month: "long", year: "numeric" }) : "No date";
      head.style.top = `${month.top}px`;
      if (!heads.has(month.month)) shelf.append(head);
      heads.set(month.month, head);
      const row = Math.max(0, Math.floor((from - month.top - HEAD) / (side + GAP)));
      const last = Math.min(month.rows, Math.ceil((to - month.top - HEAD) / (side + GAP)));
      for (let at = row * columns; at < Math.min(month.items, last * columns); at += 1) {
        const name = `${month.month}/${at}`;
        wanted.add(name);
        place(name, month, at);
      }
    }
    for (const [name, tile] of tiles) {
      if (!wanted.has(name) && tile !== document.activeElement) { tile.remove(); tiles.delete(name); }
    }
    for (const [name, head] of heads) {
      const month = months.find((one) => one.month === name);
      if (month.top > to || month.top + HEAD + month.rows * (side + GAP) < from) { head.remove(); heads.delete(name); }
    }
  };

  const queue = () => {
    if (isQueued) return;
    isQueued = true;
    requestAnimationFrame(draw);
  };

  const goTo = (name) => {
    const month = months.find((one) => one.month === name) || months.find((one) => one.month && one.month < name);
    if (month) window.scrollTo(0, shelf.offsetTop + month.top);
  };

  const redo = () => {
    for (const tile of tiles.values()) tile.remove();
    tiles.clear();
    layOut();
    queue();
  };

  addEventListener("scroll", queue, { passive: true });
  addEventListener("resize", redo);
  document.getElementById("jump").addEventListener("change", (event) => goTo(event.target.value));
  layOut();
  if (shelf.dataset.day) {
    document.getElementById("jump").value = shelf.dataset.day.slice(0, 7);
    goTo(shelf.dataset.day.slice(0, 7));
  }
  queue();
}
