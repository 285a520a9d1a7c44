// The tip beside the pointer.

import { h } from "../core/dom.js";

const GAP = 14;

/** Show pairs of names and values beside the pointer. */
export function showTip(event, pairs) {
  const tip = place();
  tip.replaceChildren(
    ...pairs.map(([name, value]) => h("div", {}, h("span", {}, name), h("strong", {}, String(value)))),
  );
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const right = event.clientX + GAP + width > innerWidth;
  const below = event.clientY + GAP + height > innerHeight;
  tip.style.left = `${Math.max(0, event.clientX + (right ? -GAP - width : GAP))}px`;
  tip.style.top = `${Math.max(0, event.clientY + (below ? -GAP - height : GAP))}px`;
}

/** Hide it. */
export function hideTip() {
  place().hidden = true;
}

function place() {
  return document.getElementById("tip");
}
