// Figures that were typed and not yet kept by the server: they wait on this device, each person's apart, and are sent
// again until they are answered. Knows no page; tells by events on the document:
//   figures-answer {place, answer, item}   figures-state {state, items, unkept: how many the device could not keep}
(function () {
  "use strict";

  var host = document.querySelector("[data-person]");
  if (!host) return;
  var person = host.dataset.person;
  var ITEM = "figures:" + person + ":";
  var BATCH = "figures-batch:" + person;
  var LAST = "figures-last:" + person; // the last answers: a page that was drawn before them can catch up
  var MOST = 200; // of the 500 that the server takes: a slow line answers sooner
  var RETRY = [2000, 5000, 15000, 30000];
  var busy = false;
  var state = "idle"; // idle, saving, offline, signed-out, other-person, server
  var failures = 0;
  var timer = 0;
  var token = csrf(document);
  var waiting = {};
  var sent = null; // the batch that waits for its answer
  var stamps = Date.now();

  function csrf(page) {
    var input = page.querySelector("input[name=csrfmiddlewaretoken]");
    return input ? input.value : "";
  }

  // --- What waits: in storage, and a copy here so that typing never has to read it ---

  function read(name) {
    try {
      return JSON.parse(localStorage.getItem(name));
    } catch (blocked) {
      return null;
    }
  }

  // Whether it is kept. Where storage is full, the last answers give way to what people typed.
  function write(name, value) {
    try {
      localStorage.setItem(name, JSON.stringify(value));
      return true;
    } catch (full) {
      if (name === LAST || !read(LAST)) return false;
      drop(LAST);
      return write(name, value);
    }
  }

  function drop(name) {
    try {
      localStorage.removeItem(name);
    } catch (blocked) {
      // Nothing was kept there.
    }
  }

  function names() {
    try {
      return Object.keys(localStorage).filter(function (name) {
        return name.indexOf(ITEM) === 0;
      });
    } catch (blocked) {
      return [];
    }
  }

  names().forEach(function (name) {
    var item = read(name);
    if (item) waiting[item.place] = item;
  });

  function items() {
    return Object.keys(waiting)
      .map(function (place) {
        return waiting[place];
      })
      .sort(function (a, b) {
        return a.stamp - b.stamp;
      });
  }

  function get(place) {
    return waiting[place] || null;
  }

  // What storage did not take (full, or switched off) lasts as long as the page: it says so, and asks before it is left.
  var unkept = {};

  function store(item) {
    waiting[item.place] = item;
    if (write(ITEM + item.place, item)) delete unkept[item.place];
    else unkept[item.place] = true;
  }

  function remove(place) {
    delete waiting[place];
    delete unkept[place];
    drop(ITEM + place);
    Object.keys(unkept).every(function (other) {
      var isKept = write(ITEM + other, waiting[other]);
      if (isKept) delete unkept[other];
      return isKept;
    });
  }

  // item: {place, name, page, version, figures, follow_up, status}; status is typed, incomplete, refused or conflict.
  function keep(item) {
    stamps = Math.max(stamps + 1, Date.now());
    item.stamp = stamps;
    item.at = item.at || new Date().toISOString();
    store(item);
    tell();
  }

  function forget(place) {
    remove(place);
    tell();
  }

  function tell() {
    var detail = { state: state, items: items(), unkept: Object.keys(unkept).length };
    document.dispatchEvent(new CustomEvent("figures-state", { detail: detail }));
  }

  function become(next) {
    state = next;
    tell();
  }

  // --- Sending: one batch at a time, kept with its key until it is answered, so that it is never done twice ---

  function key() {
    var bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, function (one) {
      return one.toString(16).padStart(2, "0");
    }).join("");
  }

  function nextBatch() {
    sent = sent || read(BATCH);
    if (sent) return sent;
    var ready = items()
      .filter(function (one) {
        return one.status === "typed";
      })
      .slice(0, MOST);
    if (!ready.length) return null;
    var stamps_ = {};
    ready.forEach(function (one) {
      stamps_[one.place] = one.stamp;
    });
    sent = {
      stamps: stamps_,
      body: {
        key: key(),
        person: Number(person),
        cells: ready.map(function (one) {
          return { place: one.place, version: one.version, figures: one.figures, follow_up: one.follow_up };
        }),
      },
    };
    write(BATCH, sent);
    return sent;
  }

  function soon(delay) {
    window.clearTimeout(timer);
    timer = window.setTimeout(send, delay);
  }

  function send() {
    window.clearTimeout(timer);
    if (busy) return;
    var batch = nextBatch();
    if (!batch) {
      if (state === "saving") become("idle");
      return;
    }
    busy = true;
    if (state === "idle") become("saving");
    post(batch, true)
      .catch(function () {
        return "offline";
      })
      .then(function (next) {
        busy = false;
        if (next === "idle") {
          failures = 0;
          state = "idle";
          tell();
          if (items().some(isTyped)) soon(0);
          return;
        }
        become(next);
        failures += 1;
        if (next === "offline" || next === "server") soon(RETRY[Math.min(failures, RETRY.length) - 1]);
      });
  }

  function isTyped(item) {
    return item.status === "typed";
  }

  function post(batch, mayRenew) {
    return fetch(host.dataset.saveUrl, {
      method: "POST",
      redirect: "manual",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: JSON.stringify(batch.body),
    }).then(function (response) {
      if (response.type === "opaqueredirect" || response.status === 401) return "signed-out";
      if (response.status === 403) return mayRenew ? renew(batch) : "signed-out";
      if (response.status === 409) return "other-person";
      if (response.status >= 500 || response.status === 429) return "server";
      return response.json().then(function (answer) {
        sent = null;
        drop(BATCH);
        if (response.ok) settle(batch, answer.results);
        else refuse(batch, answer.message || "");
        return "idle";
      });
    });
  }

  // Whoever signed in again in another window has a new token: this page asks for it once, and looks who it is.
  function renew(batch) {
    return fetch(location.href, { redirect: "manual", credentials: "same-origin" }).then(function (response) {
      if (!response.ok) return "signed-out";
      return response.text().then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        var there = page.querySelector("[data-person]");
        if (!there || there.dataset.person !== person) return "other-person";
        token = csrf(page);
        return post(batch, false);
      });
    });
  }

  function settle(batch, results) {
    write(LAST, { at: Date.now(), results: results });
    Object.keys(results).forEach(function (place) {
      var answer = results[place];
      var item = get(place);
      var isLatest = item && item.stamp === batch.stamps[place];
      if (answer.outcome === "saved" || answer.outcome === "same") {
        if (isLatest) remove(place);
        else if (item) store(Object.assign(item, { version: answer.version || 0 }));
      } else if (isLatest) {
        item.status = answer.outcome;
        item.message = (answer.errors || []).join(" ");
        item.stored = answer.stored;
        store(item);
      }
      document.dispatchEvent(
        new CustomEvent("figures-answer", { detail: { place: place, answer: answer, isLatest: isLatest || !item } }),
      );
    });
  }

  function refuse(batch, message) {
    batch.body.cells.forEach(function (cell) {
      var item = get(cell.place);
      if (!item || item.stamp !== batch.stamps[cell.place]) return;
      item.status = "refused";
      item.message = message;
      store(item);
      document.dispatchEvent(
        new CustomEvent("figures-answer", {
          detail: { place: cell.place, answer: { outcome: "refused", errors: [message] }, isLatest: true },
        }),
      );
    });
  }

  window.addEventListener("online", send);
  window.addEventListener("focus", function () {
    if (state !== "idle") send();
  });
  window.addEventListener("offline", function () {
    if (items().length) become("offline");
  });
  window.addEventListener("beforeunload", function (event) {
    if (Object.keys(unkept).length) event.preventDefault();
  });
  window.addEventListener("storage", function (event) {
    if (!event.key || event.key.indexOf(ITEM) !== 0) return;
    var place = event.key.slice(ITEM.length);
    if (event.newValue) waiting[place] = JSON.parse(event.newValue);
    else delete waiting[place];
    tell();
  });

  function lastAnswers() {
    var last = read(LAST);
    return last && Date.now() - last.at < 60000 ? last.results : {};
  }

  window.figureQueue = {
    get: get, items: items, keep: keep, forget: forget, send: send, soon: soon, tell: tell, lastAnswers: lastAnswers,
  };
  if (items().some(isTyped) || read(BATCH)) soon(0);
})();
