// The ground of a map: one PMTiles file (version 3, gzip, vector tiles), drawn by Leaflet on canvas.
// Formats: github.com/protomaps/PMTiles spec v3; github.com/mapbox/vector-tile-spec 2.1.
(function () {
  "use strict";
  const decoder = new TextDecoder();
  const MOST_TILES = 160;
  // From here on streets, where they are known, take the place of the ground of the whole.
  const STREETS_FROM = 9;

  async function unzipped(bytes) {
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  function varint(at) {
    let value = 0, scale = 1, byte;
    do {
      byte = at.bytes[at.i++];
      value += (byte & 127) * scale;
      scale *= 128;
    } while (byte > 127);
    return value;
  }

  // Entries of a directory: the first tile's number, for how many tiles, where, and how long.
  function directory(bytes) {
    const at = { bytes, i: 0 }, entries = Array.from({ length: varint(at) }, () => ({}));
    let number = 0;
    for (const entry of entries) entry.number = number += varint(at);
    for (const entry of entries) entry.run = varint(at);
    for (const entry of entries) entry.size = varint(at);
    entries.forEach(function (entry, k) {
      const value = varint(at);
      entry.start = value ? value - 1 : entries[k - 1].start + entries[k - 1].size;
    });
    return entries;
  }

  // A tile's place on the Hilbert curve over all zooms.
  function numberOf(z, x, y) {
    let number = (4 ** z - 1) / 3;
    for (let side = 2 ** (z - 1); side >= 1; side /= 2) {
      const right = (x & side) ? 1 : 0, down = (y & side) ? 1 : 0;
      number += side * side * ((3 * right) ^ down);
      if (!down) {
        if (right) { x = side - 1 - x; y = side - 1 - y; }
        [x, y] = [y, x];
      }
    }
    return number;
  }

  class Archive {
    // Of an address, or of the whole file in base64.
    constructor(tiles) {
      this.url = tiles;
      this.whole = tiles.inline ? Uint8Array.from(atob(tiles.inline), (c) => c.charCodeAt(0)) : null;
      this.leaves = new Map();
      this.ready = this.open();
    }

    async range(start, size) {
      if (!this.whole) {
        const headers = { Range: `bytes=${start}-${start + size - 1}` };
        const answer = await fetch(this.url, { headers });
        if (!answer.ok) throw new Error(`the ground cannot be read: ${answer.status}`);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        if (answer.status === 206) return bytes;
        this.whole = bytes;  // a server without ranges sends all of it
      }
      return this.whole.subarray(start, start + size);
    }

    async open() {
      const head = await this.range(0, 16384);
      const view = new DataView(head.buffer, head.byteOffset);
      const whole = (k) => Number(view.getBigUint64(k, true));
      this.leavesStart = whole(40);
      this.dataStart = whole(56);
      this.minZoom = head[100];
      this.maxZoom = head[101];
      this.box = [102, 106, 110, 114].map((k) => view.getInt32(k, true) / 1e7);  // west, south, east, north
      this.root = directory(await unzipped(head.subarray(whole(8), whole(8) + whole(16))));
    }

    async tile(z, x, y) {
      await this.ready;
      const number = numberOf(z, x, y);
      let entries = this.root;
      for (let depth = 0; depth < 4; depth++) {
        let low = 0, high = entries.length - 1;
        while (low < high) {
          const middle = (low + high + 1) >> 1;
          if (entries[middle].number <= number) low = middle; else high = middle - 1;
        }
        const entry = entries[low];
        if (!entry || entry.number > number) return null;
        if (entry.run) {
          if (number >= entry.number + entry.run) return null;
          return unzipped(await this.range(this.dataStart + entry.start, entry.size));
        }
        if (!this.leaves.has(entry.start)) {
          const leaf = this.range(this.leavesStart + entry.start, entry.size);
          this.leaves.set(entry.start, leaf.then(unzipped).then(directory));
        }
        entries = await this.leaves.get(entry.start);
      }
      return null;
    }
  }

  // The fields of a protobuf message: of those with a length, where they begin and end.
  function fields(bytes, start, end, on) {
    const at = { bytes, i: start };
    while (at.i < end) {
      const tag = varint(at), kind = tag & 7;
      if (kind === 2) {
        const size = varint(at);
        on(tag >> 3, at.i, at.i + size);
        at.i += size;
      } else if (kind === 0) on(tag >> 3, varint(at));
      else at.i += kind === 1 ? 8 : 4;
    }
  }

  // A tile: layer to what is drawn in one go, and to names with where they belong, in tiles.
  function parsed(bytes) {
    const layers = {};
    fields(bytes, 0, bytes.length, function (field, start, end) {
      if (field !== 3) return;
      let layer, extent = 4096;
      const features = [], keys = [], values = [];
      fields(bytes, start, end, function (f, s, e) {
        if (f === 1) layer = decoder.decode(bytes.subarray(s, e));
        else if (f === 5) extent = s;
        else if (f === 2) features.push([s, e]);
        else if (f === 3) keys.push(decoder.decode(bytes.subarray(s, e)));
        else if (f === 4) {
          let value = "";
          fields(bytes, s, e, (g, u, w) => { if (g === 1) value = decoder.decode(bytes.subarray(u, w)); });
          values.push(value);
        }
      });
      const path = new Path2D(), names = [];
      for (const [s, e] of features) feature(bytes, s, e, extent, keys, values, path, names);
      layers[layer] = { path, names };
    });
    return layers;
  }

  function feature(bytes, start, end, extent, keys, values, path, names) {
    let name = "", type = 0, longest = null, first = null;
    fields(bytes, start, end, function (field, s, e) {
      const at = { bytes, i: s };
      if (field === 3) type = s;
      if (field === 2) {
        while (at.i < e) {
          const key = keys[varint(at)], value = values[varint(at)];
          if (key === "name") name = value;
        }
      }
      if (field !== 4) return;
      let x = 0, y = 0, px = 0, py = 0;
      const step = () => { const v = varint(at); return v % 2 ? -(v + 1) / 2 : v / 2; };
      while (at.i < e) {
        const command = varint(at), what = command & 7;
        if (what === 7) { path.closePath(); continue; }
        for (let n = command >> 3; n > 0; n--) {
          x += step(); y += step();
          const qx = x / extent, qy = y / extent;
          first = first || [qx, qy];
          if (type === 1) continue;
          if (what === 1) path.moveTo(qx, qy);
          else {
            path.lineTo(qx, qy);
            const length = Math.hypot(qx - px, qy - py);
            if (!longest || length > longest[0]) longest = [length, px, py, qx, qy];
          }
          px = qx; py = qy;
        }
      }
    });
    if (!name || !first) return;
    if (type === 1) {
      // A point near the edge is in the next tile, too.
      if (first[0] >= 0 && first[0] < 1 && first[1] >= 0 && first[1] < 1) names.push({ name, x: first[0], y: first[1] });
    } else if (longest) {
      const [length, ax, ay, bx, by] = longest;
      names.push({ name, x: (ax + bx) / 2, y: (ay + by) / 2, length, angle: Math.atan((by - ay) / (bx - ax || 1e-9)) });
    }
  }

  const COLORS = {
    light: {
      urban: "#efe7dc", green: "#e1ecd3", ice: "#eef6fb", water: "#bcd9ea", building: "#e2dad0",
      river: "#93bfdc", stream: "#a9cde3", rail: "#a3a3a3", border0: "#9a8fa8", border1: "#b9b2c4",
      road1: "#cf8148", road2: "#dda563", road3: "#d9bf86", road4: "#d2c7b4", road5: "#cfc7ba", road6: "#d8d1c6", road7: "#d8cfc2",
      link: "#c08a4a", town: "#33403d", region: "#5a5370", water_name: "#35709a", street: "#5b5b5b", halo: "rgba(255,255,255,.92)",
    },
    dark: {
      urban: "#2e3634", green: "#20372d", ice: "#3b4a52", water: "#173449", building: "#37413e",
      river: "#2f6486", stream: "#29536d", rail: "#6c7270", border0: "#8f86a3", border1: "#5f5972",
      road1: "#b06f42", road2: "#93703f", road3: "#7a6a45", road4: "#565a54", road5: "#4a514e", road6: "#434b48", road7: "#434b48",
      link: "#8d6d42", town: "#dfe9e6", region: "#b9b0d4", water_name: "#7fb6dc", street: "#aab3b0", halo: "rgba(16,29,27,.9)",
    },
  };
  // [layer, from which zoom, how, colour, width at zoom 10, how much wider with each zoom].
  const FILLS = [
    ["urban", 0], ["green", 0], ["green2", 12, "green"], ["ice", 0], ["ocean", 0, "water"], ["water", 0], ["pond", 12, "water"], ["building", 14],
  ];
  const LINES = [
    ["link", 7, 1.2, 1.05], ["stream", 11, 0.6, 1.15], ["river", 0, 1.4, 1.15], ["rail", 7, 0.8, 1.08], ["border1", 0, 1, 1.05], ["border0", 0, 1.6, 1.05],
    ["road7", 15, 0.3, 1.25], ["road6", 14, 0.3, 1.35], ["road5", 12, 0.4, 1.38], ["road4", 7, 0.8, 1.3],
    ["road3", 6, 1.1, 1.28], ["road2", 5, 1.5, 1.26], ["road1", 0, 2, 1.24],
  ];
  // [layer, from zoom, to zoom, size, weight, colour], the first ones have the right of way.
  const NAMES = [
    ["country", 0, 9, 14, 600, "region"], ["town1", 0, 20, 15, 700, "town"], ["state", 4, 7.9, 12, 600, "region"],
    ["town2", 5, 20, 14, 650, "town"], ["sea", 4, 20, 12, 400, "water_name"], ["town3", 6.5, 20, 13, 600, "town"],
    ["town4", 7.5, 20, 12.5, 600, "town"], ["lake", 6, 20, 11.5, 400, "water_name"],
    ["town5", 8.75, 20, 12, 500, "town"], ["suburb", 11.5, 20, 12, 500, "town"], ["town6", 9.75, 20, 11.5, 400, "town"],
  ];
  const NAMED_LINES = [
    ["river", 8, "water_name"], ["road1", 12, "street"], ["road2", 12, "street"], ["road3", 13, "street"],
    ["road4", 14, "street"], ["road5", 15, "street"],
  ];

  // One canvas somewhat larger than the map: no seams between tiles, sharp at every zoom, and moved
  // and scaled by Leaflet like its own drawings while the map moves.
  const Ground = L.Renderer.extend({
    // Archives: the ground of the whole, and streets of some area, which take its place close by.
    initialize(archives, options) {
      L.Renderer.prototype.initialize.call(this, { padding: 0.25, pane: "ground", ...options });
      this._archives = archives;
      this._tiles = new Map();
      for (const archive of archives.filter(Boolean)) archive.ready.then(() => this._map && this._update(), () => {});
    },
    _initContainer() {
      this._container = document.createElement("canvas");
      this._container.style.pointerEvents = "none";
    },
    _updatePaths() {},
    _update() {
      if (this._map._animatingZoom && this._bounds) return;
      L.Renderer.prototype._update.call(this);
      const size = this._bounds.getSize(), canvas = this._container;
      L.DomUtil.setPosition(canvas, this._bounds.min);
      this._scale = Math.min(2, window.devicePixelRatio || 1);
      canvas.width = Math.round(this._scale * size.x);
      canvas.height = Math.round(this._scale * size.y);
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
      this._draw();
    },
    // The tiles of the present view that are here, with where they lie on the layer.
    _shown() {
      const zoom = this._map.getZoom(), streets = this._archives[1];
      const close = streets && streets.root && zoom >= STREETS_FROM;
      const whole = this._archives[0] ? this._of(0, zoom) : [];
      if (!close && (whole.length || !streets)) return whole;
      const near = this._of(1, zoom);
      if (!close) return near;
      const [west, south, east, north] = streets.box;
      const inside = (tile) => tile.east > west && tile.west < east && tile.north > south && tile.south < north;
      const names = (tile) => ({ ...tile, layers: Object.fromEntries(["country", "state"].filter((n) => tile.layers[n]).map((n) => [n, tile.layers[n]])) });
      return [...whole.map((tile) => inside(tile) ? names(tile) : tile), ...near];
    },
    _of(number, zoom) {
      const archive = this._archives[number], map = this._map;
      if (!archive.root || zoom < archive.minZoom - 1) return [];
      const z = Math.max(archive.minZoom, Math.min(archive.maxZoom, Math.floor(zoom + 0.25)));
      const size = 256 * 2 ** (zoom - z), origin = map.getPixelOrigin(), count = 2 ** z, shown = [];
      const low = this._bounds.min.add(origin).divideBy(size).floor();
      const high = this._bounds.max.add(origin).divideBy(size).floor();
      for (let x = low.x; x <= high.x; x++) {
        for (let y = Math.max(low.y, 0); y <= Math.min(high.y, count - 1); y++) {
          const layers = this._tile(number, z, ((x % count) + count) % count, y);
          if (!layers) continue;
          const corner = map.unproject([x * 256, y * 256], z), other = map.unproject([(x + 1) * 256, (y + 1) * 256], z);
          shown.push({
            layers, size, x: x * size - origin.x, y: y * size - origin.y,
            west: corner.lng, north: corner.lat, east: other.lng, south: other.lat,
          });
        }
      }
      return shown;
    },
    _tile(number, z, x, y) {
      const key = `${number}/${z}/${x}/${y}`, tiles = this._tiles;
      const known = tiles.get(key);
      if (known !== undefined) {
        tiles.delete(key);  // what was wanted last is let go last
        tiles.set(key, known);
        return known;
      }
      tiles.set(key, null);
      this._archives[number].tile(z, x, y).then((bytes) => {
        if (bytes) tiles.set(key, parsed(bytes));
        if (bytes && this._map) this._soon();
      }, () => tiles.delete(key));
      while (tiles.size > MOST_TILES) tiles.delete(tiles.keys().next().value);
      return null;
    },
    _soon() {
      this._asked = this._asked || L.Util.requestAnimFrame(function () {
        this._asked = null;
        if (this._map && !this._map._animatingZoom) this._draw();
      }, this);
    },
    _draw() {
      const context = this._container.getContext("2d"), zoom = this._map.getZoom();
      const colors = COLORS[this.options.dark ? "dark" : "light"], r = this._scale;
      const tiles = this._tilesShown = this._shown();
      const began = performance.now();
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this._container.width, this._container.height);
      context.lineJoin = context.lineCap = "round";
      const each = (layer, paint) => {
        for (const tile of tiles) {
          if (!tile.layers[layer]) continue;
          const scale = r * tile.size;
          context.setTransform(scale, 0, 0, scale, r * (tile.x - this._bounds.min.x), r * (tile.y - this._bounds.min.y));
          paint(tile.layers[layer].path, tile.size);
        }
      };
      for (const [layer, from, color] of FILLS) {
        if (zoom < from || (this.options.lines && !["ocean", "water", "pond"].includes(layer))) continue;
        context.fillStyle = colors[color || layer];
        each(layer, (path) => context.fill(path, "evenodd"));
      }
      // Over coloured areas the lines are there to find one's way, and no more.
      context.globalAlpha = this.options.lines ? 0.55 : 1;
      for (const [layer, from, width, growth] of LINES) {
        if (zoom < from || (this.options.lines && layer.startsWith("border"))) continue;
        context.strokeStyle = colors[layer];
        each(layer, function (path, size) {
          context.lineWidth = Math.max(0.5, width * growth ** (zoom - 10)) / size;
          context.setLineDash(layer === "link" ? [5 / size, 4 / size] : []);
          context.stroke(path);
        });
      }
      context.globalAlpha = 1;
      this.fire("drawn", { ms: performance.now() - began });
    },
  });

  // Names over everything but the markers, none on another and none on a marker.
  const Names = L.Renderer.extend({
    initialize(ground, labels, options) {
      L.Renderer.prototype.initialize.call(this, { padding: 0.1, pane: "names", ...options });
      this._ground = ground;
      this._labels = labels;
      this.avoid = [];  // places that are drawn without a marker: latitude, longitude, pixels around
      if (ground) ground.on("drawn", () => this._map && this._soon());
    },
    _initContainer() {
      this._container = document.createElement("canvas");
      this._container.style.pointerEvents = "none";
    },
    _updatePaths() {},
    _soon: Ground.prototype._soon,
    _update: Ground.prototype._update,
    setLabels(labels) {
      this._labels = labels;
      this.redraw();
    },
    redraw() {
      if (this._map) this._soon();
    },
    _draw() {
      const context = this._container.getContext("2d"), map = this._map, zoom = map.getZoom();
      const colors = COLORS[this.options.dark ? "dark" : "light"], r = this._scale, bounds = this._bounds;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, this._container.width, this._container.height);
      context.setTransform(r, 0, 0, r, -r * bounds.min.x, -r * bounds.min.y);
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.lineJoin = "round";
      const taken = this._markers(), written = new Map();
      // Wholly inside what is seen: a name that is cut off is none.
      const corner = map.containerPointToLayerPoint([0, 0]), seen = L.bounds(corner, corner.add(map.getSize()));
      const smaller = zoom < 6 ? 0.8 : 1;
      const put = function (name, x, y, full, weight, color, angle) {
        if (!seen.contains([x, y])) return;
        const size = full * smaller;
        // A river or street is named once in a while, a town once.
        if ((written.get(name) || []).some(([u, v]) => Math.hypot(u - x, v - y) < (angle === undefined ? 1e6 : 260))) return;
        context.font = `${weight} ${size}px "Source Sans", system-ui, sans-serif`;
        const wide = context.measureText(name).width, turn = angle || 0;
        const w = (wide * Math.abs(Math.cos(turn)) + size * Math.abs(Math.sin(turn))) / 2 + 3;
        const h = (wide * Math.abs(Math.sin(turn)) + size * Math.abs(Math.cos(turn))) / 2 + 2;
        const box = [x - w, y - h, x + w, y + h];
        if (x - w < seen.min.x || x + w > seen.max.x || y - h < seen.min.y || y + h > seen.max.y) return;
        if (taken.some((t) => t[0] < box[2] && t[2] > box[0] && t[1] < box[3] && t[3] > box[1])) return;
        taken.push(box);
        written.set(name, [...(written.get(name) || []), [x, y]]);
        context.save();
        context.translate(x, y);
        context.rotate(turn);
        context.strokeStyle = colors.halo;
        context.lineWidth = 3;
        context.strokeText(name, 0, 0);
        context.fillStyle = color;
        context.fillText(name, 0, 0);
        context.restore();
      };
      const tiles = this._ground && this._ground._tilesShown || [];
      const regions = () => {
        for (const label of this._labels) {
          if (zoom < label.from) continue;
          const spot = map.latLngToLayerPoint([label.lat, label.lon]);
          put(label.name, spot.x, spot.y + label.below, 12, 600, colors.region);
        }
      };
      // On a map of regions their names come before those of towns.
      if (this.options.lines || !tiles.length) regions();
      for (const [layer, from, to, size, weight, color] of NAMES) {
        if (zoom < from || zoom > to) continue;
        for (const tile of tiles) {
          for (const n of (tile.layers[layer] || { names: [] }).names) {
            put(n.name, tile.x + n.x * tile.size, tile.y + n.y * tile.size, size, weight, colors[color]);
          }
        }
        if (layer === "town3" && !this.options.lines) regions();
      }
      for (const [layer, from, color] of NAMED_LINES) {
        if (zoom < from) continue;
        for (const tile of tiles) {
          for (const n of (tile.layers[layer] || { names: [] }).names) {
            if (n.length * tile.size < 5 * n.name.length && layer !== "river") continue;
            put(n.name, tile.x + n.x * tile.size, tile.y + n.y * tile.size, 11, 400, colors[color], layer === "river" && n.length * tile.size < 4 * n.name.length ? 0 : n.angle);
          }
        }
      }
      this.written = [...written.keys()];
    },
    // Where markers, their labels and the map's controls are, on the layer.
    _markers() {
      const map = this._map, frame = map.getContainer(), edge = frame.getBoundingClientRect();
      const parts = [...frame.querySelectorAll(".leaflet-control, .cr-locate")];
      map.eachLayer(function (layer) {
        const element = layer instanceof L.Marker && layer.getElement();
        if (element) parts.push(element, ...element.children);
      });
      const boxes = parts.map((part) => part.getBoundingClientRect()).filter((box) => box.width).map(function (box) {
        const low = map.containerPointToLayerPoint([box.left - edge.left, box.top - edge.top]);
        return [low.x, low.y, low.x + box.width, low.y + box.height];
      });
      for (const [lat, lon, radius] of this.avoid) {
        const { x, y } = map.latLngToLayerPoint([lat, lon]);
        boxes.push([x - radius, y - radius, x + radius, y + radius]);
      }
      return boxes;
    },
  });

  // Draw a ground; data: { tiles: [address or { inline: base64 }, ...], dark, lines }.
  window.careReachGround = function (map, data, labels) {
    map.createPane("ground").style.zIndex = 200;
    const names = map.createPane("names");
    names.style.zIndex = 450;
    names.style.pointerEvents = "none";
    const look = { dark: data.dark, lines: data.lines };
    const archives = data.tiles.map((tiles) => tiles && new Archive(tiles));
    const ground = archives.length ? new Ground(archives, look).addTo(map) : null;
    return { ground, names: new Names(ground, labels, look).addTo(map) };
  };
})();
