// Interactive elements: what they hold, and what using them sends.
import { act, confirmed, notice } from "./talk.js";
import { chosen } from "./combo.js";

export function place(surface) {
  const { viewId, channel, ts } = surface.dataset;
  return viewId ? { view_id: viewId } : { channel, ts };
}

function held(control) {
  if (control.matches(".combo")) return chosen(control);
  if (control.matches(".ticks")) {
    const ticked = [...control.querySelectorAll("input:checked")].map((box) => box.value);
    return control.dataset.type === "radio_buttons" ? ticked[0] ?? "" : ticked;
  }
  if (control.type === "datetime-local") return control.value ? Date.parse(control.value) / 1000 : "";
  return control.value;
}

export function values(surface) {
  const all = {};
  for (const control of surface.querySelectorAll("[data-control]")) {
    const block = control.closest("[data-block-id]")?.dataset.blockId;
    if (block) (all[block] ??= {})[control.dataset.actionId] = held(control);
  }
  return all;
}

async function use(element, value) {
  const surface = element.closest("[data-surface]");
  const block = element.closest("[data-block-id]");
  if (element.dataset.confirm && !(await confirmed(JSON.parse(element.dataset.confirm)))) return;
  element.classList.add("busy");
  element.setAttribute("aria-busy", "true");
  const answer = await act("click", {
    ...place(surface), block_id: block.dataset.blockId, action_id: element.dataset.actionId,
    value, values: values(surface),
  });
  element.classList.remove("busy");
  element.removeAttribute("aria-busy");
  if (!answer.ok) notice(answer.error === "not_found" ? "This is no longer here." : answer.error);
}

// In an input block only dispatch_action sends anything before the form is submitted.
function dispatches(control, occasion) {
  const field = control.closest(".field");
  if (!field) return Boolean(control.closest("[data-surface]"));
  if (!("dispatch" in field.dataset)) return false;
  const wanted = control.dataset.dispatchOn ?? "on_enter_pressed";
  return occasion === "chosen" || wanted.includes(occasion);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-click]");
  if (!button || button.classList.contains("busy")) return;
  button.closest("details.overflow")?.removeAttribute("open");
  use(button, button.dataset.value ?? null);
});
document.addEventListener("chosen", (event) => {
  if (dispatches(event.target, "chosen")) use(event.target, event.detail);
});
document.addEventListener("change", (event) => {
  const control = event.target.closest("[data-control]");
  if (!control || control.matches(".combo")) return;
  const written = control.matches("input[type=text], input[type=email], input[type=url], textarea");
  if (!written && dispatches(control, "chosen")) use(control, held(control));
});
const pauses = new WeakMap();
document.addEventListener("input", (event) => {
  const control = event.target.closest("[data-control]");
  if (!control?.matches(".control") || !control.closest("[data-dispatch]")) return;
  if (!dispatches(control, "on_character_entered")) return;
  clearTimeout(pauses.get(control));
  pauses.set(control, setTimeout(() => use(control, held(control)), 300));
});
document.addEventListener("keydown", (event) => {
  const control = event.target.closest?.("input.control");
  if (event.key !== "Enter" || !control || !control.closest("[data-dispatch]")) return;
  if (!dispatches(control, "on_enter_pressed")) return;
  event.preventDefault();
  use(control, held(control));
});
// The menu of further actions: opens upwards where there is no room, and is walked through by arrow keys.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.("details.overflow[open]")) return;
  const menu = event.target.querySelector("[role=menu]");
  const room = event.target.closest(".scroll, .sheet-body")?.getBoundingClientRect().bottom ?? innerHeight;
  menu.classList.remove("up");
  menu.classList.toggle("up", menu.getBoundingClientRect().bottom > room);
  menu.querySelector("[role=menuitem]")?.focus();
}, true);
document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.overflow[open]");
  if (!menu) return;
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const items = [...menu.querySelectorAll("[role=menuitem]")];
    const by = event.key === "ArrowDown" ? 1 : -1;
    items[(items.indexOf(document.activeElement) + by + items.length) % items.length].focus();
  }
}, true);
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.overflow[open]")) {
    if (!menu.contains(event.target)) menu.removeAttribute("open");
  }
});
