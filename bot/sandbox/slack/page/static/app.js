// Keeps the page fresh: follows the workspace's socket, and goes from place to place without reloading.
import { morph, morphChildren, parsed } from "./morph.js";
import { act, app, here, notice } from "./talk.js";
import { setUp } from "./combo.js";
import { settle, showModal } from "./modal.js";
import "./controls.js";
import "./composer.js";

const GAP = 5 * 60;
const scrolls = () => [document.getElementById("scroll"), document.getElementById("thread-scroll")].filter(Boolean);
const atEnd = (box) => box.scrollHeight - box.scrollTop - box.clientHeight < 80;

// Messages in a row by the same author hang together; a new day gets a line of its own.
function group() {
  for (const list of document.querySelectorAll(".messages")) {
    let previous = null;
    let seen = false;
    for (const message of list.querySelectorAll(".message")) {
      const newDay = previous?.dataset.day !== message.dataset.day;
      const afterRoot = list.id === "thread-messages" && previous === list.firstElementChild;
      const isNew = list.dataset.read > "0" && !seen && message.dataset.ts > list.dataset.read
        && message.dataset.user !== app().dataset.user;
      seen ||= isNew;
      const follows = previous && !newDay && !isNew && !afterRoot && previous.dataset.user === message.dataset.user
        && Number(message.dataset.ts) - Number(previous.dataset.ts) < GAP
        && !message.matches(".whispered") && !previous.matches(".whispered");
      message.classList.toggle("follows", Boolean(follows));
      message.classList.toggle("new-day", newDay);
      message.classList.toggle("first-new", Boolean(isNew));
      previous = message;
    }
  }
}

function settleAll() {
  group();
  setUp(document);
  for (const link of document.querySelectorAll(".sidebar a[data-place]")) {
    if (link.dataset.place && link.dataset.place === app().dataset.place) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function put(list, frame) {
  const old = list.querySelector(`:scope > [data-key="${frame.ts}"]`);
  if (!frame.html) return old?.remove();
  const fresh = parsed(frame.html).firstElementChild;
  if (old) return morph(old, fresh);
  const later = [...list.children].find((message) => Number(message.dataset.ts) > Number(frame.ts));
  list.insertBefore(fresh, later ?? null);
  fresh.classList.add("arriving");
}

function message(frame) {
  if (frame.channel !== app().dataset.place) return;
  const ends = scrolls().filter(atEnd);
  const isReply = frame.thread_ts && frame.thread_ts !== frame.ts && !frame.html.includes("data-broadcast");
  const threadList = document.getElementById("thread-messages");
  const { thread } = app().dataset;
  if (!isReply) put(document.getElementById("messages"), frame);
  if (threadList && (frame.thread_ts === thread || frame.ts === thread)) put(threadList, frame);
  settleAll();
  for (const box of ends) box.scrollTop = box.scrollHeight;
  read();
}

let reading = null;
function read() {
  if (document.hidden || !app().dataset.place.match(/^[CD]/)) return;
  clearTimeout(reading);
  reading = setTimeout(() => act("read", { channel: app().dataset.place }), 150);
}

const draw = {
  // What happened between drawing the page and opening the socket is caught up with.
  hello: (frame) => {
    if (retry || String(frame.told) !== app().dataset.told) go(location.href, false);
    retry = 0;
  },
  message,
  gone: (frame) => message({ ...frame, html: "" }),
  modal: (frame) => showModal(frame.html),
  home: (frame) => {
    const home = document.getElementById("home");
    if (home) morphChildren(home, parsed(frame.html));
    settleAll();
  },
  sidebar: (frame) => {
    morphChildren(document.getElementById("sidebar"), parsed(frame.html));
    settleAll();
  },
};

let retry = 0;
function follow() {
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/client/${app().dataset.user}/live?window=${here}`);
  socket.onopen = () => document.body.classList.remove("offline");
  socket.onmessage = (event) => {
    const frame = JSON.parse(event.data);
    draw[frame.kind](frame);
  };
  socket.onclose = () => {
    document.body.classList.add("offline");
    retry += 1;
    setTimeout(follow, Math.min(5000, 300 * 2 ** retry));
  };
}

function arrive() {
  settleAll();
  for (const box of scrolls()) box.scrollTop = box.scrollHeight;
  if (app().dataset.place === "home") act("home", {});
  read();
}

async function go(href, isNew = true) {
  let response;
  try {
    response = await fetch(href, { headers: { "X-Window": here } });
  } catch {
    return notice("The workspace cannot be reached. Is it still running?");
  }
  if (!response.ok) return notice("There is nothing here.");
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const place = app().dataset.place;
  const thread = app().dataset.thread;
  const ends = scrolls().filter(atEnd);
  morph(app(), fresh.getElementById("app"));
  showModal(fresh.getElementById("modal").innerHTML);
  document.title = fresh.title;
  if (isNew) history.pushState({}, "", response.url);
  document.body.classList.remove("menu-open");
  if (place !== app().dataset.place || !isNew) arrive();
  else {
    settleAll();
    for (const box of ends) box.scrollTop = box.scrollHeight;
    if (thread !== app().dataset.thread) document.getElementById("thread-scroll")?.scrollTo(0, 1e9);
  }
  const wanted = thread !== app().dataset.thread && app().dataset.thread ? "reply" : "composer";
  if (matchMedia("(min-width: 760px)").matches) document.getElementById(wanted)?.focus();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin) return;
  if (url.pathname.startsWith("/archives/")) {
    event.preventDefault();
    url.searchParams.set("as", app().dataset.user);
    return void go(url.href);
  }
  if (link.dataset.who || link.target || !url.pathname.startsWith(`/client/${app().dataset.user}/`)) return;
  event.preventDefault();
  go(url.href);
});
function menu(isOpen) {
  if (isOpen === document.body.classList.contains("menu-open")) return;
  document.body.classList.toggle("menu-open", isOpen);
  document.querySelector(`${isOpen ? ".sidebar" : ".pane"} [data-do=menu]`)?.focus();
}

document.addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what === "menu") menu(!document.body.classList.contains("menu-open"));
  else if (!event.target.closest(".sidebar")) menu(false);
  if (what === "skip") document.getElementById("composer")?.focus();
  if (what === "theme") {
    const now = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    document.documentElement.dataset.theme = now === "dark" ? "light" : "dark";
    localStorage.setItem("theme", document.documentElement.dataset.theme);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (document.body.classList.contains("menu-open")) menu(false);
  else document.querySelector(".thread .pane-head a")?.click();
});
window.addEventListener("popstate", () => go(location.href, false));
document.addEventListener("visibilitychange", read);

settle();
arrive();
follow();
