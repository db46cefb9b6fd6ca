// Talks to the server on behalf of the person at the page.

export const app = () => document.getElementById("app");

// A person may have several windows; a modal opens in the one where they acted.
export const here = (sessionStorage.window ??= crypto.randomUUID());

export async function act(name, body) {
  try {
    const response = await fetch(`/sandbox/slack/as/${app().dataset.user}/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...body, window: here }),
    });
    return await response.json();
  } catch {
    return { ok: false, error: "The workspace cannot be reached. Is it still running?" };
  }
}

export function notice(text) {
  const line = document.createElement("p");
  line.className = "notice";
  line.textContent = text;
  document.getElementById("notices").append(line);
  setTimeout(() => line.remove(), 8000);
}

export function confirmed(asked) {
  const dialog = document.getElementById("confirm");
  const yes = dialog.querySelector("#confirm-yes");
  const no = dialog.querySelector("#confirm-deny");
  dialog.querySelector("#confirm-title").textContent = asked.title;
  dialog.querySelector("#confirm-text").textContent = asked.text;
  yes.textContent = asked.yes;
  yes.className = `btn ${asked.style}`;
  no.textContent = asked.no;
  dialog.returnValue = "";
  dialog.showModal();
  no.focus();
  return new Promise((resolve) => {
    yes.onclick = () => dialog.close("yes");
    no.onclick = () => dialog.close("");
    dialog.onclose = () => resolve(dialog.returnValue === "yes");
  });
}
