// Tabs: arrows, Home and End move between them, and only the selected one is in the order of the tab key.

import { h, newId } from "../core/dom.js";

const MOVES = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** Return a list of tabs for [value, label] pairs, all of them of the panel with that id. */
export function tabs({ label, choices, picked, panel, onpick }) {
  const buttons = choices.map(([value, text]) =>
    h("button", { type: "button", role: "tab", id: newId("tab"), "aria-controls": panel, data: { value } }, text),
  );
  const pick = (button) => {
    mark(buttons, button);
    onpick(button.dataset.value);
  };
  const keys = (event) => {
    const next = target(buttons, buttons.indexOf(event.target), event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
    pick(next);
  };
  for (const button of buttons) button.addEventListener("click", () => pick(button));
  mark(buttons, buttons.find((button) => button.dataset.value === picked) ?? buttons[0]);
  return h("div", { class: "tabs", role: "tablist", "aria-label": label, onkeydown: keys }, buttons);
}

function mark(buttons, picked) {
  for (const button of buttons) {
    button.setAttribute("aria-selected", String(button === picked));
    button.tabIndex = button === picked ? 0 : -1;
  }
}

function target(buttons, at, key) {
  if (key === "Home") return buttons[0];
  if (key === "End") return buttons.at(-1);
  const move = MOVES[key];
  return move ? buttons[(at + move + buttons.length) % buttons.length] : null;
}
