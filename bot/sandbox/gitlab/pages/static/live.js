// Follow what is running: refresh the page's content, and append to an open log.
const PAUSE = 1500;
const later = (work) => setTimeout(work, PAUSE);

async function fetchPage() {
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

async function refresh() {
  try {
    const page = await fetchPage();
    const parts = document.querySelectorAll("[data-live-part]");
    if (parts.length === 0) document.querySelector("main").replaceWith(page.querySelector("main"));
    for (const part of parts) {
      const fresh = page.querySelector(`[data-live-part="${part.dataset.livePart}"]`);
      if (fresh) part.replaceWith(fresh);
    }
    if (!page.querySelector("main[data-live]")) return;
  } catch { /* the server is away: look again later */ }
  later(refresh);
}

async function follow(log) {
  try {
    const answer = await fetch(`${log.dataset.log}?offset=${log.dataset.offset}`);
    const { html, offset, complete } = await answer.json();
    const atEnd = innerHeight + scrollY >= document.body.scrollHeight - 40;
    log.insertAdjacentHTML("beforeend", html);
    log.dataset.offset = offset;
    if (atEnd && html) scrollTo({ top: document.body.scrollHeight });
    if (complete) return;
  } catch { /* the server is away: look again later */ }
  setTimeout(() => follow(log), 700);
}

if (document.querySelector("main[data-live]")) later(refresh);
const log = document.querySelector("pre.log[data-open]");
if (log) follow(log);
