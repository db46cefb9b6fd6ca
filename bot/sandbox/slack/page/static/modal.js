// Modals: shown, filled in, submitted, closed.
import { act, notice } from "./talk.js";
import { morph, parsed } from "./morph.js";
import { place, values } from "./controls.js";
import { setUp } from "./combo.js";

const holder = () => document.getElementById("modal");
const dialog = () => holder().querySelector("dialog");
let before = null;

export function showModal(html) {
  const fresh = parsed(html).firstElementChild;
  const old = dialog();
  if (!fresh) {
    old?.close();
    holder().replaceChildren();
    before?.isConnected && before.focus();
    before = null;
    return;
  }
  const sameView = old?.dataset.viewId === fresh.dataset.viewId;
  if (old && sameView) morph(old, fresh);
  else {
    if (!old) before = document.activeElement;
    holder().replaceChildren(fresh);
  }
  settle(!sameView);
}

export function settle(isNew = true) {
  const shown = dialog();
  if (!shown) return;
  setUp(shown);
  for (const field of shown.querySelectorAll("[data-seconds]")) field.value ||= localTime(Number(field.dataset.seconds));
  if (!shown.open) shown.showModal();
  if (isNew) (shown.querySelector("[data-focus]") ?? shown.querySelector(".sheet-body :is(input, textarea)") ?? shown.querySelector(".sheet-foot .btn:last-child"))?.focus();
}

function localTime(seconds) {
  const moment = new Date(seconds * 1000);
  return new Date(moment - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function banner(text) {
  const line = dialog()?.querySelector(".banner");
  if (!line) return notice(text);
  line.textContent = text;
  line.hidden = !text;
}

function showErrors(errors) {
  for (const field of dialog().querySelectorAll(".field")) {
    const text = errors[field.dataset.blockId] ?? "";
    const line = field.querySelector(".error");
    line.textContent = text;
    line.hidden = !text;
    line.id ||= `error-${field.dataset.blockId}`;
    field.classList.toggle("wrong", Boolean(text));
    for (const control of field.querySelectorAll("input, textarea")) {
      if (text) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
      if (text) control.setAttribute("aria-errormessage", line.id);
    }
  }
  dialog().querySelector(".wrong :is(input, textarea)")?.focus();
}

function forgive(field) {
  if (!field?.classList.contains("wrong")) return;
  field.classList.remove("wrong");
  field.querySelector(".error").hidden = true;
  for (const control of field.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

async function submit() {
  const shown = dialog();
  const button = shown.querySelector("[data-submit]");
  if (!button || button.classList.contains("busy")) return;
  button.classList.add("busy");
  button.setAttribute("aria-busy", "true");
  banner("");
  showErrors({});
  const answer = await act("submit", { ...place(shown), values: values(shown) });
  button.classList.remove("busy");
  button.removeAttribute("aria-busy");
  if (answer.ok || dialog() !== shown) return;
  if (Object.keys(answer.errors ?? {}).length) showErrors(answer.errors);
  else banner(answer.error);
}

async function close(everything) {
  const answer = await act("close", { ...place(dialog()), everything });
  if (!answer.ok) showModal("");
}

for (const occasion of ["input", "chosen"]) {
  document.addEventListener(occasion, (event) => forgive(event.target.closest("#modal .field")));
}
document.addEventListener("submit", (event) => {
  if (!event.target.closest("#modal")) return;
  event.preventDefault();
  submit();
});
document.addEventListener("click", (event) => {
  const what = event.target.closest("#modal [data-do]")?.dataset.do;
  if (what === "close") close(false);
  if (what === "close-all") close(true);
});
document.addEventListener("cancel", (event) => {
  if (!event.target.closest("#modal")) return;
  event.preventDefault();
  close(false);
}, true);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && event.target.closest?.("#modal")) submit();
});
