// Sends the chosen form as JSON, shows what is wrong with it, and keeps the list of faults fresh.
const ADDRESS = "/sandbox/faults";
const forms = [...document.querySelectorAll("form[data-kind]")];
const chosen = () => forms.find((form) => !form.hidden);

function wish(form) {
  const said = { kind: form.dataset.kind };
  for (const field of form.elements) {
    if (!field.name || field.value === "") continue;
    const number = field.dataset.number === undefined ? NaN : Number(field.value);
    said[field.name] = Number.isNaN(number) ? field.value : number;
  }
  return said;
}

function showCurl() {
  const text = JSON.stringify(wish(chosen())).replaceAll("'", "'\\''");
  document.getElementById("curl").textContent = `curl ${location.origin}${ADDRESS} -d '${text}'`;
}

function showProblems(form, problems) {
  const rest = [];
  for (const field of form.querySelectorAll(".field")) {
    const control = field.querySelector("input, select");
    const problem = problems[control.name] ?? "";
    field.classList.toggle("wrong", Boolean(problem));
    control.toggleAttribute("aria-invalid", Boolean(problem));
    field.querySelector(".problem").textContent = problem;
  }
  for (const [name, problem] of Object.entries(problems)) {
    if (!form.elements[name]) rest.push(problem);
  }
  form.querySelector("[data-rest]").textContent = rest.join(" ");
  form.querySelector(".wrong :is(input, select)")?.focus();
}

function say(words) {
  document.getElementById("said").textContent = words;
}

let shown = "";
async function refresh() {
  let text;
  try {
    text = await (await fetch(ADDRESS, { headers: { Accept: "text/html" } })).text();
  } catch {
    return; // the part that serves this page is stopped; it comes back
  }
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("now");
  const now = document.getElementById("now");
  if (!fresh || fresh.innerHTML === shown) return;
  shown = fresh.innerHTML;
  const focused = document.activeElement?.dataset?.clear;
  now.innerHTML = shown;
  if (focused !== undefined) (now.querySelector(`[data-clear="${focused}"]`) ?? now.querySelector("[data-clear]"))?.focus();
}

async function ask(form) {
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const answer = await fetch(ADDRESS, { method: "POST", body: JSON.stringify(wish(form)) });
    showProblems(form, answer.ok ? {} : (await answer.json()).problems);
    if (answer.ok) say(`${form.getAttribute("aria-label")} is on.`);
  } catch {
    showProblems(form, { rest: "Nobody answers at this address now." });
  }
  button.disabled = false;
  await refresh();
}

document.addEventListener("change", (event) => {
  if (event.target.name === "kind") for (const form of forms) form.hidden = form.dataset.kind !== event.target.value;
  showCurl();
});
document.addEventListener("input", showCurl);
document.addEventListener("submit", (event) => {
  event.preventDefault();
  ask(event.target);
});
document.addEventListener("click", async (event) => {
  const number = event.target.closest("[data-clear]")?.dataset.clear;
  if (number !== undefined) {
    await fetch(number ? `${ADDRESS}/${number}` : ADDRESS, { method: "DELETE" });
    await refresh();
    say(number ? "Cleared." : "All cleared.");
  }
  if (event.target.id === "theme") {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const root = document.documentElement;
    root.dataset.theme = (root.dataset.theme ?? dark) === "dark" ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  }
});
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
// A browser keeps the choice over a reload, and draws the first form all the same.
const kept = document.querySelector("[name=kind]:checked")?.value;
for (const form of forms) form.hidden = form.dataset.kind !== kept;
setInterval(() => document.hidden || refresh(), 1500);
showCurl();
