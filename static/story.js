export default function ({ data }) {
  const main = document.querySelector('[data-testid="stMain"]');
  // Each step begins with what the story says of it.
  if (main && window.careReachStep !== data.at) main.scrollTop = 0;
  window.careReachStep = data.at;
  const takes = "input, textarea, select, [role=slider], [role=radio], [role=combobox]";
  const keys = { PageDown: "next", ArrowRight: "next", PageUp: "back", ArrowLeft: "back" };
  const press = (event) => {
    if (event.key === "Escape" && data.present) {
      const leave = document.querySelector(".st-key-story_present button");
      if (leave) leave.click();
      return;
    }
    const key = keys[event.key];
    if (!key || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = event.composedPath()[0];
    if (at.closest && (at.closest(takes) || at.isContentEditable)) return;
    const button = document.querySelector(`.st-key-story_${key} button:not([disabled])`);
    if (!button) return;
    event.preventDefault();
    button.click();
  };
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}
