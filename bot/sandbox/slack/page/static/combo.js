// Selects that one types into: options of the page's own, or offered by the app while one types.
import { act } from "./talk.js";
import { parsed } from "./morph.js";
import { place, values } from "./controls.js";

const state = new WeakMap();
const PAUSE = 200;
let open = null;

const isMany = (combo) => combo.dataset.type.startsWith("multi_");
const isExternal = (combo) => "minQuery" in combo.dataset;
const input = (combo) => combo.querySelector("input");
const list = (combo) => combo.querySelector("[role=listbox]");

export function setUp(root) {
  for (const combo of root.querySelectorAll(".combo")) {
    if (state.has(combo)) continue;
    state.set(combo, { chosen: JSON.parse(combo.dataset.chosen || "[]"), asked: 0 });
    draw(combo);
  }
}

export function chosen(combo) {
  const picked = (state.get(combo)?.chosen ?? []).map((option) => option.value);
  return isMany(combo) ? picked : picked[0] ?? "";
}

function draw(combo) {
  const { chosen: picked } = state.get(combo);
  const chips = combo.querySelector(".combo-chips");
  chips.replaceChildren();
  if (!isMany(combo)) {
    input(combo).value = picked[0]?.text ?? "";
    return;
  }
  for (const option of picked) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "combo-chip";
    chip.textContent = option.text;
    chip.setAttribute("aria-label", `Remove ${option.text}`);
    chip.addEventListener("click", () => toggle(combo, option));
    chips.append(chip);
  }
  input(combo).value = "";
}

function toggle(combo, option) {
  const own = state.get(combo);
  const has = own.chosen.some((one) => one.value === option.value);
  if (isMany(combo)) {
    own.chosen = has ? own.chosen.filter((one) => one.value !== option.value) : [...own.chosen, option];
  } else {
    own.chosen = [option];
  }
  draw(combo);
  if (!isMany(combo)) shut();
  combo.dispatchEvent(new CustomEvent("chosen", { bubbles: true, detail: chosen(combo) }));
}

function position(combo) {
  const box = combo.getBoundingClientRect();
  const below = window.innerHeight - box.bottom - 12;
  const above = box.top - 12;
  const options = list(combo);
  const up = below < 180 && above > below;
  Object.assign(options.style, {
    left: `${box.left}px`, width: `${box.width}px`, maxHeight: `${Math.min(280, up ? above : below)}px`,
    top: up ? "auto" : `${box.bottom + 4}px`, bottom: up ? `${window.innerHeight - box.top + 4}px` : "auto",
  });
}

function show(combo) {
  if (open && open !== combo) shut();
  open = combo;
  list(combo).hidden = false;
  input(combo).setAttribute("aria-expanded", "true");
  position(combo);
  mark(combo, null);
}

export function shut() {
  if (!open) return false;
  const combo = open;
  open = null;
  list(combo).hidden = true;
  input(combo).setAttribute("aria-expanded", "false");
  input(combo).removeAttribute("aria-activedescendant");
  if (!isMany(combo)) draw(combo);
  return true;
}

function visible(combo) {
  return [...list(combo).querySelectorAll("[role=option]")].filter((option) => !option.hidden);
}

function mark(combo, option) {
  const picked = [chosen(combo)].flat();
  visible(combo).forEach((one, number) => {
    one.id ||= `${list(combo).id}-${one.dataset.value}-${number}`;
    one.classList.toggle("active", one === option);
    one.setAttribute("aria-selected", String(picked.includes(one.dataset.value)));
  });
  if (option) {
    input(combo).setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }
}

function filter(combo, query) {
  const words = query.trim().toLowerCase();
  let any = false;
  for (const option of list(combo).querySelectorAll("[role=option]")) {
    option.hidden = !option.textContent.toLowerCase().includes(words);
    any ||= !option.hidden;
  }
  say(combo, any ? "" : "No results");
}

function say(combo, text) {
  list(combo).querySelector(".combo-note")?.remove();
  if (!text) return;
  const note = document.createElement("li");
  note.className = "combo-note";
  note.setAttribute("role", "presentation");
  note.textContent = text;
  list(combo).append(note);
}

async function search(combo, query) {
  const least = Number(combo.dataset.minQuery);
  if (query.length < least) {
    list(combo).replaceChildren();
    say(combo, `Type at least ${least} character${least === 1 ? "" : "s"}`);
    return;
  }
  const own = state.get(combo);
  const turn = ++own.asked;
  list(combo).setAttribute("aria-busy", "true");
  if (!list(combo).querySelector("[role=option]")) say(combo, "Loading…");
  const surface = combo.closest("[data-surface]");
  const block = combo.closest("[data-block-id]");
  const answer = await act("suggest", {
    ...place(surface), block_id: block.dataset.blockId, action_id: combo.dataset.actionId,
    value: query, values: values(surface),
  });
  if (turn !== own.asked) return;
  list(combo).removeAttribute("aria-busy");
  list(combo).replaceChildren(...(answer.ok ? parsed(answer.html).childNodes : []));
  const none = !list(combo).querySelector("[role=option]");
  say(combo, answer.ok ? (none ? "No results" : "") : answer.error);
  mark(combo, visible(combo)[0] ?? null);
  if (open === combo) position(combo);
}

function fill(combo, query) {
  if (!isExternal(combo)) {
    filter(combo, query);
    mark(combo, query ? visible(combo)[0] ?? null : null);
    return;
  }
  clearTimeout(state.get(combo).timer);
  state.get(combo).timer = setTimeout(() => search(combo, query), query ? PAUSE : 0);
}

function opened(combo) {
  if (open === combo) return;
  show(combo);
  fill(combo, "");
  input(combo).select();
}

function pick(combo, option) {
  const text = option.querySelector("span").textContent;
  toggle(combo, { value: option.dataset.value, text });
}

function step(combo, by) {
  const options = visible(combo);
  const now = options.findIndex((option) => option.classList.contains("active"));
  mark(combo, options[(now + by + options.length) % options.length] ?? null);
}

document.addEventListener("focusin", (event) => {
  if (open && !open.contains(event.target)) shut();
});
document.addEventListener("mousedown", (event) => {
  const combo = event.target.closest(".combo");
  if (!combo) return void shut();
  const option = event.target.closest("[role=option]");
  if (option) {
    event.preventDefault();
    pick(combo, option);
  } else if (event.target.closest("[role=listbox]")) {
    event.preventDefault();
  } else if (!event.target.closest("button")) {
    setTimeout(() => { input(combo).focus(); opened(combo); });
  }
});
document.addEventListener("input", (event) => {
  const combo = event.target.closest(".combo");
  if (!combo) return;
  if (open !== combo) show(combo);
  fill(combo, input(combo).value);
});
document.addEventListener("keydown", (event) => {
  const combo = event.target.closest?.(".combo");
  if (!combo) return;
  const isOpen = open === combo;
  const active = isOpen && list(combo).querySelector("[role=option].active:not([hidden])");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (isOpen) step(combo, event.key === "ArrowDown" ? 1 : -1);
    else opened(combo);
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (active) pick(combo, active);
    else if (!isOpen) opened(combo);
  } else if (event.key === "Tab" && active && input(combo).value) {
    pick(combo, active);
  } else if (event.key === "Escape" && shut()) {
    event.preventDefault();
    event.stopPropagation();
  } else if (event.key === "Backspace" && isMany(combo) && !input(combo).value) {
    const last = state.get(combo).chosen.at(-1);
    if (last) toggle(combo, last);
  }
}, true);
window.addEventListener("resize", shut);
document.addEventListener("scroll", (event) => {
  if (open && !list(open).contains(event.target)) position(open);
}, true);
