// Makes one piece of the page look like another with as few changes as possible: what somebody
// types, has open or has focused stays as it is. Elements with a data-key are matched by it.

export function parsed(html) {
  const template = document.createElement("template");
  template.innerHTML = html.trim();
  return template.content;
}

function matches(old, fresh) {
  if (!old || old.nodeType !== fresh.nodeType) return false;
  if (old.nodeType !== Node.ELEMENT_NODE) return true;
  return old.tagName === fresh.tagName && old.dataset.key === fresh.dataset.key
    && old.dataset.type === fresh.dataset.type;
}

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    const live = name === "open" && ["DETAILS", "DIALOG"].includes(old.tagName);
    if (!fresh.hasAttribute(name) && !live) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name === "open" && old.tagName === "DETAILS") continue;
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

export function morph(old, fresh) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.matches(".combo")) return morphCombo(old, fresh);
  morphAttributes(old, fresh);
  morphChildren(old, fresh);
}

// A combobox draws its own choice; only what it offers comes from the server.
function morphCombo(old, fresh) {
  const list = "[role=listbox]";
  if (!("minQuery" in fresh.dataset)) morphChildren(old.querySelector(list), fresh.querySelector(list));
}

export function morphChildren(parent, fresh) {
  const keyed = new Map([...parent.children].filter((e) => e.dataset.key).map((e) => [e.dataset.key, e]));
  let at = parent.firstChild;
  for (const node of [...fresh.childNodes]) {
    const known = node.nodeType === Node.ELEMENT_NODE && node.dataset.key && keyed.get(node.dataset.key);
    if (known && known !== at && known.tagName === node.tagName) {
      parent.insertBefore(known, at);
      at = known;
    }
    if (matches(at, node)) {
      const next = at.nextSibling;
      morph(at, node);
      at = next;
    } else {
      parent.insertBefore(node, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}
