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

  // The ground: land and borders, fetched once and kept by the browser.
  window.careReachBase = function (map, data) {
    const frame = map.getContainer();
    frame.setAttribute("role", "region");
    frame.setAttribute("aria-label", "Map of the list. Everything on it is in the list too.");
    map.createPane("land").style.zIndex = 150;
    const names = map.createPane("names");
    names.style.zIndex = 450;
    names.style.pointerEvents = "none";
    if (data.locate) locateControl(map);
    L.control.zoom({ position: "topleft" }).addTo(map);
    const miles = data.units === "mi";
    L.control.scale({ metric: !miles, imperial: miles, position: "bottomright" }).addTo(map);
    map.fitBounds(data.bounds, { animate: false });
    // Without land "no data" cannot be told from land.
    if (!data.outlined) frame.classList.add("plain");
    if (data.ground) draw(map, data.ground);
    if (data.url) fetch(data.url).then((answer) => answer.json()).then((ground) => draw(map, ground));
  };

  function draw(map, ground) {
    L.geoJSON(ground, {
      pane: "land",
      interactive: false,
      filter: (feature) => feature.properties.kind !== "label",
      style: (feature) => feature.properties.kind === "land"
        ? { color: "#8fa39e", weight: 1.2, fillColor: "#fbfaf4", fillOpacity: 1 }
        : { color: "#c3cdc9", weight: 1, fill: false },
    }).addTo(map);
    const names = L.layerGroup();
    for (const feature of ground.features) {
      if (feature.properties.kind !== "label") continue;
      const [lon, lat] = feature.geometry.coordinates;
      const box = document.createElement("div");
      box.append(text("span", feature.properties.name));
      names.addLayer(L.marker([lat, lon], {
        pane: "names", interactive: false, keyboard: false,
        icon: L.divIcon({ className: "cr-label", html: box, iconSize: [0, 0], iconAnchor: [0, -26] }),
      }));
    }
    // From afar the names would stand on each other.
    const enough = () => map.getZoom() >= 8 ? names.addTo(map) : names.remove();
    map.on("zoomend", enough);
    enough();
  }

  // Markers that would cover each other stand side by side, as near to their spot as there is
  // room; where there is none within a marker's width, the later one lies below.
  const STEPS = [[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1], [1, 1], [-1, 1], [1, -1], [-1, -1]];

  function spread(map, markers) {
    const taken = [];
    const free = (x, y) => !taken.some((t) => Math.abs(t.x - x) < PIN && Math.abs(t.y - y) < PIN);
    for (const marker of markers) {
      const spot = map.latLngToLayerPoint(marker.getLatLng());
      const [dx, dy] = STEPS.map(([x, y]) => [x * (PIN + 2), y * (PIN + 2)])
        .find(([x, y]) => free(spot.x + x, spot.y + y)) || [0, 0];
      taken.push({ x: spot.x + dx, y: spot.y + dy });
      const icon = marker.options.icon;
      icon.options.iconAnchor = [PIN / 2 - dx, PIN / 2 - dy];
      marker.setIcon(icon);
      name(marker);
    }
  }

  function name(marker) {
    const element = marker.getElement();
    if (!element) return;
    element.setAttribute("role", "button");
    element.setAttribute("aria-label", marker.options.crText);
    element.setAttribute("aria-pressed", marker.options.crSelected ? "true" : "false");
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
    const markers = data.rows.map(function (row) {
      const [id, number, title, status, distance, lat, lon] = row;
      const words = number + ". " + title + ": " + status.replace("_", " ") + ", " + distance;
      const chosen = id === data.selected;
      // On the side of the antimeridian where the place is.
      const near = lon + 360 * Math.round((data.origin[1] - lon) / 360);
      const marker = L.marker([lat, near], {
        icon: L.divIcon({
          className: "cr-pin cr-" + status + (chosen ? " cr-selected" : ""),
          html: text("span", number), iconSize: [PIN, PIN],
        }),
        keyboard: true, riseOnHover: true, zIndexOffset: chosen ? 1000 : -number,
        crText: words, crSelected: chosen,
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
      spread(current, markers);
      // A flight reports a new zoom even where it is the old one, and a fresh icon loses a click.
      let zoom = current.getZoom();
      const respread = function () {
        if (current.getZoom() !== zoom) spread(current, markers);
        zoom = current.getZoom();
      };
      current.on("zoomend", respread);
      group.on("remove", () => current.off("zoomend", respread));
      view(current, data, circle, markers);
    }, 0);
  };

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
    // One canvas for all runs: each new one would stay behind, over the others.
    paper = paper || L.canvas({ padding: 0.3 });
    const style = function (feature) {
      const found = data.classes[feature.properties.region_id];
      const chosen = feature.properties.region_id === data.selected;
      return {
        renderer: paper, interactive: !data.clicks,
        color: chosen ? "#0b2a55" : "#ffffff", weight: chosen ? 4 : data.thin ? 0.3 : 0.9,
        fillColor: found ? data.colors[found[0]] : "#d8dcd9", fillOpacity: found ? 1 : 0.4,
      };
    };
    const line = function (feature) {
      const chosen = feature.properties.region_id === data.selected;
      return {
        renderer: paper, interactive: false, fill: false,
        color: chosen ? "#0b2a55" : "#3c4f4a", weight: chosen ? 4 : data.thin ? 0.6 : 1,
      };
    };
    Promise.all([shapes(data.areas), shapes(data.outlines)]).then(function ([found, outlines]) {
      group.addLayer(L.geoJSON(found, {
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
      }));
      const over = L.geoJSON(outlines, { style: line });
      group.addLayer(over);
      group.eachLayer((layer) => layer.eachLayer && layer.eachLayer(
        (shape) => shape.feature && shape.feature.properties.region_id === data.selected && shape.bringToFront()));
      for (const [kind, lat, lon] of data.places) {
        group.addLayer(L.circleMarker([lat, lon], {
          renderer: paper, radius: data.places.length > 300 ? 2.5 : 6, weight: 2, interactive: false,
          color: kind === "added" ? "#0b57d0" : "#111", fillColor: "#fff", fillOpacity: 1,
        }));
      }
      if (data.drawn.length) {
        const path = data.drawn.length > 2 ? L.polygon : L.polyline;
        group.addLayer(path(data.drawn, { color: "#0b57d0", weight: 3, fillOpacity: 0.08, interactive: false }));
        for (const spot of data.drawn) {
          group.addLayer(L.circleMarker(spot, { radius: 5, color: "#0b57d0", fillColor: "#fff", fillOpacity: 1, interactive: false }));
        }
      }
    });
    window.setTimeout(function () {
      const map = window.map;
      if (!map || !map.hasLayer(group)) return;
      map.getContainer().setAttribute("aria-label", "Map of the regions. Everything on it is in the tables too.");
      map.getContainer().style.cursor = data.clicks ? "crosshair" : "";
    }, 0);
  };

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
