// Reads an entry aloud, a sentence at a time, with a voice that is on the device: any other would
// send the text to whoever made the browser.
const READ = ".cr-head h1, .cr-urgent, .cr-entry, .cr-easy";
const UNREAD = "sup, aside, nav, button, thead, .cr-dots";
const NO_VOICE = "This device has no English voice of its own, so nothing is read aloud.";
const VOICES_MS = 1500, WATCH_MS = 300;
const speech = window.speechSynthesis;

function block(element) {
  while (getComputedStyle(element).display.startsWith("inline")) element = element.parentElement;
  return element;
}

// Text as it is seen, in pieces of the page: what is folded or a footnote is left out.
function blocks() {
  const found = new Map();
  for (const root of document.querySelectorAll(READ)) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const around = node.parentElement;
      if (around.closest(UNREAD) || !around.checkVisibility()) continue;
      const key = block(around);
      if (!found.has(key)) found.set(key, []);
      found.get(key).push(node);
    }
  }
  return found;
}

function place(nodes, offset) {
  for (const node of nodes) {
    if (offset <= node.length) return [node, offset];
    offset -= node.length;
  }
  return [nodes.at(-1), nodes.at(-1).length];
}

function sentences() {
  const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
  const found = [];
  for (const [element, nodes] of blocks()) {
    const cell = element.closest("td");
    const whose = cell && cell.dataset.option ? `${cell.dataset.option}: ` : "";
    for (const { segment, index } of segmenter.segment(nodes.map((n) => n.data).join(""))) {
      const text = segment.replace(/\s+/g, " ").trim();
      if (!/[\p{L}\p{N}]/u.test(text)) continue;
      const range = document.createRange();
      range.setStart(...place(nodes, index));
      range.setEnd(...place(nodes, index + segment.trimEnd().length));
      found.push({ text: whose + text, range });
    }
  }
  return found;
}

async function localVoice(language) {
  if (!speech || !window.Intl.Segmenter) return null;
  if (!speech.getVoices().length)
    await new Promise(function (resolve) {
      speech.addEventListener("voiceschanged", resolve, { once: true });
      setTimeout(resolve, VOICES_MS);
    });
  const english = speech.getVoices().filter((v) => v.localService && /^en\b/i.test(v.lang));
  return english.find((v) => v.lang.replace("_", "-") === language) || english[0] || null;
}

function mark(range) {
  if (window.Highlight) CSS.highlights.set("cr-spoken", new Highlight(range));
  const box = range.getBoundingClientRect();
  if (box.top < 80 || box.bottom > innerHeight - 140)
    range.startContainer.parentElement.scrollIntoView({ block: "center" });
}

export default function ({ parentElement, data }) {
  // A rerun calls again; who is speaking must stay the one that the buttons stop.
  if (parentElement.begun) return;
  parentElement.begun = true;
  const button = (name) => parentElement.querySelector(`[data-do="${name}"]`);
  const play = button("play"), more = ["back", "on", "stop"].map(button);
  const status = parentElement.querySelector("[role=status]");
  let list = [], at = 0, voice = null, speaking = null, watching = 0;

  function hush() {
    speaking = null;
    clearInterval(watching);
    if (speech) speech.cancel();
  }
  function show(begun) {
    for (const one of more) one.hidden = !begun;
    play.parentElement.classList.toggle("begun", begun);
    play.textContent = speaking ? "Pause" : begun ? "Resume" : "Read aloud";
  }
  function stop() {
    hush();
    at = 0;
    status.textContent = "";
    if (window.Highlight) CSS.highlights.delete("cr-spoken");
    show(false);
  }
  function say() {
    hush();
    if (at >= list.length) return stop();
    const said = new SpeechSynthesisUtterance(list[at].text);
    Object.assign(said, { voice, lang: voice.lang });
    said.onend = function () {
      if (speaking !== said) return;
      at += 1;
      say();
    };
    said.onerror = function () {
      if (speaking !== said) return;
      stop();
      status.textContent = "The browser stopped reading. Try again.";
    };
    speaking = said;
    // Streamlit does not say when another page takes this one's place.
    watching = setInterval(() => { if (!play.isConnected) stop(); }, WATCH_MS);
    mark(list[at].range);
    status.textContent = `Sentence ${at + 1} of ${list.length}`;
    show(true);
    speech.speak(said);
  }
  function step(by) {
    at = Math.min(Math.max(at + by, 0), list.length - 1);
    say();
  }

  play.onclick = async function () {
    if (speaking) {
      hush();
      return show(true);
    }
    voice = await localVoice(data.language);
    if (!voice) {
      status.textContent = NO_VOICE;
      return;
    }
    if (!at) list = sentences();
    say();
  };
  button("back").onclick = () => step(-1);
  button("on").onclick = () => step(1);
  button("stop").onclick = function () {
    stop();
    play.focus();
  };
  addEventListener("pagehide", hush);
}
