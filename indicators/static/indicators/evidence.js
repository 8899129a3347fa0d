// Files of evidence: drop them, see each one's progress, take one back. Without this file the file input does it all.
(function () {
  "use strict";

  var chosen = new Map(); // Field name → files; outlives a form that comes back with errors.

  function extension(name) {
    var dot = name.lastIndexOf(".");
    return dot < 0 ? "" : name.slice(dot).toLowerCase();
  }

  function size(bytes) {
    return bytes < 1048576 ? Math.max(1, Math.round(bytes / 1024)) + " KB" : (bytes / 1048576).toFixed(1) + " MB";
  }

  // What can be said before anything is sent; the server looks into every file again.
  function fault(zone, file) {
    if (file.size === 0) return zone.dataset.sayEmpty;
    if (file.size > Number(zone.dataset.maxBytes)) return zone.dataset.sayLarge;
    if (zone.dataset.types.split(",").indexOf(extension(file.name)) < 0) return zone.dataset.sayType;
    return "";
  }

  function line(zone, file) {
    var item = document.createElement("li");
    var name = document.createElement("bdi");
    name.textContent = file.name;
    var note = document.createElement("span");
    note.className = "muted small";
    note.textContent = size(file.size);
    var bar = document.createElement("progress");
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", file.name);
    var word = document.createElement("span");
    word.className = "small";
    item.append(name, note, bar, word);
    zone.querySelector("[data-drop-list]").append(item);
    return {
      item: item,
      progress: function (share) {
        bar.value = Math.round(100 * share);
      },
      done: function () {
        bar.value = 100;
        item.className = "drop-done";
        word.textContent = "✓ " + zone.dataset.sayDone;
      },
      fail: function (text) {
        bar.remove();
        item.className = "drop-failed";
        word.textContent = "✗ " + text;
      },
      say: function (text) {
        word.textContent = text;
      },
      offer: function (remove) {
        var button = document.createElement("button");
        button.type = "button";
        button.className = "button button-small button-quiet";
        button.textContent = zone.dataset.sayRemove;
        button.setAttribute("aria-label", zone.dataset.sayRemove + " " + file.name);
        button.addEventListener("click", remove);
        item.append(button);
      },
    };
  }

  // --- On a figure's page: each file goes at once, one after the other --------------------------------------------

  function send(zone, input, file, row) {
    return new Promise(function (resolve) {
      var data = new FormData();
      data.append(input.name, file);
      data.append("csrfmiddlewaretoken", zone.closest("form").elements.csrfmiddlewaretoken.value);
      var request = new XMLHttpRequest();
      request.open("POST", zone.dataset.uploadTo);
      request.setRequestHeader("Accept", "application/json");
      request.responseType = "json";
      request.upload.addEventListener("progress", function (event) {
        if (event.lengthComputable) row.progress(event.loaded / event.total);
      });
      request.addEventListener("loadend", function () {
        var answer = request.response;
        if (request.status === 200 && answer) {
          row.done();
          document.querySelector("[data-evidence-list]").innerHTML = answer.list;
        } else {
          row.fail(answer && answer.errors ? answer.errors.join(" ") : zone.dataset.sayFailed);
        }
        resolve();
      });
      request.send(data);
    });
  }

  function uploadNow(zone, input, files) {
    var queue = Promise.resolve();
    files.forEach(function (file) {
      var row = line(zone, file);
      var wrong = fault(zone, file);
      if (wrong) {
        row.fail(wrong);
        return;
      }
      queue = queue.then(function () {
        return send(zone, input, file, row);
      });
    });
  }

  // --- On the entry form: files wait for the form ------------------------------------------------------------------

  function hold(zone, input, files) {
    var held = chosen.get(input.name) || [];
    files.forEach(function (file) {
      var wrong = fault(zone, file);
      var same = held.some(function (one) {
        return one.name === file.name && one.size === file.size && one.lastModified === file.lastModified;
      });
      if (!wrong && held.length >= Number(zone.dataset.maxFiles)) wrong = zone.dataset.sayMany;
      if (wrong) line(zone, file).fail(wrong);
      else if (!same) held.push(file);
    });
    chosen.set(input.name, held);
    show(zone, input);
  }

  function show(zone, input) {
    var held = chosen.get(input.name) || [];
    var basket = new DataTransfer();
    zone.querySelectorAll("[data-drop-list] li:not(.drop-failed)").forEach(function (item) {
      item.remove();
    });
    zone.rows = held.map(function (file, place) {
      basket.items.add(file);
      var row = line(zone, file);
      row.say(zone.dataset.sayWaiting);
      row.offer(function () {
        held.splice(place, 1);
        show(zone, input);
        input.focus();
      });
      return row;
    });
    input.files = basket.files;
  }

  // A form's files follow one another in what is sent: the bytes sent so far say how far each one is.
  function share(sent, files, rows) {
    var before = 0;
    files.forEach(function (file, place) {
      rows[place].progress(Math.min(Math.max((sent - before) / file.size, 0), 1));
      before += file.size;
    });
  }

  function sendForm(event) {
    var form = event.target;
    var zone = form.querySelector("[data-drop]:not([data-upload-to])");
    var step = event.submitter;
    if (!zone || !step || step.hasAttribute("hx-post")) return;
    var input = zone.querySelector('input[type="file"]');
    var files = chosen.get(input.name) || [];
    if (!files.length) return;
    event.preventDefault();
    var data = new FormData(form, step);
    var request = new XMLHttpRequest();
    request.open("POST", form.action || window.location.href);
    request.setRequestHeader("X-Keeps-Files", "1");
    request.upload.addEventListener("progress", function (progress) {
      share(progress.loaded, files, zone.rows);
    });
    request.addEventListener("load", function () {
      take(request);
    });
    request.addEventListener("error", function () {
      delete form.dataset.sent;
      zone.rows[0].say(zone.dataset.sayFailed);
    });
    request.send(data);
  }

  // The answer takes the page's place: the kept figure, or the form with what is wrong, its files still chosen.
  function take(request) {
    var page = new DOMParser().parseFromString(request.responseText, "text/html");
    var main = page.querySelector("#main");
    if (!main) {
      window.location.reload();
      return;
    }
    if (request.responseURL !== window.location.href) {
      chosen.clear();
      window.history.pushState({}, "", request.responseURL);
    }
    document.title = page.title;
    document.querySelector("#main").replaceWith(main);
    if (window.htmx) window.htmx.process(main);
    start(main);
    var summary = main.querySelector(".error-summary");
    (summary || main).focus();
    window.scrollTo(0, 0);
  }

  // --- Both ---------------------------------------------------------------------------------------------------------

  function start(root) {
    root.querySelectorAll("[data-drop]").forEach(function (zone) {
      var input = zone.querySelector('input[type="file"]');
      var sends = Boolean(zone.dataset.uploadTo);
      function given(files) {
        if (sends) {
          uploadNow(zone, input, files);
          input.value = "";
        } else {
          hold(zone, input, files);
        }
      }
      zone.classList.add("is-live");
      zone.querySelector("[data-drop-hint]").hidden = false;
      input.addEventListener("change", function () {
        given(Array.from(input.files));
      });
      ["dragenter", "dragover"].forEach(function (name) {
        zone.addEventListener(name, function (event) {
          event.preventDefault();
          zone.classList.add("is-over");
        });
      });
      zone.addEventListener("dragleave", function (event) {
        if (!zone.contains(event.relatedTarget)) zone.classList.remove("is-over");
      });
      zone.addEventListener("drop", function (event) {
        event.preventDefault();
        zone.classList.remove("is-over");
        given(Array.from(event.dataTransfer.files));
      });
      if (!sends && chosen.has(input.name)) show(zone, input);
    });
    root.querySelectorAll("form").forEach(function (form) {
      form.addEventListener("submit", sendForm);
    });
  }

  start(document);
  window.addEventListener("popstate", function () {
    window.location.reload();
  });
})();
