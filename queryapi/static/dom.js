// Elements, made without markup: what comes from a visitor is text, wherever it lands.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (`onclick`) and children; null and false are left out. */
export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same of SVG. */
export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  put(element, ...children);
  return element;
}

/** Append children: elements, text, numbers, lists of them. */
export function put(element, ...children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

/** Put children in place of what is there. */
export function replace(element, ...children) {
  element.replaceChildren();
  return put(element, ...children);
}

/** A modal dialog with a title; closes by Escape, its button, or a click beside it, and then is gone. */
export function dialog(title, ...children) {
  const close = h("button", { class: "icon", "aria-label": "Close", onclick: () => box.close() }, "×");
  // Whoever marks text and lets go beside the dialog did not mean to leave it.
  let isPressedBeside = false;
  const box = h(
    "dialog",
    {
      class: "dialog",
      "aria-label": title,
      onclose: () => box.remove(),
      onpointerdown: (event) => (isPressedBeside = event.target === box),
      onclick: (event) => isPressedBeside && event.target === box && box.close(),
    },
    h("div", { class: "dialog-in" }, h("header", {}, h("h2", {}, title), close), ...children),
  );
  document.body.append(box);
  box.showModal();
  return box;
}

/** A short message at the foot of the page that goes by itself. */
export function notify(text) {
  const box = h("div", { class: "toast", role: "status" }, text);
  // Below an open dialog nobody sees it, and no screen reader says it.
  ([...document.querySelectorAll("dialog[open]")].at(-1) || document.body).append(box);
  setTimeout(() => box.remove(), 4000);
}

/** A menu below its button. `items` are [label, action, is chosen]. */
export function menu(label, items, attributes) {
  const list = h("div", { class: "menu-list", role: "menu", hidden: true });
  const button = h(
    "button",
    { class: "pill", "aria-haspopup": "menu", "aria-expanded": "false", ...attributes, onclick: () => toggle(list.hidden) },
    label,
  );
  const root = h("div", { class: "menu" }, button, list);
  function toggle(isOpen) {
    list.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) list.querySelector("button")?.focus();
  }
  for (const [name, action, isChosen] of items) {
    const choose = () => {
      toggle(false);
      button.focus();
      action();
    };
    list.append(h("button", { role: "menuitemradio", "aria-checked": String(!!isChosen), onclick: choose }, name));
  }
  root.addEventListener("keydown", (event) => {
    const buttons = [...list.children];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Escape" && !list.hidden) {
      toggle(false);
      button.focus();
      event.stopPropagation();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      buttons[(at + step + buttons.length) % buttons.length].focus();
      event.preventDefault();
    }
  });
  root.addEventListener("focusout", (event) => {
    if (!list.hidden && !root.contains(event.relatedTarget)) toggle(false);
  });
  return root;
}

/** A label around a control. */
export function field(label, control, hint) {
  return h("label", { class: "field" }, h("span", {}, label), control, hint && h("small", {}, hint));
}
