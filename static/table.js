// A table whose rows can be chosen. Text from data arrives as JSON and is only ever set as text.
function make(tag, words, className) {
  const element = document.createElement(tag);
  if (words !== undefined && words !== null) element.textContent = words;
  if (className) element.className = className;
  return element;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector("#root");
  const active = root.getRootNode().activeElement;
  const focused = active && active.dataset ? active.dataset.id : undefined;
  const table = make("table");
  table.append(make("caption", data.caption));
  const head = make("tr");
  data.columns.forEach((words, place) => {
    const cell = make("th", words, place ? "number" : "");
    cell.scope = "col";
    head.append(cell);
  });
  const top = make("thead");
  top.append(head);
  const body = make("tbody");
  for (const [id, ...cells] of data.rows) {
    const chosen = id === data.selected;
    const line = make("tr", null, chosen ? "selected" : "");
    cells.forEach((words, place) => {
      const cell = make(place ? "td" : "th", place ? words : null, place ? "number" : "");
      if (!place) {
        cell.scope = "row";
        const button = make("button", words);
        button.type = "button";
        button.dataset.id = id;
        button.setAttribute("aria-pressed", chosen ? "true" : "false");
        button.addEventListener("click", () => setTriggerValue("select", chosen ? "" : id));
        cell.append(button);
      }
      line.append(cell);
    });
    body.append(line);
  }
  table.append(top, body);
  root.replaceChildren(table);
  if (data.more) root.append(make("p", data.more));
  if (focused) {
    const again = [...root.querySelectorAll("button")].find((b) => b.dataset.id === focused);
    if (again) again.focus({ preventScroll: true });
  }
}
