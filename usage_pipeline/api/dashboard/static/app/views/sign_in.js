// Signing in: a key is exchanged for the cookie of a session, and forgotten.

import { signIn } from "../core/api.js";
import { field, h } from "../core/dom.js";
import { problemBox } from "../parts/section.js";

/** Return the form; `onsignedin` is called when a session is open. */
export function signInForm(onsignedin) {
  const key = h("input", { type: "password", name: "key", autocomplete: "current-password", required: true });
  const button = h("button", { type: "submit", class: "main" }, "Sign in");
  const failed = h("div", {});
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      await signIn(key.value.trim());
      onsignedin();
    } catch (problem) {
      failed.replaceChildren(wrong(problem, () => form.requestSubmit()));
      button.disabled = false;
      key.focus();
    }
  };
  const form = h("form", { onsubmit: submit }, field("API key", key), button);
  return h(
    "div",
    { class: "sign-in" },
    h("img", { src: "icon.svg", alt: "" }),
    h("h1", {}, "Usage"),
    h("p", { class: "about" }, "Sign in with an API key. The page keeps a session, never the key."),
    failed,
    form,
  );
}

function wrong(problem, tryAgain) {
  if (problem.status !== 401) return problemBox(problem, tryAgain);
  const text = "This key is not valid. It may be revoked, expired or mistyped.";
  return h("div", { class: "box bad", role: "alert" }, text);
}
