// Small conveniences. Every page works without this file.
(function () {
  "use strict";

  var root = document.documentElement;

  function isDark() {
    if (root.dataset.theme) return root.dataset.theme === "dark";
    return window.matchMedia("(prefers-color-scheme: dark)").matches;
  }

  document.querySelectorAll("[data-theme-toggle]").forEach(function (button) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(isDark()));
    button.addEventListener("click", function () {
      root.dataset.theme = isDark() ? "light" : "dark";
      button.setAttribute("aria-pressed", String(isDark()));
      try {
        localStorage.setItem("theme", root.dataset.theme);
      } catch (blocked) {
        // Storage is switched off: the choice lasts for this page.
      }
    });
  });

  // Buttons that only a script can answer show themselves when there is one.
  function reveal() {
    document.querySelectorAll("[data-dismiss][hidden],[data-print][hidden],[data-insert][hidden],[data-choose][hidden]").forEach(function (button) {
      button.hidden = false;
    });
  }
  reveal();
  document.addEventListener("htmx:afterSettle", reveal);

  // On a phone the tabs scroll: the one that is open is shown.
  document.querySelectorAll(".tab[aria-current]").forEach(function (tab) {
    var row = tab.parentElement;
    var place = tab.getBoundingClientRect();
    var frame = row.getBoundingClientRect();
    row.scrollLeft += place.left + place.width / 2 - (frame.left + frame.width / 2);
  });

  // Puts a piece of text where the cursor stands in a text area.
  function insert(area, text) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.focus();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("click", function (event) {
    // One open menu at a time; a click elsewhere closes it.
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      if (!menu.contains(event.target)) menu.removeAttribute("open");
    });
    var target = event.target.closest(
      "[data-dismiss],[data-print],[data-insert],[data-choose],[data-dialog],[data-dialog-close]",
    );
    if (!target) return;
    if (target.hasAttribute("data-dismiss")) target.closest(".callout").remove();
    if (target.hasAttribute("data-print")) window.print();
    if (target.hasAttribute("data-insert")) insert(document.getElementById(target.dataset.into), target.dataset.insert);
    if (target.hasAttribute("data-choose")) {
      target.form.querySelectorAll('input[type="checkbox"]:enabled').forEach(function (box) {
        if (box.name === target.dataset.choose) box.checked = true;
      });
    }
    if (target.hasAttribute("data-dialog-close")) target.closest("dialog").close();
    if (target.hasAttribute("data-dialog")) {
      // The link's own address is the confirm page; with a script, the dialog is quicker.
      var dialog = document.getElementById(target.dataset.dialog);
      if (dialog && dialog.showModal) {
        event.preventDefault();
        dialog.showModal();
      }
    }
  });

  // A menu opens towards the side where the page has room.
  document.addEventListener(
    "toggle",
    function (event) {
      var menu = event.target;
      if (!menu.matches("main details.menu[open]")) return;
      var panel = menu.querySelector(".menu-panel");
      var room = menu.closest("main").getBoundingClientRect();
      panel.classList.remove("menu-panel-start");
      var box = panel.getBoundingClientRect();
      panel.classList.toggle("menu-panel-start", box.left < room.left || box.right > room.right);
    },
    true,
  );

  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.menu[open]").forEach(function (menu) {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    });
  });

  // A link to a folded block opens it.
  function unfold() {
    var aim = document.getElementById(window.location.hash.slice(1));
    var fold = aim && aim.closest("details.fold");
    if (fold) fold.open = true;
  }
  window.addEventListener("hashchange", unfold);
  document.addEventListener("DOMContentLoaded", unfold);
  document.addEventListener("click", function (event) {
    var link = event.target.closest('a[href^="#"]');
    if (link && link.hash === window.location.hash) unfold();
  });

  // Selects marked data-submit send their form; without a script the form's own button does.
  document.addEventListener("change", function (event) {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // A form is sent once, however often the button is pressed. The back button brings it back to life.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    if (form.method !== "post" || form.hasAttribute("data-repeatable")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    window.setTimeout(function () {
      delete form.dataset.sent;
    }, 4000);
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
    });
  });

  // Where folded content cannot be opened by the print stylesheet alone.
  var opened = [];
  window.addEventListener("beforeprint", function () {
    // What is read when it is opened would come too late for the paper.
    opened = Array.from(document.querySelectorAll("main details:not([open]):not([hx-get])"));
    opened.forEach(function (details) {
      details.open = true;
    });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (details) {
      details.open = false;
    });
  });

  // The error summary takes the focus, so that a keyboard or a screen reader starts there.
  var summary = document.querySelector(".error-summary");
  if (summary) summary.focus();
})();
