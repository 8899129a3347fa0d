// Runs before the page is painted, so that a chosen theme does not flash. Everything else is in app.js.
(function () {
  "use strict";
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch (blocked) {
    // Storage is switched off: the system's choice stands.
  }
})();
