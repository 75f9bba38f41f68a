// Suggestions under a text box. What is chosen is typed into the box and sent as if by hand,
// so that the box stays Streamlit's own and works before this script has arrived.
const PAUSE_MS = 120;

function fill(input, words) {
  // React hears of a value only if it is set as the browser sets it.
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(input, words);
  input.dispatchEvent(new Event("input", { bubbles: true }));
  const enter = { key: "Enter", code: "Enter", keyCode: 13, bubbles: true };
  input.dispatchEvent(new KeyboardEvent("keydown", enter));
}

function option([label, kind, typed], id) {
  const item = document.createElement("li");
  item.id = id;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.dataset.label = typed || label;
  const name = document.createElement("span");
  name.textContent = label;
  const said = document.createElement("small");
  said.textContent = kind;
  item.append(name, " ", said);
  return item;
}

const active = ({ list }) => list.querySelector('[aria-selected="true"]');

function mark({ input, list }, item) {
  for (const one of list.children) one.setAttribute("aria-selected", String(one === item));
  if (item) {
    item.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", item.id);
  } else input.removeAttribute("aria-activedescendant");
}

function show(box, open) {
  box.list.hidden = !open;
  box.input.setAttribute("aria-expanded", String(open));
}

function close(box) {
  clearTimeout(box.waiting);
  box.typing = false;
  mark(box, null);
  show(box, false);
  box.told.textContent = "";
}

function choose(box, item) {
  close(box);
  box.filling = true;
  fill(box.input, item.dataset.label);
  box.filling = false;
}

const KEYS = {
  ArrowDown: (box, at) => mark(box, (at && at.nextElementSibling) || box.list.firstElementChild),
  ArrowUp: (box, at) => mark(box, (at && at.previousElementSibling) || box.list.lastElementChild),
  Escape: close,
  Enter: choose,
};

function draw(box) {
  const { list, data } = box;
  if (!box.typing || data.typed !== box.asked) return;
  list.replaceChildren(...data.suggested.map((row, at) => option(row, `${list.id}-${at}`)));
  mark(box, null);
  show(box, data.suggested.length > 0);
  box.told.textContent = list.hidden ? "" : data.told;
}

function ask(box, words) {
  box.typing = true;
  box.asked = words;
  clearTimeout(box.waiting);
  // A list of a moment ago must not come between two letters: only that of everything is kept.
  if (!words && !box.data.typed) draw(box);
  else box.waiting = setTimeout(() => box.send(words), PAUSE_MS);
}

// All there is, where that is few enough to be looked through.
function browse(box) {
  if (!box.data.whole || !box.list.hidden) return;
  box.input.select();
  ask(box, "");
}

// `box` is the text box, its list, and what is going on: a run may bring a new list.
function listen(box) {
  const { input } = box;
  input.addEventListener("input", () => {
    if (!box.filling) ask(box, input.value);
  });
  input.addEventListener("click", () => browse(box));
  // Before React hears of it: Enter on a suggestion means that, not the letters typed so far.
  input.addEventListener("keydown", (event) => {
    if (box.filling || event.isComposing) return;
    const at = active(box);
    if (!box.list.hidden && KEYS[event.key] && (event.key !== "Enter" || at)) {
      event.preventDefault();
      event.stopPropagation();
      KEYS[event.key](box, at);
    } else if (event.key === "Enter") close(box);
    else if (event.key === "ArrowDown") browse(box);
  });
  input.addEventListener("blur", () => close(box));
}

export default function suggest(component) {
  const { data, parentElement, setStateValue } = component;
  const list = parentElement.querySelector("ul");
  const told = parentElement.querySelector('[role="status"]');
  const input = document.querySelector(`.st-key-${data.box} input`);
  if (!input) {
    // Streamlit's script for text boxes may arrive after this one.
    if (list.isConnected) setTimeout(() => suggest(component), PAUSE_MS);
    return;
  }
  const box = input.careReach || { input };
  Object.assign(box, { list, told, data, send: (words) => setStateValue("typed", words) });
  // The box keeps the focus: leaving it would send the letters typed so far.
  list.onmousedown = (event) => event.preventDefault();
  list.onclick = (event) => {
    const item = event.target.closest("li");
    if (item) choose(box, item);
  };
  if (!input.careReach) {
    input.careReach = box;
    const said = { role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id };
    for (const key in said) input.setAttribute(key, said[key]);
    input.autocomplete = "off";
    show(box, false);
    listen(box);
  }
  draw(box);
}
