// The line one types into, with the list of slash commands above it.
import { act, notice } from "./talk.js";

const hintsOf = (form) => form.querySelector(".hints");
const shownHints = (form) => [...hintsOf(form).children].filter((hint) => !hint.hidden);
const sent = [];

function grow(area) {
  area.style.height = "auto";
  area.style.height = `${Math.min(area.scrollHeight, 220)}px`;
  area.form.querySelector(".send").disabled = !area.value.trim();
}

function hint(form) {
  const text = form.querySelector("textarea").value;
  const list = hintsOf(form);
  let any = false;
  for (const one of list.children) {
    one.hidden = !text.startsWith("/") || !one.dataset.text.startsWith(text.trimEnd()) || one.dataset.text === text;
    any ||= !one.hidden;
  }
  list.hidden = !any;
  mark(form, null);
}

function mark(form, chosen) {
  const area = form.querySelector("textarea");
  for (const one of hintsOf(form).children) one.setAttribute("aria-selected", String(one === chosen));
  if (chosen) area.setAttribute("aria-activedescendant", chosen.id);
  else area.removeAttribute("aria-activedescendant");
}

function complete(form, chosen) {
  const area = form.querySelector("textarea");
  area.value = chosen.dataset.text;
  area.focus();
  hint(form);
  grow(area);
}

async function send(form) {
  const area = form.querySelector("textarea");
  const text = area.value.trim();
  if (!text) return;
  area.value = "";
  grow(area);
  hintsOf(form).hidden = true;
  sent.push(text);
  const answer = await act("say", { channel: form.dataset.channel, text, thread_ts: form.dataset.threadTs });
  if (!answer.ok && answer.error.includes(" ")) notice(answer.error);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest(".composer");
  if (!form) return;
  grow(event.target);
  hint(form);
});
document.addEventListener("submit", (event) => {
  const form = event.target.closest(".composer");
  if (!form) return;
  event.preventDefault();
  send(form);
});
document.addEventListener("mousedown", (event) => {
  const chosen = event.target.closest(".hints [role=option]");
  if (!chosen) return;
  event.preventDefault();
  complete(chosen.closest(".composer"), chosen);
});
document.addEventListener("keydown", (event) => {
  const form = event.target.closest?.(".composer");
  if (!form || event.isComposing) return;
  const hints = hintsOf(form).hidden ? [] : shownHints(form);
  const chosen = hints.find((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (chosen) complete(form, chosen);
    else send(form);
  } else if (hints.length && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    const by = event.key === "ArrowDown" ? 1 : -1;
    const now = hints.indexOf(chosen);
    mark(form, hints[now < 0 && by < 0 ? hints.length - 1 : (now + by + hints.length) % hints.length]);
  } else if (event.key === "Tab" && hints.length) {
    event.preventDefault();
    complete(form, chosen ?? hints[0]);
  } else if (event.key === "Escape") {
    hintsOf(form).hidden = true;
  } else if (event.key === "ArrowUp" && !event.target.value && sent.length) {
    event.preventDefault();
    event.target.value = sent.at(-1);
    grow(event.target);
  }
});
document.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-do=try]");
  if (!chip) return;
  const area = document.getElementById("composer");
  area.value = chip.dataset.text;
  grow(area);
  area.focus();
});
