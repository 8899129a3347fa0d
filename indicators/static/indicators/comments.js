// Offers the names after an @ while one writes. Without this file one types the name; the list below shows them.
(function () {
  "use strict";

  var MOST = 6;
  var AT = /(^|[^\w@.])@([\w.@+-]*)$/;

  function people(area) {
    var list = document.getElementById(area.dataset.mentions);
    return list ? Array.prototype.slice.call(list.querySelectorAll("[data-username]")) : [];
  }

  function begun(area) {
    var found = AT.exec(area.value.slice(0, area.selectionStart));
    return found ? found[2] : null;
  }

  function matching(area, start) {
    var wanted = start.toLowerCase();
    return people(area)
      .filter(function (one) {
        return (one.dataset.username + " " + one.dataset.name).toLowerCase().indexOf(wanted) >= 0;
      })
      .slice(0, MOST);
  }

  function setUp(area, number) {
    var box = document.createElement("ul");
    var at = 0;
    box.className = "talk-choices";
    box.id = "talk-choices-" + number;
    box.setAttribute("role", "listbox");
    box.hidden = true;
    area.parentNode.appendChild(box);
    area.setAttribute("aria-autocomplete", "list");
    area.setAttribute("aria-controls", box.id);
    area.setAttribute("aria-haspopup", "listbox");

    function close() {
      box.hidden = true;
      area.removeAttribute("aria-activedescendant");
    }

    function mark(index) {
      at = index;
      Array.prototype.forEach.call(box.children, function (item, place) {
        item.setAttribute("aria-selected", place === at ? "true" : "false");
      });
      area.setAttribute("aria-activedescendant", box.children[at].id);
    }

    function take(username) {
      var start = begun(area);
      if (start === null) return;
      var cursor = area.selectionStart;
      area.setRangeText(username + " ", cursor - start.length, cursor, "end");
      close();
      area.focus();
    }

    function show() {
      var start = begun(area);
      var found = start === null ? [] : matching(area, start);
      box.textContent = "";
      if (!found.length) return close();
      found.forEach(function (one, index) {
        var item = document.createElement("li");
        var name = document.createElement("span");
        item.id = box.id + "-" + index;
        item.setAttribute("role", "option");
        item.textContent = "@" + one.dataset.username + " ";
        name.className = "muted small";
        name.textContent = one.dataset.name;
        item.appendChild(name);
        item.addEventListener("mousedown", function (event) {
          event.preventDefault();
          take(one.dataset.username);
        });
        box.appendChild(item);
      });
      box.hidden = false;
      mark(0);
    }

    area.addEventListener("input", show);
    area.addEventListener("blur", close);
    area.addEventListener("keydown", function (event) {
      if (box.hidden) return;
      var count = box.children.length;
      if (event.key === "ArrowDown") mark((at + 1) % count);
      else if (event.key === "ArrowUp") mark((at + count - 1) % count);
      else if (event.key === "Enter" || event.key === "Tab") {
        take(box.children[at].textContent.slice(1).split(" ")[0]);
      } else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
    });
  }

  Array.prototype.forEach.call(document.querySelectorAll("textarea[data-mentions]"), setUp);
})();
