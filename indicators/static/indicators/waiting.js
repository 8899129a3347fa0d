// Says on a page without a sheet which figures still wait on this device, and where they belong.
(function () {
  "use strict";

  var box = document.querySelector("[data-waiting]");
  if (!box || !window.figureQueue) return;

  function show(items) {
    box.hidden = !items.length;
    box.querySelector("[data-waiting-count]").textContent = String(items.length);
    box.querySelector("[data-waiting-list]").replaceChildren.apply(
      box.querySelector("[data-waiting-list]"),
      items.slice(0, 20).map(function (item) {
        var line = document.createElement("li");
        var link = document.createElement("a");
        link.href = item.page + "?place=" + encodeURIComponent(item.place);
        link.textContent = item.name;
        line.append(link);
        return line;
      }),
    );
  }

  document.addEventListener("figures-state", function (event) {
    show(event.detail.items);
  });
  window.figureQueue.tell();
})();
