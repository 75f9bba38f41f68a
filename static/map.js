// Our own small Leaflet layer. Text from data arrives as JSON and is only ever set as text.
(function () {
  "use strict";
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const PIN = 28;

  function text(tag, words, className) {
    const element = document.createElement(tag);
    element.textContent = words;
    if (className) element.className = className;
    return element;
  }

  let located = 0;

  function locateControl(map) {
    const control = L.control({ position: "topleft" });
    control.onAdd = function () {
      const box = L.DomUtil.create("div", "cr-locate");
      const button = text("button", "Use my location");
      const fit = text("button", "Show all");
      button.type = fit.type = "button";
      const note = text("p", "");
      note.setAttribute("role", "status");
      box.append(button, fit, note);
      L.DomEvent.disableClickPropagation(box);
      button.addEventListener("click", function () {
        note.textContent = "Asking the browser…";
        map.locate({ timeout: 10000 });
      });
      fit.addEventListener("click", function () {
        if (window.careReachFit) map.fitBounds(window.careReachFit, { animate: !calm });
      });
      map.on("locationfound", function (event) {
        note.textContent = "";
        // A hair's breadth apart each time, or the same place twice would not be reported.
        located += 1;
        map.fire("click", { latlng: L.latLng(event.latlng.lat, event.latlng.lng + located * 1e-9) });
      });
      map.on("locationerror", function () {
        note.textContent = "Your browser gave no location. Type a place instead.";
      });
      return box;
    };
    control.addTo(map);
  }

  function showAll(map, bounds) {
    const control = L.control({ position: "topright" });
    control.onAdd = function () {
      const box = L.DomUtil.create("div", "cr-locate");
      const button = text("button", "Show all");
      button.type = "button";
      L.DomEvent.disableClickPropagation(box);
      button.addEventListener("click", () => map.fitBounds(bounds, { animate: !calm }));
      box.append(button);
      return box;
    };
    control.addTo(map);
  }

  // One finger and the wheel move the page; two fingers, or the wheel with Ctrl, move the map.
  function gestures(map) {
    const frame = map.getContainer();
    const hint = text("p", "", "cr-hint");
    hint.setAttribute("aria-hidden", "true");
    frame.append(hint);
    let fade;
    const tell = function (words) {
      hint.textContent = words;
      hint.classList.add("cr-told");
      window.clearTimeout(fade);
      fade = window.setTimeout(() => hint.classList.remove("cr-told"), 1400);
    };
    const key = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl";
    frame.addEventListener("wheel", function (event) {
      if (event.ctrlKey || event.metaKey) return;
      event.stopImmediatePropagation();
      tell(`To zoom the map, hold ${key} and scroll`);
    }, { capture: true, passive: true });
    frame.addEventListener("touchstart", function (event) {
      if (event.touches.length > 1) map.dragging.enable();
      else map.dragging.disable();
    }, { capture: true, passive: true });
    frame.addEventListener("touchmove", function (event) {
      if (event.touches.length === 1) tell("To move the map, use two fingers");
    }, { capture: true, passive: true });
    frame.addEventListener("touchend", (event) => event.touches.length || map.dragging.enable());
  }

  // Land, borders and the ground with water, roads and names: fetched once, kept by the browser.
  let ground;

  window.careReachBase = function (map, data) {
    const frame = map.getContainer();
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", "Map of the list. Everything on it is in the list too.");
    frame.classList.toggle("dark", data.dark);
    // Leaflet focuses the map at a press. If the page then moved to show all of it, the press would
    // end on another spot than it began, and be lost.
    frame.focus = (options) => HTMLElement.prototype.focus.call(frame, { ...options, preventScroll: true });
    map.createPane("land").style.zIndex = 150;
    map.createPane("areas").style.zIndex = 170;
    if (data.locate) locateControl(map);
    else showAll(map, data.bounds);
    L.control.zoom({ position: "topleft" }).addTo(map);
    const miles = data.units === "mi";
    L.control.scale({ metric: !miles, imperial: miles, position: "bottomright" }).addTo(map);
    if (data.credit) L.control.attribution({ prefix: false, position: "bottomleft" }).addAttribution(escaped(data.credit)).addTo(map);
    gestures(map);
    map.fitBounds(data.bounds, { animate: false });
    // Without land "no data" cannot be told from land.
    if (!data.outlined) frame.classList.add("plain");
    ground = window.careReachGround(map, data, []);
    if (data.service) {
      L.tileLayer(data.service, { pane: "land", maxZoom: map.getMaxZoom(), referrerPolicy: "no-referrer" }).addTo(map);
      return;
    }
    const [[, west], [, east]] = data.bounds;
    // From afar the names of regions would stand on each other.
    const from = Math.log2(360 / Math.max(east - west, 0.01)) + 1;
    if (data.land) draw(map, data, data.land, from);
    if (data.url) fetch(data.url).then((answer) => answer.json()).then((land) => draw(map, data, land, from));
  };

  function escaped(words) {
    return text("span", words).innerHTML;
  }

  function draw(map, data, land, from) {
    const [fill, shore, border] = data.dark ? ["#1b2725", "#5d726c", "#41534e"] : ["#fbfaf4", "#8fa39e", "#c3cdc9"];
    L.geoJSON(land, {
      pane: "land",
      interactive: false,
      filter: (feature) => feature.properties.kind !== "label",
      style: (feature) => feature.properties.kind === "land"
        ? { color: shore, weight: 1.2, fillColor: fill, fillOpacity: 1 }
        : { color: border, weight: 1, fill: false },
    }).addTo(map);
    // Beside the town of the same name, where a place has both.
    ground.names.setLabels(land.features.filter((f) => f.properties.kind === "label").map(function (f) {
      const [lon, lat] = f.geometry.coordinates;
      return { name: f.properties.name, lat, lon, from, below: 24 };
    }));
  }

  // Markers that would cover each other stand side by side, as near to their spot as there is
  // room; where there is none within a marker's width, the later one lies below.
  const STEPS = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, 1], [1, -1], [-1, -1]];

  function spread(map, markers, origin) {
    const place = map.latLngToLayerPoint(origin);
    const taken = [{ x: place.x, y: place.y, wide: 4 }];
    const free = (x, y, wide) => !taken.some((t) => Math.abs(t.x - x) < (t.wide + wide) / 2 && Math.abs(t.y - y) < PIN);
    for (const marker of markers) {
      const spot = map.latLngToLayerPoint(marker.getLatLng()), wide = marker.options.crWide;
      const [dx, dy] = STEPS.map(([x, y]) => [x * (PIN + 2), y * (PIN + 2)])
        .find(([x, y]) => free(spot.x + x, spot.y + y, wide)) || [0, 0];
      taken.push({ x: spot.x + dx, y: spot.y + dy, wide });
      const icon = marker.options.icon;
      icon.options.iconAnchor = [wide / 2 - dx, PIN / 2 - dy];
      marker.setIcon(icon);
      name(marker);
    }
    if (ground) ground.names.redraw();
  }

  function name(marker) {
    const element = marker.getElement();
    if (!element) return;
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", marker.options.crText);
    element.setAttribute("aria-pressed", marker.options.crSelected ? "true" : "false");
  }

  // Rows that are known to their town only share one mark there; each other row has its own.
  const MOST_TOLD = 6;

  function stacked(rows) {
    const stacks = new Map();
    for (const row of rows) {
      const key = row[7] ? "in " + row[7] : row[0];
      stacks.set(key, [...(stacks.get(key) || []), row]);
    }
    return [...stacks.values()];
  }

  window.careReachFound = function (group, data) {
    const look = {
      interactive: false,
      color: "#1c6b62", weight: 1.5, dashArray: "5 4", fillColor: "#1c6b62", fillOpacity: 0.06,
    };
    const circle = data.area
      ? L.geoJSON(data.area, { interactive: false, style: { ...look, dashArray: null, fillOpacity: 0.1 } })
      : L.circle(data.origin, { ...look, radius: 1000 * data.radius, stroke: data.radius > 0, fill: data.radius > 0 });
    group.addLayer(circle);
    if (data.way.length) {
      group.addLayer(L.polyline(data.way, { interactive: false, color: "#fff", weight: 7, opacity: 0.9 }));
      group.addLayer(L.polyline(data.way, { className: "cr-way", interactive: false, color: "#0b57d0", weight: 4 }));
    }
    const label = document.createElement("div");
    label.className = "cr-origin-label";
    label.textContent = data.label;
    group.addLayer(L.marker(data.origin, {
      interactive: false, keyboard: false,
      icon: L.divIcon({ className: "cr-origin", iconSize: [18, 18] }),
    }));
    group.addLayer(L.marker(data.origin, {
      interactive: false, keyboard: false,
      icon: L.divIcon({ className: "", html: label, iconSize: [0, 0], iconAnchor: [-13, 24] }), zIndexOffset: -500,
    }));
    const markers = stacked(data.rows).map(function (rows) {
      const [id, number, , status, , lat, lon, town] = rows.find((row) => row[0] === data.selected) || rows[0];
      const told = rows.slice(0, MOST_TOLD).map(([, n, title, s, far]) => n + ". " + title + ": " + s.replace("_", " ") + ", " + far);
      if (rows.length > MOST_TOLD) told.push("and " + (rows.length - MOST_TOLD) + " more in the list");
      const words = told.join("\n");
      const chosen = id === data.selected;
      // On the side of the antimeridian where the place is.
      const near = lon + 360 * Math.round((data.origin[1] - lon) / 360);
      const wide = rows.length > 1 ? PIN + 26 : PIN;
      const marker = L.marker([lat, near], {
        icon: L.divIcon({
          className: "cr-pin cr-" + status + (town ? " cr-rough" : "") + (chosen ? " cr-selected" : ""),
          html: text("span", rows.length > 1 ? number + " +" + (rows.length - 1) : number), iconSize: [wide, PIN],
        }),
        keyboard: true, riseOnHover: true, zIndexOffset: chosen ? 1000 : -number,
        crText: words, crSelected: chosen, crWide: wide,
      });
      // The frame reports the tooltip of what was clicked: words on screen, the row's id there.
      const tip = text("span", words);
      tip.toString = () => id;
      marker.bindTooltip(tip, { direction: "top", offset: [0, -12] });
      marker.on("keypress", function (event) {
        if (event.originalEvent.key !== "Enter" && event.originalEvent.key !== " ") return;
        event.originalEvent.preventDefault();
        marker.fire("click", { latlng: marker.getLatLng() });
      });
      group.addLayer(marker);
      return marker;
    });
    window.setTimeout(function () {
      const current = window.map;
      if (!current || !current.hasLayer(group)) return;
      spread(current, markers, data.origin);
      // A flight reports a new zoom even where it is the old one, and a fresh icon loses a click.
      let zoom = current.getZoom();
      const respread = function () {
        if (current.getZoom() !== zoom) spread(current, markers, data.origin);
        zoom = current.getZoom();
      };
      current.on("zoomend", respread);
      group.on("remove", () => current.off("zoomend", respread));
      view(current, data, circle, markers);
      if (data.more) more(current, group, data);
    }, 0);
  };

  // Those who are not listed: asked for the part of the world in view, few one by one, many as sums.
  const WAIT = 150;

  // Which cell of a level a place is in, as `geo.output.cells` counts them.
  function cellOf(lat, lon, level) {
    const n = Math.pow(2, level), sin = Math.sin(lat * Math.PI / 180);
    const x = Math.floor((lon + 180) / 360 * n), y = Math.floor((0.5 - Math.atanh(sin) / (2 * Math.PI)) * n);
    return ((x % n) + n) % n + "/" + y;
  }

  function short(count) {
    return count < 1000 ? String(count) : count < 1e6 ? (count / 1000).toFixed(count < 9950 ? 1 : 0) + "k" : (count / 1e6).toFixed(1) + "M";
  }

  function mark(lat, lon, status, words, count) {
    const wide = count ? 22 + 8 * short(count).length : SPOT, high = count ? 22 : SPOT;
    const marker = L.marker([lat, lon], {
      icon: L.divIcon({
        className: "cr-pin cr-more cr-" + status + (count ? " cr-sum" : " cr-spot"),
        html: count ? text("span", "+" + short(count)) : "", iconSize: [wide, high],
      }),
      // A click searches from there, as one beside it does. The list can be asked for less instead.
      keyboard: false, bubblingMouseEvents: true, zIndexOffset: -2000,
    });
    return marker.bindTooltip(text("span", words), { direction: "auto", offset: [0, 0] });
  }

  function more(map, group, data) {
    const layer = L.layerGroup().addTo(group);
    const listed = new Set(data.rows.map((row) => row[0]));
    let asked = 0, waiting = 0;
    const draw = function (answer) {
      layer.clearLayers();
      const named = answer.statuses.map((status) => status.replace("_", " "));
      // The rows of the list have their own marks.
      const own = {};
      if (answer.cells) for (const [, , , status, , lat, lon] of data.rows) {
        const key = cellOf(lat, lon, answer.level) + status;
        own[key] = (own[key] || 0) + 1;
      }
      for (const [lat, lon, every] of answer.cells || []) {
        const key = cellOf(lat, lon, answer.level);
        const counts = every.map((n, k) => Math.max(n - (own[key + answer.statuses[k]] || 0), 0));
        if (!counts.some(Boolean)) continue;
        const strongest = answer.statuses[counts.findIndex((n) => n > 0)];
        const told = counts.map((n, k) => n.toLocaleString("en") + " " + named[k]).filter((_, k) => counts[k]);
        const sum = counts.reduce((a, b) => a + b, 0);
        layer.addLayer(mark(lat, lon, strongest, "Not in the list: " + told.join(", ") + ". Click to search from here.", sum));
      }
      const middle = map.getCenter().lng;
      for (const [id, lat, lon, status, title] of answer.places || []) {
        if (listed.has(id)) continue;
        const near = lon + 360 * Math.round((middle - lon) / 360);
        layer.addLayer(mark(lat, near, status, title + ": " + status.replace("_", " ") + ". Click to search from here.", 0));
      }
    };
    const ask = function () {
      const number = ++asked, box = map.getBounds();
      const view = { south: box.getSouth(), west: box.getWest(), north: box.getNorth(), east: box.getEast(), zoom: map.getZoom() };
      const words = Object.entries(view).map(([name, value]) => "&" + name + "=" + value.toFixed(5)).join("");
      fetch(data.more + words).then((answer) => (answer.ok ? answer.json() : null))
        .then(function (answer) { if (answer && number === asked) draw(answer); })
        .catch(function () { /* Without it the list still stands. */ });
    };
    const later = function () { window.clearTimeout(waiting); waiting = window.setTimeout(ask, WAIT); };
    map.on("moveend", later);
    group.on("remove", function () { map.off("moveend", later); window.clearTimeout(waiting); asked += 1; });
    later();
  }

  // Areas in classes, places, and what the reader draws. Areas are fetched once and kept.
  const kept = {};
  let paper;

  function shapes(where) {
    if (where && typeof where === "object") return Promise.resolve(where);
    if (!where) return Promise.resolve({ type: "FeatureCollection", features: [] });
    kept[where] = kept[where] || fetch(where).then((answer) => answer.json())
      .catch(function (error) { delete kept[where]; throw error; });
    return kept[where];
  }

  window.careReachAreas = function (group, data) {
    const map = window.map;
    const dark = map && map.getContainer().classList.contains("dark");
    // One canvas for all runs: each new one would stay behind, over the others.
    paper = paper || L.canvas({ padding: 0.3, pane: "areas" });
    const style = function (feature) {
      const found = data.classes[feature.properties.region_id];
      const chosen = feature.properties.region_id === data.selected;
      return {
        renderer: paper, interactive: !data.clicks,
        color: chosen ? "#0b2a55" : "#ffffff", weight: chosen ? 4 : data.thin ? 0.3 : 0.9,
        fillColor: found ? data.colors[found[0]] : dark ? "#3a4441" : "#d8dcd9", fillOpacity: found ? 1 : 0.4,
      };
    };
    const line = function (feature) {
      const chosen = feature.properties.region_id === data.selected;
      return {
        renderer: paper, interactive: false, fill: false,
        color: chosen ? "#0b2a55" : "#3c4f4a", weight: chosen ? 4 : data.thin ? 0.6 : 1,
      };
    };
    people(group, data);
    spots(group, data);
    Promise.all([shapes(data.areas), shapes(data.outlines)]).then(function ([found, outlines]) {
      const areas = L.geoJSON(found, {
        style: style,
        onEachFeature: function (feature, shape) {
          const found = data.classes[feature.properties.region_id];
          const id = feature.properties.region_id;
          const nobody = id ? ": nobody lives here" : ": its people are not known";
          const words = feature.properties.name + (found ? ": " + found[1] : nobody)
            + (feature.properties.boundary === "approximate" ? " (approximate area)" : "");
          const tip = text("span", words);
          tip.toString = () => id;
          shape.bindTooltip(tip, { sticky: true });
        },
      });
      group.addLayer(areas);
      const over = L.geoJSON(outlines, { style: line });
      group.addLayer(over);
      let chosen;
      for (const layer of [areas, over]) {
        layer.eachLayer(function (shape) {
          if (!data.selected || shape.feature.properties.region_id !== data.selected) return;
          shape.bringToFront();
          chosen = shape;
        });
      }
      const mine = { color: "#0b57d0", weight: 3, fillOpacity: 0.08, interactive: false };
      if (data.brought) group.addLayer(L.geoJSON(data.brought, { style: mine, interactive: false }));
      if (data.drawn.length) {
        const path = data.drawn.length > 2 ? L.polygon : L.polyline;
        group.addLayer(path(data.drawn, mine));
        for (const spot of data.drawn) {
          group.addLayer(L.circleMarker(spot, { radius: 5, color: "#0b57d0", fillColor: "#fff", fillOpacity: 1, interactive: false }));
        }
      }
      if (!map || !map.hasLayer(group)) return;
      insets(map, data, found, style);
      const seen = window.careReachSeen || {};
      const shown = data.shown ? data.shown.join() : "";
      if (chosen && seen.selected !== data.selected) map.fitBounds(chosen.getBounds().pad(0.6), { animate: !calm });
      if (shown && seen.shown !== shown) map.setView([data.shown[0], data.shown[1]], Math.max(map.getZoom(), 9), { animate: !calm });
      window.careReachSeen = { selected: data.selected, shown: shown };
    });
    window.setTimeout(function () {
      if (!map || !map.hasLayer(group)) return;
      map.getContainer().setAttribute("aria-label", "Map of the regions. Everything on it is in the tables too.");
      map.getContainer().style.cursor = data.clicks ? "crosshair" : "";
    }, 0);
  };

  // Where people live: the area of a dot is by how many.
  const MOST_DOT = 9;

  function people(group, data) {
    const map = window.map, most = data.people.length ? data.people[0][2] : 0;
    if (!map) return;
    const dots = L.layerGroup(data.people.map(([lat, lon, count]) => L.circleMarker([lat, lon], {
      pane: "ground", renderer: dotted(), radius: Math.max(0.8, MOST_DOT * Math.sqrt(count / most)), interactive: false,
      stroke: false, fillColor: "#10211e", fillOpacity: 0.45,
    })));
    const from = map.getZoom();
    // The middle of a cell is nowhere in particular: from close by it would mislead.
    const far = () => data.cells && map.getZoom() > Math.max(from, 6) ? group.removeLayer(dots) : group.addLayer(dots);
    far();
    map.on("zoomend", far);
    group.on("remove", () => map.off("zoomend", far));
  }

  // What is only looked at has a canvas that lets every touch through to what lies below.
  function untouched(pane) {
    const canvas = L.canvas({ padding: 0.3, pane });
    canvas.on("add", () => { canvas._container.style.pointerEvents = "none"; });
    return canvas;
  }

  let dotPaper, spotPaper;

  function dotted() {
    dotPaper = dotPaper || untouched("ground");
    return dotPaper;
  }

  // Places: few, or those of a chosen region, as marks that can be reached by keyboard; many as dots.
  const MOST_MARKS = 400;
  const SPOT = 14;

  function spots(group, data) {
    const many = data.places.length > MOST_MARKS;
    spotPaper = spotPaper || untouched("overlayPane");
    const small = [];
    for (const [status, lat, lon, name] of data.places) {
      const words = name ? name + ": " + status.replace("_", " ") : status.replace("_", " ");
      if (many && !name) {
        small.push(L.circleMarker([lat, lon], {
          renderer: spotPaper, radius: 1, weight: 0.5, interactive: false,
          color: status === "added" ? "#0b57d0" : "#fff", fillColor: status === "unknown" ? "#8a938f" : "#0d4741", fillOpacity: 1,
        }));
        group.addLayer(small[small.length - 1]);
        continue;
      }
      const marker = L.marker([lat, lon], {
        icon: L.divIcon({ className: "cr-pin cr-spot cr-" + status, iconSize: [SPOT, SPOT] }),
        keyboard: !data.clicks, interactive: !data.clicks, riseOnHover: true, alt: words,
      });
      const tip = text("span", words);
      // A click on it chooses no region.
      tip.toString = () => "";
      marker.bindTooltip(tip, { direction: "top", offset: [0, -6] });
      marker.on("add", function () {
        const element = marker.getElement();
        element.setAttribute("role", "img");
        element.setAttribute("aria-label", words);
      });
      marker.on("focus click", () => marker.openTooltip());
      group.addLayer(marker);
    }
    const map = window.map;
    if (small.length && map) {
      // From afar so many must not hide what they stand on.
      const sized = function () {
        const radius = Math.min(5, Math.max(1.1, 1.1 + 0.75 * (map.getZoom() - 4)));
        for (const spot of small) spot.setStyle({ radius, weight: radius < 2 ? 0.3 : 1 });
      };
      sized();
      map.on("zoomend", sized);
      group.on("remove", () => map.off("zoomend", sized));
    }
    if (data.shown) {
      const [lat, lon, name] = data.shown;
      const label = text("div", name, "cr-origin-label");
      group.addLayer(L.marker([lat, lon], { interactive: false, keyboard: false, icon: L.divIcon({ className: "cr-origin", iconSize: [18, 18] }) }));
      group.addLayer(L.marker([lat, lon], { interactive: false, keyboard: false, icon: L.divIcon({ className: "", html: label, iconSize: [0, 0], iconAnchor: [-13, 24] }) }));
    }
    if (ground) {
      ground.names.avoid = data.places.filter(([, , , name]) => name || !many).map(([, lat, lon]) => [lat, lon, SPOT / 2]);
      ground.names.redraw();
    }
  }

  // Parts of a country far from the rest, small in a corner; a click shows them large.
  let corners;

  function insets(map, data, found, style) {
    if (!data.insets.length) return;
    if (!corners) {
      const control = L.control({ position: "bottomleft" });
      control.onAdd = () => L.DomUtil.create("div", "cr-insets");
      control.addTo(map);
      corners = data.insets.map(function ([name, bounds]) {
        const button = text("button", name, "cr-inset");
        button.type = "button";
        button.setAttribute("aria-label", `Show ${name}`);
        const box = document.createElement("div");
        button.prepend(box);
        L.DomEvent.disableClickPropagation(button);
        control.getContainer().append(button);
        button.addEventListener("click", () => map.fitBounds(bounds, { animate: !calm }));
        const small = L.map(box, {
          zoomControl: false, attributionControl: false, dragging: false, scrollWheelZoom: false, doubleClickZoom: false,
          boxZoom: false, keyboard: false, touchZoom: false, zoomSnap: 0, minZoom: 0, maxZoom: 10, zoomAnimation: false,
        });
        box.tabIndex = -1;
        small.fitBounds(bounds);
        return { small, paper: L.canvas().addTo(small), layer: null, bounds: L.latLngBounds(bounds) };
      });
    }
    for (const corner of corners) {
      if (corner.layer) corner.layer.remove();
      corner.layer = L.geoJSON(found, {
        interactive: false,
        filter: (feature) => corner.bounds.intersects(L.geoJSON(feature).getBounds()),
        style: (feature) => ({ ...style(feature), renderer: corner.paper, interactive: false, weight: 0.3 }),
      }).addTo(corner.small);
    }
  }

  // A new place is shown whole; a new selection is flown to; a new radius leaves the view alone.
  function view(map, data, circle, markers) {
    const seen = window.careReachSeen || {};
    window.careReachFit = markers.reduce((box, m) => box.extend(m.getLatLng()), circle.getBounds());
    const place = data.origin.join();
    const chosen = markers.find((marker) => marker.options.crSelected);
    if (seen.place !== place) {
      const bounds = data.area || data.radius ? circle.getBounds() : L.latLngBounds(markers.map((m) => m.getLatLng())).extend(data.origin);
      if (chosen) bounds.extend(chosen.getLatLng());
      map.fitBounds(bounds, { animate: !calm && seen.place !== undefined });
    } else if (chosen && seen.selected !== data.selected) {
      const there = chosen.getLatLng();
      if (calm) map.setView(there, map.getZoom(), { animate: false });
      else map.flyTo(there, map.getZoom(), { duration: 0.6 });
    }
    window.careReachSeen = { place: place, selected: data.selected };
  }
})();
