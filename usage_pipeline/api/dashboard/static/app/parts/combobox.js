// A text field that searches a list, by the pattern of ARIA: arrows move, Enter picks, Escape gives up.

import { h, newId } from "../core/dom.js";

const MOST = 20;

/**
 * Return a combobox of {value, text} choices, of which it shows the first that contain what is typed. `onpick` is
 * called with the value.
 */
export function combobox({ choices, picked, onpick }) {
  const now = choices.find((choice) => choice.value === picked)?.text ?? picked ?? "";
  const list = h("ul", { role: "listbox", id: newId("list"), hidden: true, "aria-label": "Matches" });
  const input = h("input", {
    role: "combobox",
    autocomplete: "off",
    spellcheck: "false",
    "aria-autocomplete": "list",
    "aria-expanded": "false",
    "aria-controls": list.id,
  });
  input.value = now;
  const found = new Matches(input, list, choices, now, onpick);
  input.addEventListener("focus", () => input.select());
  input.addEventListener("click", () => found.open(""));
  input.addEventListener("input", () => found.open(input.value));
  input.addEventListener("keydown", (event) => found.key(event));
  input.addEventListener("blur", () => found.close());
  return { input, element: h("div", { class: "combo" }, input, list) };
}

class Matches {
  constructor(input, list, choices, now, onpick) {
    Object.assign(this, { input, list, choices, now, onpick, at: -1, shown: [] });
  }

  open(typed) {
    const words = typed.trim().toLowerCase();
    const found = this.choices.filter((choice) => choice.text.toLowerCase().includes(words));
    this.shown = found.slice(0, MOST);
    this.list.replaceChildren(...this.shown.map((choice) => this.option(choice)));
    const more = found.length - this.shown.length;
    if (!found.length || more) this.list.append(note(found.length ? `${more} more: type to search` : "No match"));
    this.show(true);
    this.mark(words && this.shown.length ? 0 : -1);
  }

  option(choice) {
    const pick = (event) => {
      event.preventDefault(); // so that the field keeps the focus
      this.pick(choice);
    };
    return h("li", { role: "option", id: newId("option"), "aria-selected": "false", onpointerdown: pick }, choice.text);
  }

  show(visible) {
    this.list.hidden = !visible;
    this.input.setAttribute("aria-expanded", String(visible));
  }

  mark(at) {
    const options = this.list.querySelectorAll("[role=option]");
    options[this.at]?.setAttribute("aria-selected", "false");
    this.at = at;
    const option = options[at];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) {
      event.preventDefault();
      if (this.list.hidden) this.open("");
      this.mark((this.at + move + this.shown.length) % (this.shown.length || 1));
    } else if (event.key === "Enter" && this.shown[this.at]) {
      event.preventDefault();
      this.pick(this.shown[this.at]);
    } else if (event.key === "Escape") {
      this.close();
    }
  }

  pick(choice) {
    this.now = choice.text;
    this.close();
    this.onpick(choice.value);
  }

  close() {
    this.show(false);
    this.mark(-1);
    this.input.value = this.now;
  }
}

function note(text) {
  return h("li", { class: "none", role: "presentation" }, text);
}
