"use strict";
// Actions, choosing rows, live parts. Whatever comes from the catalog is set as text, never as markup.

const told = (words, isBad = false) => {
  const line = document.getElementById("told");
  line.textContent = words;
  line.classList.toggle("bad", isBad);
};

const post = async (address, body) => {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Albumen-Action": "1" },
    body: JSON.stringify(body),
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.detail || `refused (${answer.status})`);
  return said;
};

// Asks before every action; resolves to null, or to what was typed.
const confirmed = (button) => new Promise((resolve) => {
  const dialog = document.getElementById("confirm");
  const field = document.getElementById("confirm-field");
  const input = field.querySelector("input");
  document.getElementById("confirm-title").textContent = button.dataset.title;
  document.getElementById("confirm-words").textContent = button.dataset.words || "";
  field.hidden = !button.dataset.asks;
  field.querySelector("span").textContent = button.dataset.asksLabel || "";
  input.value = "";
  dialog.returnValue = "no";
  dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? input.value : null), { once: true });
  dialog.showModal();
});

const pairs = () => [...document.querySelectorAll("[data-pair]:checked")].map((box) => JSON.parse(box.dataset.pair));

const act = async (button) => {
  const body = JSON.parse(button.dataset.body || "{}");
  if ("chosen" in button.dataset) body.pairs = pairs();
  const typed = await confirmed(button);
  if (typed === null) return;
  if (button.dataset.asks) body[button.dataset.asks] = typed;
  try {
    const said = await post(button.dataset.action, body);
    sessionStorage.setItem("told", said.told);
    location.reload();
  } catch (error) {
    told(error.message, true);
  }
};

const showChosen = () => {
  const n = pairs().length;
  for (const button of document.querySelectorAll("[data-chosen]")) button.disabled = n === 0;
};

const refresh = async (part) => {
  if (document.hidden || document.querySelector("dialog[open]")) return;
  if (part.contains(document.activeElement)) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(`the page answers ${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(part.id);
    const across = [...part.querySelectorAll(".scroll")].map((one) => one.scrollLeft);
    part.replaceChildren(...fresh.childNodes);
    part.querySelectorAll(".scroll").forEach((one, at) => { one.scrollLeft = across[at] ?? 0; });
    if (document.getElementById("told").dataset.stale) told("");
    delete document.getElementById("told").dataset.stale;
  } catch (error) {
    told(`Not up to date: ${error.message}`, true);
    document.getElementById("told").dataset.stale = "1";
  }
};

const showBytes = async (details) => {
  const dump = details.querySelector("pre");
  if (!details.open || dump.dataset.shown) return;
  dump.dataset.shown = "1";
  const answer = await fetch(details.dataset.bytes);
  const said = await answer.json().catch(() => ({}));
  dump.textContent = answer.ok ? said.lines.join("\n") || "the file is empty" : said.detail || `refused (${answer.status})`;
};

const wanted = (form) => {
  const body = Object.fromEntries(new FormData(form));
  body.keys = (body.keys || "").split("\n").map((line) => line.trim()).filter(Boolean);
  body.stale_only = form.elements.stale_only.checked;
  return body;
};

// Size and cost first; only what was measured can be started.
const measure = async (form) => {
  const part = document.getElementById("estimate");
  const button = part.querySelector("button");
  part.hidden = false;
  button.hidden = true;
  part.querySelector("p").textContent = "Counting…";
  try {
    const said = await post(`measure-backfill?library=${encodeURIComponent(form.dataset.library)}`, wanted(form));
    part.querySelector("p").textContent = said.told;
    button.dataset.body = JSON.stringify(wanted(form));
    button.dataset.words = said.told;
    button.hidden = said.items === 0;
  } catch (error) {
    part.querySelector("p").textContent = error.message;
  }
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button) act(button);
  if (event.target.matches("[data-measure]")) measure(event.target.form);
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-all]")) {
    for (const box of document.querySelectorAll("[data-pair]")) box.checked = event.target.checked;
  }
  if (event.target.closest("[data-form]")) document.getElementById("estimate").hidden = true;
  if (event.target.matches("[data-submits]")) event.target.form.submit();
  showChosen();
});
document.addEventListener("toggle", (event) => {
  if (event.target.matches("[data-bytes]")) showBytes(event.target);
}, true);

showChosen();
told(sessionStorage.getItem("told") || "");
sessionStorage.removeItem("told");
for (const part of document.querySelectorAll("[data-live]")) setInterval(refresh, part.dataset.live * 1000, part);
