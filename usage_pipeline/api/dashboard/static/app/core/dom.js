// Makes elements. Texts become text nodes, never markup, so that no answer of the server can insert any.

/**
 * Return an element. `props` are attributes, except `class`, `data` (an object), `share` (a percentage that the
 * style sheet reads as `--share`) and listeners such as `onclick`. What is null or false is left out.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value !== null && value !== undefined && value !== false) set(element, name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

function set(element, name, value) {
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (name === "share") element.style.setProperty("--share", `${value}%`);
  else element.setAttribute(name, value === true ? "" : value);
}

let made = 0;

/** Return an id that no other element of the page has. What keeps the focus when a view is shown again has its own. */
export function newId(word) {
  made += 1;
  return `${word}-${made}`;
}

/** Return a label with the control that it names. */
export function field(label, control) {
  control.id ||= newId("field");
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control);
}

/** Return a select of [value, label] pairs; `onpick` is called with the value that is picked. */
export function select(choices, picked, onpick) {
  const options = choices.map(([value, label]) => h("option", { value, selected: value === picked }, label));
  return h("select", { onchange: (event) => onpick(event.target.value) }, options);
}
