// The list of results. Text from data arrives as JSON and is only ever set as text.
function make(tag, words, className) {
  const element = document.createElement(tag);
  if (words !== undefined && words !== null) element.textContent = words;
  if (className) element.className = className;
  return element;
}

function link(words, url) {
  if (!url || !/^https?:/.test(url)) return make("span", words);
  const anchor = make("a", words);
  anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noreferrer";
  return anchor;
}

function statements(list, title) {
  const box = make("div", null, "statements");
  box.append(make("h4", title));
  const items = make("ul");
  for (const [words, source, url] of list) {
    const item = make("li", words + " ");
    item.append(link(source, url));
    items.append(item);
  }
  box.append(items);
  return box;
}

// Rows leave out what they lack, and name shared words by their place in `texts`.
function spelled(row, index, data) {
  const words = (place) => data.texts[place];
  const said = (list) => (list || []).map((statement) => statement.map(words));
  return {
    ...row,
    number: index + 1,
    statusWords: data.words[row.status],
    badges: (row.badges || []).map(([kind, place]) => [kind, words(place)]),
    reason: words(row.reason),
    source: words(row.source[0]),
    url: words(row.source[1]),
    reach: words(row.reach),
    against: said(row.against),
    notices: said(row.notices),
    basis: said(row.basis),
    history: said(row.history),
    related: said(row.related),
    services: said(row.services),
    farther: Boolean(row.farther),
  };
}

// A number in brackets can be rung.
function reachable(words) {
  const [before, number, after] = (words || "").split(/\((\d{3,6})\)/);
  const line = make("p", before);
  if (number) {
    const call = make("a", number);
    call.href = "tel:" + number;
    line.append("(", call, ")" + after);
  }
  return line;
}

// Android and most others know geo:, and iPhones an address of their own map app.
function mapAddress(at, name) {
  const label = encodeURIComponent(name);
  if (/iPhone|iPad|iPod/.test(navigator.userAgent)) return `maps://?ll=${at}&q=${label}`;
  return `geo:${at}?q=${at}(${label})`;
}

const narrow = () => window.innerWidth <= 640;

function card(row, selected, choose) {
  const item = make("li", null, "row" + (selected ? " selected" : ""));
  const head = make("div", null, "head");
  const pin = make("span", row.number, "pin " + row.status);
  pin.setAttribute("aria-hidden", "true");
  const button = make("button", null, "name");
  button.type = "button";
  button.dataset.id = row.id;
  button.setAttribute("aria-pressed", selected ? "true" : "false");
  const hidden = make("span", row.number + ". ", "hidden");
  button.append(hidden, document.createTextNode(row.name));
  button.addEventListener("click", () => choose(selected ? "" : row.id));
  const title = make("h3");
  title.append(button);
  const distance = make("span", row.distance, "distance");
  head.append(pin, title);
  item.append(head);

  const badges = make("p", null, "badges");
  (narrow() ? badges : head).append(distance);
  badges.append(make("span", row.statusWords, "badge status " + row.status));
  for (const [kind, words] of row.badges) badges.append(" ", make("span", words, "badge " + kind));
  item.append(badges, make("p", row.reason, "reason"));

  const source = make("p", null, "source");
  source.append(link(row.source, row.url));
  for (const [words, from] of row.against) source.append(" · against: " + words + " (" + from + ")");
  if (row.detail) source.append(" · " + row.detail);
  const facts = row.facts ? make("p", row.facts, "facts") : null;
  // On a phone a row is short until it is opened.
  if (!narrow()) {
    item.append(source);
    if (facts) item.append(facts);
  }
  if (row.phone || row.at) {
    const actions = make("p", null, "actions");
    if (row.phone) {
      const call = make("a", "Call " + row.phoneShown, "call");
      call.href = "tel:" + row.phone;
      actions.append(call);
    }
    if (row.at) {
      // For the map app of a phone; hidden where there is only a mouse.
      const go = make("a", narrow() ? "Maps" : "Open in maps", "maps");
      go.setAttribute("aria-label", "Open in maps: " + row.name);
      go.href = mapAddress(row.at.join(","), row.name);
      actions.append(go);
    }
    item.append(actions);
  }
  for (const [words, from] of row.notices) {
    item.append(make("p", words + " (" + from + ")", "notice"));
  }
  const more = make("details");
  more.open = selected;
  more.append(make("summary", narrow() ? "More" : "How to ask there, and what this rests on"));
  if (narrow()) {
    more.append(source);
    if (facts) more.append(facts);
  }
  more.append(row.phone ? make("p", row.reach) : reachable(row.reach));
  if (row.page) {
    const official = make("p");
    official.append(link("Its page in the official register", row.page));
    more.append(official);
  }
  if (row.basis.length) more.append(statements(row.basis, "What was said"));
  if (row.against.length) more.append(statements(row.against, "Said against it"));
  if (row.related.length) more.append(statements(row.related, "A related service"));
  if (row.history.length) more.append(statements(row.history, "Also said"));
  if (row.services.length) more.append(statements(row.services, "What else is on record here"));
  else if (row.others) more.append(make("p", "Choose this row to read what is said of other services (" + row.others + ")."));
  if (row.note) more.append(make("p", "Note: " + row.note + "."));
  item.append(more);
  return item;
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector("#root");
  const active = root.getRootNode().activeElement;
  const focused = active && active.dataset ? active.dataset.id : undefined;
  const choose = (id) => setTriggerValue("select", id);
  root.replaceChildren();
  if (data.empty) {
    const box = make("section", null, "empty");
    box.append(make("h2", data.empty.title));
    for (const words of data.empty.lines) box.append(make("p", words));
    root.append(box);
  }
  const all = data.rows.map((row, index) => spelled(row, index, data));
  for (const farther of [false, true]) {
    const rows = all.filter((row) => row.farther === farther);
    if (!rows.length) continue;
    root.append(make("h2", farther ? data.farther : "The list", farther ? "farther" : "hidden"));
    const list = make("ol");
    list.start = rows[0].number;
    for (const row of rows) list.append(card(row, row.id === data.selected, choose));
    root.append(list);
  }
  if (focused) {
    const again = [...root.querySelectorAll("button.name")].find((b) => b.dataset.id === focused);
    if (again) again.focus({ preventScroll: true });
  } else if (data.selected && root.dataset.selected !== undefined
             && root.dataset.selected !== data.selected && window.innerWidth > 640
             && !document.querySelector(".st-key-story")) {
    // Chosen on the map, not by a link: a first view begins with the red flags.
    const chosen = root.querySelector("li.selected");
    if (chosen) chosen.scrollIntoView({ block: "nearest" });
  }
  root.dataset.selected = data.selected || "";
}
