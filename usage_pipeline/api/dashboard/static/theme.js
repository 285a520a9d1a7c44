// Runs before the first paint, so that a page of the chosen theme does not flash in the other one.
try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the page has the theme of the system.
}
