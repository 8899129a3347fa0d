// A table of inputs that is walked by arrow keys and filled from a spreadsheet. The form works without this file.
(function () {
  "use strict";

  var table = document.querySelector("[data-grid]");
  if (!table) return;

  function inputsOf(row) {
    return Array.from(row.querySelectorAll("input[data-cell]"));
  }

  function rows() {
    return Array.from(table.tBodies[0].rows);
  }

  function placeOf(input) {
    var row = input.closest("tr");
    return { row: rows().indexOf(row), column: inputsOf(row).indexOf(input), fromEnd: inputsOf(row).length - inputsOf(row).indexOf(input) };
  }

  // Rows for new participants have one input more, in front: columns are counted from the end.
  function inputAt(row, fromEnd) {
    var all = rows()[row] ? inputsOf(rows()[row]) : [];
    return all[all.length - fromEnd];
  }

  function go(input) {
    if (!input) return;
    input.focus();
    input.select();
  }

  table.addEventListener("keydown", function (event) {
    var input = event.target;
    if (!input.matches("input[data-cell]") || event.altKey || event.ctrlKey || event.metaKey) return;
    var place = placeOf(input);
    var step = { ArrowUp: -1, ArrowDown: 1, Enter: event.shiftKey ? -1 : 1 }[event.key];
    if (step) {
      event.preventDefault();
      go(inputAt(place.row + step, place.fromEnd));
      return;
    }
    var forward = document.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
    var back = document.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
    var atEnd = input.selectionStart === input.value.length;
    var atStart = input.selectionEnd === 0;
    var whole = input.value && input.selectionStart === 0 && input.selectionEnd === input.value.length;
    if (event.key === forward && (atEnd || whole)) {
      event.preventDefault();
      go(inputAt(place.row, place.fromEnd - 1));
    } else if (event.key === back && (atStart || whole)) {
      event.preventDefault();
      go(inputAt(place.row, place.fromEnd + 1));
    }
  });

  // One more row for a new participant, as the last one.
  function addRow() {
    var last = rows()[rows().length - 1];
    var found = last && inputsOf(last)[0] && /^n(\d+)\./.exec(inputsOf(last)[0].name);
    if (!found) return false;
    var next = Number(found[1]) + 1;
    var row = last.cloneNode(true);
    row.querySelectorAll(".grid-error").forEach(function (one) {
      one.remove();
    });
    inputsOf(row).forEach(function (input) {
      input.name = input.id = input.name.replace(/^n\d+/, "n" + next);
      input.value = "";
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    });
    row.cells[0].textContent = String(Number(row.cells[0].textContent) + 1);
    table.tBodies[0].appendChild(row);
    return true;
  }

  table.addEventListener("paste", function (event) {
    var input = event.target;
    var text = event.clipboardData.getData("text/plain").replace(/\r\n?/g, "\n").replace(/\n$/, "");
    if (!input.matches("input[data-cell]") || input.readOnly || !/[\t\n]/.test(text)) return;
    event.preventDefault();
    var place = placeOf(input);
    var lost = 0;
    text.split("\n").forEach(function (line, down) {
      if (place.row + down >= rows().length && !addRow()) {
        lost += 1;
        return;
      }
      line.split("\t").forEach(function (value, right) {
        var target = inputAt(place.row + down, place.fromEnd - right);
        if (!target) lost += value.trim() ? 1 : 0;
        else {
          target.value = value.trim();
          target.dispatchEvent(new Event("input", { bubbles: true }));
        }
      });
    });
    touched = true;
    tell(lost);
  });

  // What did not fit is said, not dropped in silence.
  var note = document.querySelector("[data-grid-note]");
  function tell(lost) {
    if (!note) return;
    note.hidden = !lost;
    note.querySelector("[data-count]").textContent = String(lost);
  }

  var touched = false;
  table.addEventListener("input", function () {
    touched = true;
  });
  document.addEventListener("submit", function () {
    touched = false;
  });
  window.addEventListener("beforeunload", function (event) {
    if (touched) event.preventDefault();
  });
})();
