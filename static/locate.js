// "Use my location": the browser is asked only when the button is pressed.
export default function ({ parentElement, setTriggerValue }) {
  const button = parentElement.querySelector("button"), note = parentElement.querySelector("p");
  button.onclick = function () {
    note.textContent = "Asking the browser…";
    const found = function ({ coords }) {
      note.textContent = "";
      setTriggerValue("spot", `${coords.latitude.toFixed(4)}, ${coords.longitude.toFixed(4)}`);
    };
    const failed = () => { note.textContent = "Your browser gave no location. Type a place instead."; };
    if (navigator.geolocation) navigator.geolocation.getCurrentPosition(found, failed, { timeout: 10000 });
    else failed();
  };
}
