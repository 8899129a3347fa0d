// Rows of a form that can be added without asking the server. Without this file the same button asks it.
(function () {
  "use strict";

  // A field that is needed only where nothing was chosen steps back while something is.
  function follow(row) {
    row.querySelectorAll("[data-when-empty]").forEach(function (part) {
      var choice = row.querySelector('[name="' + part.dataset.whenEmpty + '"]');
      if (!choice) return;
      function show() {
        part.hidden = choice.value !== "";
      }
      choice.addEventListener("change", show);
      show();
    });
  }

  // The fold says what the row is about.
  function entitle(row) {
    var about = row.querySelector('select[name$="-claim"], input[name$="-name"]');
    about.addEventListener("input", function () {
      var chosen = about.selectedOptions ? about.selectedOptions[0].text : about.value;
      row.querySelector("[data-repeat-title]").textContent = chosen;
    });
  }

  document.querySelectorAll("[data-repeat]").forEach(function (list) {
    var rows = list.querySelector("[data-repeat-rows]");
    var total = list.querySelector('[name="' + list.dataset.repeat + '-TOTAL_FORMS"]');
    var empty = list.querySelector("[data-repeat-empty]");
    var most = Number(list.querySelector('[name="' + list.dataset.repeat + '-MAX_NUM_FORMS"]').value);
    rows.querySelectorAll("[data-repeat-row]").forEach(follow);
    rows.querySelectorAll("[data-repeat-row]").forEach(entitle);

    list.querySelector("[data-repeat-more]").addEventListener("click", function (event) {
      event.preventDefault();
      var number = Number(total.value);
      if (number >= most) return;
      var row = empty.content.firstElementChild.cloneNode(true);
      // Names, ids and what points at them carry the row's number in the place of the mark.
      row.querySelectorAll("*").forEach(function (part) {
        Array.from(part.attributes).forEach(function (attribute) {
          if (attribute.value.indexOf("__prefix__") !== -1) {
            part.setAttribute(attribute.name, attribute.value.replace(/__prefix__/g, String(number)));
          }
        });
      });
      row.querySelector("[data-repeat-number]").append(" " + String(number + 1));
      rows.append(row);
      total.value = String(number + 1);
      follow(row);
      entitle(row);
      row.open = true;
      row.querySelector("select, input, textarea").focus();
    });
  });
})();
