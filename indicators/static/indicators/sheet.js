// A sheet of figures: says how each cell stands, checks totals while one types, settles what two people changed,
// shows what is known of a cell. What is typed goes to figureQueue (queue.js), which keeps and sends it.
(function () {
  "use strict";

  var form = document.querySelector("[data-sheet]");
  var queue = window.figureQueue;
  if (!form || !queue) return;

  var words = document.getElementById("sheet-words").dataset;
  var base = JSON.parse(form.querySelector("[data-base]").value || "{}");
  var ANSWERS = ["numerator", "denominator", "value", "standard_error", "sample_size", "text", "missing_reason"];
  var PAUSE = 700; // from the last key to the sending
  var places = {};
  var selected = null;

  function say(name, values) {
    return words[name].replace(/\{(\w+)\}/g, function (_all, key) {
      return values && key in values ? values[key] : "";
    });
  }

  // --- Places and what stands in them ---

  document.querySelectorAll("[data-place]").forEach(function (node) {
    var key = node.dataset.place;
    var inputs = Array.from(node.querySelectorAll("[data-cell]"));
    places[key] = { key: key, node: node, inputs: inputs, line: node.closest("[data-line]"), group: node.closest("[data-group]") };
  });
  document.querySelectorAll("[data-of]").forEach(function (node) {
    places[node.dataset.of].inputs.push(node);
  });

  var ofLine = new Map();
  Object.keys(places).forEach(function (key) {
    var line = places[key].line;
    if (!ofLine.has(line)) ofLine.set(line, []);
    ofLine.get(line).push(places[key]);
  });

  function placeOf(cell) {
    var node = cell.closest("[data-place]");
    return places[node ? node.dataset.place : cell.dataset.of];
  }

  function isOpen(place) {
    return !base[place.key] || base[place.key].state === "draft" || base[place.key].state === "returned";
  }

  function texts(place) {
    var found = {};
    place.inputs.forEach(function (input) {
      if (input.dataset.field) found[input.dataset.field] = input.value.trim();
    });
    return found;
  }

  function figures(place) {
    var found = texts(place);
    var item = queue.get(place.key);
    var comment = item && "comment" in item.figures ? item.figures.comment : (base[place.key] || {}).comment;
    if (comment !== undefined) found.comment = comment;
    return found;
  }

  function flag(place) {
    var item = queue.get(place.key);
    if (item && item.follow_up !== null && item.follow_up !== undefined) return item.follow_up;
    return Boolean((base[place.key] || {}).follow_up);
  }

  function isEmpty(found) {
    return ANSWERS.every(function (name) {
      return !found[name];
    });
  }

  function isHalf(found) {
    if (found.missing_reason || !("numerator" in found)) return false;
    return Boolean(found.numerator) !== Boolean(found.denominator);
  }

  function isStored(place, found, follow) {
    var stored = base[place.key] || { texts: {} };
    return (
      ANSWERS.every(function (name) {
        return (found[name] || "") === (stored.texts[name] || "");
      }) &&
      (found.comment || "") === (stored.comment || "") &&
      follow === Boolean(stored.follow_up)
    );
  }

  // --- Typing ---

  function changed(place, found, follow) {
    var item = queue.get(place.key);
    var version = item ? item.version : (base[place.key] || {}).version || 0;
    var isSent = item && item.status === "typed"; // it may be on its way: only an answer settles it
    if (!isSent && isStored(place, found, follow)) queue.forget(place.key);
    else {
      var lacks = isHalf(found) || (isEmpty(found) && !version && !isSent);
      if (lacks && isEmpty(found) && !found.comment && !follow) queue.forget(place.key);
      else
        queue.keep({
          place: place.key,
          name: place.node.dataset.name,
          page: location.pathname,
          version: version,
          figures: found,
          follow_up: follow,
          status: lacks ? "incomplete" : "typed",
        });
    }
    mark(place);
    check(place);
    queue.soon(PAUSE);
  }

  form.addEventListener("input", function (event) {
    if (event.target.matches("[data-cell]")) {
      var place = placeOf(event.target);
      changed(place, figures(place), flag(place));
    }
  });

  // --- How a place stands, as a sign with its word ---

  var SIGNS = {
    saved: "✓", typed: "↑", saving: "…", waits: "⇡", refused: "!", conflict: "⇄", incomplete: "½", warned: "?",
  };

  function standing(place) {
    var item = queue.get(place.key);
    if (!item) {
      if (place.warnings && place.warnings.length) return "warned";
      return place.isSaved ? "saved" : "";
    }
    if (item.status !== "typed") return item.status;
    if (state === "saving") return "saving";
    return state === "idle" ? "typed" : "waits";
  }

  function message(place) {
    var item = queue.get(place.key);
    if (item && item.message && item.status === "refused") return item.message;
    if (item && item.status === "incomplete" && isEmpty(item.figures)) return words.commentWaits;
    if (item) return "";
    var one = base[place.key];
    if (one && one.returned) return "“" + one.returned + "”";
    var isExplained = one && one.comment;
    return !isExplained && place.warnings ? place.warnings.join(" ") : "";
  }

  function mark(place) {
    var now = standing(place);
    if (now === "warned" && (base[place.key] || {}).comment) now = "saved";
    var item = queue.get(place.key);
    place.node.dataset.standing = now;
    var sign = place.node.querySelector("[data-mark]");
    var text = SIGNS[now] || "";
    if (flag(place)) text += "⚑";
    if (figures(place).comment) text += "✎";
    if (sign.textContent !== text) sign.textContent = text;
    sign.title = now ? words[now] : "";
    var error = place.node.querySelector("[data-error]");
    var said = now === "refused" ? message(place) : now === "conflict" ? words.conflict : "";
    if (error.textContent !== said) error.textContent = said;
    place.inputs.forEach(function (input) {
      var isWrong = now === "refused" || now === "conflict";
      if (isWrong) {
        input.setAttribute("aria-invalid", "true");
        input.setAttribute("aria-describedby", place.key + "-e");
      } else {
        input.removeAttribute("aria-invalid");
        input.removeAttribute("aria-describedby");
      }
      if (isOpen(place) && input.tagName !== "SELECT") input.readOnly = Boolean(item && item.status === "conflict");
    });
    if (place === selected) showDock();
  }

  // --- Totals and shares while one types. The server judges; this only tells early. ---

  var DIGITS = "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹";

  function micro(text) {
    var plain = text.replace(/[٠-٩۰-۹]/g, function (one) {
      return String(DIGITS.indexOf(one) % 10);
    });
    var found = /^([+-]?)(\d+)(?:[.٫](\d{1,6}))?$/.exec(plain.trim().replace("−", "-"));
    if (!found) return null;
    var number = BigInt(found[2] + (found[3] || "").padEnd(6, "0"));
    return found[1] === "-" ? -number : number;
  }

  function plain(number) {
    var text = String(number < 0n ? -number : number).padStart(7, "0");
    var part = text.slice(-6).replace(/0+$/, "");
    return (number < 0n ? "-" : "") + text.slice(0, -6) + (part ? "." + part : "");
  }

  function cellOf(key) {
    return key.split(".").slice(3).join(".");
  }

  function check(place) {
    var line = place.line;
    var lines = ofLine.get(line);
    var total = lines.find(function (one) {
      return !cellOf(one.key);
    });
    var said = [];
    if (total) {
      showShare(total);
      said = aboveOf(total).concat(sumsOf(total, lines));
    }
    var odd = lines.map(oddness).filter(Boolean);
    said = odd
      .filter(function (word, at) {
        return odd.indexOf(word) === at;
      })
      .concat(said);
    var node = line.querySelector("[data-sum]");
    var text = said.join(". ");
    if (node.textContent !== text) node.textContent = text;
  }

  // The word for a place that asks for something; nothing for one that goes its way.
  function oddness(place) {
    var now = place.node.dataset.standing;
    return now && ["saved", "typed", "saving"].indexOf(now) < 0 ? words[now] : "";
  }

  function aboveOf(total) {
    var found = texts(total);
    if (!total.group.hasAttribute("data-share-of-whole") || !found.numerator || !found.denominator) return [];
    var part = micro(found.numerator);
    var whole = micro(found.denominator);
    if (part === null || whole === null || part <= whole) return [];
    return [say("above", { part: plain(part), whole: plain(whole) })];
  }

  // Parts are compared with their total once all of them are there, or when they are more than it already.
  function sumsOf(total, lines) {
    if (!total.group.dataset.adds) return [];
    var dimensions = {};
    lines.forEach(function (one) {
      var cell = cellOf(one.key);
      if (cell && cell.indexOf(";") < 0) (dimensions[cell.split("=")[0]] = dimensions[cell.split("=")[0]] || []).push(one);
    });
    var said = [];
    Object.keys(dimensions).forEach(function (name) {
      ["numerator", "denominator", "value"].forEach(function (field) {
        var whole = micro(texts(total)[field] || "");
        var parts = dimensions[name].map(function (one) {
          return micro(texts(one)[field] || "");
        });
        var known = parts.filter(function (one) {
          return one !== null;
        });
        if (whole === null || !known.length) return;
        var sum = known.reduce(function (a, b) {
          return a + b;
        });
        if (sum !== whole && (known.length === parts.length || sum > whole))
          said.push(say("sum", { parts: plain(sum), total: plain(whole) }));
      });
    });
    return said;
  }

  function showShare(total) {
    var node = total.line.querySelector("[data-share]");
    var text = "";
    var stored = base[total.key];
    var found = texts(total);
    if (total.group.dataset.scale && found.numerator && found.denominator) {
      var part = micro(found.numerator);
      var whole = micro(found.denominator);
      if (stored && isStored(total, figures(total), flag(total))) text = "= " + stored.text.split(" = ")[1];
      else if (part !== null && whole) {
        var share = (Number(total.group.dataset.scale) * Number(part)) / Number(whole);
        text = "= " + String(Math.round(share * 10) / 10) + (total.group.dataset.scale === "100" ? "\u00a0%" : "");
      }
    }
    if (node.textContent !== text) node.textContent = text;
  }

  // --- What the server answered ---

  document.addEventListener("figures-answer", function (event) {
    var place = places[event.detail.place];
    var answer = event.detail.answer;
    if (!place) return;
    if (answer.outcome === "saved" || answer.outcome === "same") {
      if (answer.version) base[place.key] = answer;
      else delete base[place.key];
      place.isSaved = true;
      place.warnings = answer.warnings || [];
      showState(place);
    }
    mark(place);
    check(place);
    showMerge();
  });

  function showState(place) {
    if (cellOf(place.key)) return;
    var node = place.line.querySelector("[data-state]");
    var state_ = (base[place.key] || {}).state;
    if (!state_) node.textContent = "";
    else if (state_ === "draft" && !node.firstElementChild)
      node.replaceChildren(document.getElementById("draft-badge").content.cloneNode(true));
  }

  var state = "idle";
  var announced = "";
  document.addEventListener("figures-state", function (event) {
    var before = state;
    state = event.detail.state;
    var items = event.detail.items;
    if (before !== state)
      items.forEach(function (item) {
        if (!places[item.place]) return;
        mark(places[item.place]);
        check(places[item.place]);
      });
    showStatus(items, event.detail.unkept);
  });

  function count(items, status) {
    return items.filter(function (one) {
      return one.status === status;
    }).length;
  }

  var STATES = { offline: "offlineN", "signed-out": "signedOutN", "other-person": "otherPersonN", server: "serverN" };

  function showStatus(items, unkept) {
    var waiting = count(items, "typed");
    var said = [];
    if (unkept) said.push(say("unkeptN", { n: unkept }));
    if (waiting && STATES[state]) said.push(say(STATES[state], { n: waiting, who: form.dataset.personName }));
    else if (waiting) said.push(say("savingN", { n: waiting }));
    [
      ["refused", "refusedN"],
      ["conflict", "conflictN"],
      ["incomplete", "incompleteN"],
    ].forEach(function (pair) {
      if (count(items, pair[0])) said.push(say(pair[1], { n: count(items, pair[0]) }));
    });
    var elsewhere = items.filter(function (one) {
      return !places[one.place];
    }).length;
    if (elsewhere) said.push(say("elsewhereN", { n: elsewhere }));
    if (!said.length) said.push(words.allSaved);
    form.dataset.state = waiting ? (STATES[state] ? "waits" : "saving") : said[0] === words.allSaved ? "saved" : "refused";
    var text = said.join(" · ");
    if (text === announced) return;
    announced = text;
    var node = form.querySelector("[data-status]");
    node.replaceChildren(document.createTextNode(text));
    if (waiting && (state === "signed-out" || state === "other-person")) {
      var link = document.createElement("a");
      link.href = words.login + "?next=" + encodeURIComponent(location.pathname + location.search);
      link.textContent = words.signIn;
      node.append(" ", link);
    }
    showSubmit();
  }

  function showSubmit() {
    var n = Object.keys(places).filter(function (key) {
      return isOpen(places[key]) && (base[key] || (queue.get(key) || {}).status === "typed");
    }).length;
    form.querySelector("[data-submit-words]").textContent = say(n === 1 ? "submitOne" : "submitN", { n: n });
  }

  // --- Submitting: first everything is kept, then it is looked at once more ---

  var leaving = false;

  function leave() {
    var items = queue.items();
    if (!leaving || count(items, "typed")) return;
    leaving = false;
    if (count(items, "refused") + count(items, "conflict") + count(items, "incomplete") === 0) location.assign(form.dataset.submitUrl);
    else firstTrouble(items);
  }

  function firstTrouble(items) {
    var item = items.find(function (one) {
      return one.status !== "typed" && places[one.place];
    });
    if (item) places[item.place].inputs[0].focus();
    else location.assign(form.dataset.submitUrl);
  }

  document.addEventListener("figures-state", function () {
    window.setTimeout(leave, 0);
  });

  form.addEventListener("submit", function (event) {
    event.preventDefault();
    delete form.dataset.sent;
    if (event.submitter && event.submitter.hasAttribute("data-submit-all")) leaving = true;
    queue.send();
    leave();
  });

  // --- Two people on one cell ---

  var merge = document.querySelector("[data-merge]");

  function inWords(place, found) {
    var shown = place.inputs
      .map(function (input) {
        var text = found[input.dataset.field];
        if (!text) return "";
        var option = input.options && Array.from(input.options).find(function (one) {
          return one.value === text;
        });
        return option ? option.text : text;
      })
      .filter(Boolean);
    return shown.join(" / ") || words.nothing;
  }

  function when(text) {
    var how = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    return new Date(text).toLocaleString(document.documentElement.lang + "-u-nu-latn", how);
  }

  function button(text, answer) {
    var node = document.createElement("button");
    node.type = "button";
    node.className = "button button-small";
    node.textContent = text;
    node.addEventListener("click", answer);
    return node;
  }

  function paragraph(text) {
    var node = document.createElement("p");
    node.textContent = text;
    return node;
  }

  function settleMine(place, item, found) {
    place.inputs.forEach(function (input) {
      if (input.dataset.field in found) input.value = found[input.dataset.field];
    });
    queue.keep(
      Object.assign({}, item, {
        version: item.stored ? item.stored.version : 0,
        figures: Object.assign({}, item.figures, found),
        status: "typed",
        stored: undefined,
        at: new Date().toISOString(),
      }),
    );
    settled(place);
    queue.soon(0);
  }

  function settleTheirs(place, item) {
    if (item.stored) base[place.key] = item.stored;
    else delete base[place.key];
    queue.forget(place.key);
    place.inputs.forEach(function (input) {
      input.value = item.stored ? item.stored.texts[input.dataset.field] || "" : "";
      if (item.stored && !item.stored.is_open) input.readOnly = true;
    });
    place.warnings = [];
    place.isSaved = true;
    showState(place);
    settled(place);
  }

  function settled(place) {
    mark(place);
    check(place);
    showMerge();
    place.inputs[0].focus();
  }

  function third(place, item) {
    var node = document.createElement("div");
    node.className = "merge-third";
    var inputs = place.inputs
      .filter(function (input) {
        return input.dataset.field && input.dataset.field !== "missing_reason";
      })
      .map(function (input) {
        var copy = input.cloneNode(true);
        copy.removeAttribute("id");
        copy.removeAttribute("name");
        copy.removeAttribute("data-cell");
        copy.removeAttribute("aria-invalid");
        copy.removeAttribute("aria-describedby");
        copy.readOnly = false;
        copy.value = "";
        var label = place.node.querySelector('label[for="' + input.id + '"]');
        copy.setAttribute("aria-label", words.third + " " + (label ? label.textContent : ""));
        return copy;
      });
    node.append(words.third + " ");
    inputs.forEach(function (one) {
      node.append(one, " ");
    });
    node.append(
      button(words.use, function () {
        var found = { missing_reason: "" };
        inputs.forEach(function (one) {
          found[one.dataset.field] = one.value.trim();
        });
        if (!isEmpty(found)) settleMine(place, item, found);
      }),
    );
    return node;
  }

  function showMerge() {
    var list = merge.querySelector("[data-merge-list]");
    var conflicts = queue.items().filter(function (one) {
      return one.status === "conflict" && places[one.place];
    });
    var shown = JSON.stringify(conflicts.map(function (one) { return [one.place, one.stamp]; }));
    if (list.dataset.shown === shown) return;
    list.dataset.shown = shown;
    merge.hidden = !conflicts.length;
    list.replaceChildren.apply(
      list,
      conflicts.map(function (item) {
        var place = places[item.place];
        var node = document.createElement("li");
        var title = document.createElement("strong");
        var mine = inWords(place, item.figures);
        var theirs = item.stored ? item.stored.text : words.nothing;
        title.textContent = item.name;
        var row = document.createElement("div");
        row.className = "button-row";
        node.append(title, paragraph(say("mine", { mine: mine, at: when(item.at) })));
        node.append(
          paragraph(
            item.stored
              ? say("theirs", { theirs: item.stored.words, at: when(item.stored.at) })
              : say("theirs", { theirs: words.gone, at: "" }).replace(/[,،]\s*$/, ""),
          ),
        );
        if (item.stored && !item.stored.is_open) {
          node.append(paragraph(words.notOpen));
          var link = document.createElement("a");
          link.href = item.stored.url;
          link.textContent = words.openIt;
          link.className = "button button-small";
          row.append(link);
        } else {
          row.append(
            button(say("keepMine", { mine: mine }), function () {
              settleMine(place, item, {});
            }),
          );
          node.append(third(place, item));
        }
        row.append(
          button(say("takeTheirs", { theirs: theirs }), function () {
            settleTheirs(place, item);
          }),
        );
        node.append(row);
        return node;
      }),
    );
  }

  // --- The selected cell: name, state, comment, flag ---

  var dock = form.querySelector("[data-dock-cell]");
  var comment = form.querySelector("[data-comment]");
  var followUp = form.querySelector("[data-follow-up]");

  function showDock() {
    dock.hidden = false;
    dock.querySelector("[data-dock-name]").textContent = selected.node.dataset.name;
    var now = selected.node.dataset.standing;
    dock.querySelector("[data-dock-state]").textContent = now ? words[now] : "";
    dock.querySelector("[data-dock-said]").textContent = message(selected);
    if (document.activeElement !== comment) comment.value = figures(selected).comment || "";
    followUp.checked = flag(selected);
    comment.disabled = followUp.disabled = !isOpen(selected);
  }

  form.addEventListener("focusin", function (event) {
    if (!event.target.matches("[data-cell]")) return;
    selected = placeOf(event.target);
    showDock();
    if (!drawer.hidden) loadSoon();
  });

  comment.addEventListener("input", function () {
    if (selected) changed(selected, Object.assign(figures(selected), { comment: comment.value }), flag(selected));
  });
  comment.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    selected.inputs[0].focus();
  });
  followUp.addEventListener("change", function () {
    if (selected) changed(selected, figures(selected), followUp.checked);
  });

  // --- History ---

  var drawer = document.querySelector("[data-drawer]");
  var historyButton = form.querySelector("[data-history]");
  var loading = 0;

  function loadSoon() {
    window.clearTimeout(loading);
    loading = window.setTimeout(load, 250);
  }

  function load() {
    if (!selected || !window.htmx) return;
    var parts = selected.key.split(".");
    var query = new URLSearchParams({ period: parts[1], unit: parts[2], cell: cellOf(selected.key) });
    var url = form.dataset.cellUrl.replace("/0/", "/" + parts[0] + "/") + "?" + query;
    window.htmx.ajax("GET", url, { target: "#history-body", swap: "innerHTML" });
  }

  function openDrawer(isOpening) {
    drawer.hidden = !isOpening;
    historyButton.setAttribute("aria-expanded", String(isOpening));
    if (isOpening) load();
    else if (selected) selected.inputs[0].focus();
  }

  historyButton.addEventListener("click", function () {
    openDrawer(drawer.hidden);
  });
  drawer.querySelector("[data-drawer-close]").addEventListener("click", function () {
    openDrawer(false);
  });

  // --- Keys of the page ---

  var help = document.getElementById("keys");
  var helpButton = document.querySelector("[data-help]");
  helpButton.hidden = false;
  helpButton.addEventListener("click", function () {
    help.showModal();
  });

  document.addEventListener("keydown", function (event) {
    if (event.altKey || help.open) return;
    var isWriting = event.target.matches("textarea, input:not([data-cell]):not([type=checkbox])");
    if (event.key === "?" && !isWriting) {
      event.preventDefault();
      help.showModal();
    } else if (event.key === "F4" && selected) {
      event.preventDefault();
      comment.focus();
    } else if (event.key === "F8" && selected) {
      event.preventDefault();
      openDrawer(drawer.hidden);
    } else if (event.key === "Escape" && drawer.contains(event.target)) {
      openDrawer(false);
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-submit-all]"));
    }
  });

  // --- What was answered as this page was drawn, what waits from before, and the first look ---

  var last = queue.lastAnswers();
  Object.keys(last).forEach(function (key) {
    var place = places[key];
    var answer = last[key];
    if (!place || !answer.version || answer.version <= ((base[key] || {}).version || 0)) return;
    base[key] = answer;
    place.inputs.forEach(function (input) {
      input.value = answer.texts[input.dataset.field] || "";
    });
  });

  queue.items().forEach(function (item) {
    var place = places[item.place];
    if (!place) return;
    if (!isOpen(place) && item.status !== "conflict") item.status = "typed";
    place.inputs.forEach(function (input) {
      if (input.dataset.field in item.figures && isOpen(place)) input.value = item.figures[input.dataset.field];
    });
  });
  Object.keys(places).forEach(function (key) {
    mark(places[key]);
  });
  document.querySelectorAll("[data-line]").forEach(function (line) {
    check(places[line.querySelector("[data-place]").dataset.place]);
  });
  form.classList.add("is-live");
  showMerge();
  queue.tell();
  var asked = form.querySelector("[autofocus]");
  if (asked) {
    asked.focus();
    asked.scrollIntoView({ block: "center" });
    selected = placeOf(asked);
    showDock();
  }
})();
