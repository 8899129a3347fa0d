// A table of inputs that is worked by keyboard and filled from a spreadsheet. The form works without this file.
// Cells are inputs, selects and text areas marked data-cell in rows of [data-grid].
(function () {
  "use strict";

  var table = document.querySelector("[data-grid]");
  if (!table) return;

  var RTL = document.documentElement.dir === "rtl";
  var editing = false; // F2 or a second click: arrow keys stay inside the cell
  var start = ""; // what stood in the cell as it took the focus
  var anchor = null; // where a run of Tab began: Enter goes below it
  var done = [];
  var undone = [];

  function rows() {
    return Array.from(table.rows).filter(function (row) {
      return row.querySelector("[data-cell]");
    });
  }

  function cellsOf(row) {
    return Array.from(row.querySelectorAll("[data-cell]"));
  }

  function isCell(node) {
    return node instanceof Element && node.matches("[data-cell]") && table.contains(node);
  }

  function isSelect(cell) {
    return cell.tagName === "SELECT";
  }

  function mayType(cell) {
    return !cell.readOnly && !cell.disabled;
  }

  function go(cell) {
    if (!cell) return;
    cell.focus();
    if (cell.select) cell.select();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // Rows need not have the same cells: below is what stands nearest below, as the eye sees it.
  function nearest(cells, to) {
    var middle = centre(to);
    return cells.reduce(function (best, cell) {
      return !best || Math.abs(centre(cell) - middle) < Math.abs(centre(best) - middle) - 1 ? cell : best;
    }, null);
  }

  function centre(cell) {
    var box = cell.getBoundingClientRect();
    return box.left + box.width / 2;
  }

  function vertical(cell, step) {
    var all = rows();
    var row = all[all.indexOf(cell.closest("tr")) + step];
    return row ? nearest(cellsOf(row), cell) : null;
  }

  function inRow(cell, step) {
    var all = cellsOf(cell.closest("tr"));
    return all[all.indexOf(cell) + step];
  }

  // --- Changing, undoing ---

  function put(cell, value) {
    cell.value = value;
    cell.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // One step of the history is a list of changes: a pasted block is undone as a whole.
  function remember(changes) {
    var real = changes.filter(function (one) {
      return one.before !== one.after;
    });
    if (!real.length) return;
    done.push(real);
    undone.length = 0;
  }

  function commit(cell) {
    if (isCell(cell) && cell.value !== start) remember([{ cell: cell, before: start, after: cell.value }]);
    start = isCell(cell) ? cell.value : "";
    editing = false;
  }

  function step(from, to, which) {
    var changes = from.pop();
    if (!changes) return;
    changes.forEach(function (one) {
      if (mayType(one.cell)) put(one.cell, one[which]);
    });
    to.push(changes);
    go(changes[0].cell);
    start = changes[0].cell.value;
  }

  function undo() {
    commit(document.activeElement);
    step(done, undone, "before");
  }

  function redo() {
    step(undone, done, "after");
  }

  // --- Keys ---

  function move(event, target) {
    event.preventDefault();
    commit(event.target);
    go(target);
  }

  function onArrow(event, cell) {
    if (editing) return;
    var forward = RTL ? "ArrowLeft" : "ArrowRight";
    if (event.key === "ArrowUp") move(event, vertical(cell, -1));
    else if (event.key === "ArrowDown") move(event, vertical(cell, 1));
    else move(event, inRow(cell, event.key === forward ? 1 : -1));
    anchor = document.activeElement;
  }

  function onEnter(event, cell) {
    if (event.altKey && cell.tagName === "TEXTAREA") {
      event.preventDefault();
      cell.setRangeText("\n", cell.selectionStart, cell.selectionEnd, "end");
      cell.dispatchEvent(new Event("input", { bubbles: true }));
      return;
    }
    var from = anchor && cellsOf(cell.closest("tr")).indexOf(anchor) >= 0 ? anchor : cell;
    var way = event.shiftKey ? -1 : 1;
    var target = vertical(from, way);
    while (target && !mayType(target)) target = vertical(target, way); // what cannot be typed over is passed by
    move(event, target);
    anchor = document.activeElement;
  }

  function onHome(event, cell) {
    if (editing) return;
    var all = event.ctrlKey ? Array.from(table.querySelectorAll("[data-cell]")) : cellsOf(cell.closest("tr"));
    move(event, event.key === "Home" ? all[0] : all[all.length - 1]);
    anchor = document.activeElement;
  }

  function onEdit(event, cell) {
    event.preventDefault();
    if (isSelect(cell) && cell.showPicker) cell.showPicker();
    else if (cell.setSelectionRange && mayType(cell)) {
      editing = true;
      cell.setSelectionRange(cell.value.length, cell.value.length);
    }
  }

  function onEscape(event, cell) {
    if (cell.value === start && !editing) return;
    event.preventDefault();
    editing = false;
    if (cell.value !== start) put(cell, start);
    if (cell.select) cell.select();
  }

  function onDelete(event, cell) {
    if (editing || !mayType(cell)) return;
    if (event.key === "Backspace" && cell.value !== start) return;
    event.preventDefault();
    put(cell, "");
    commit(cell);
  }

  var KEYS = {
    ArrowUp: onArrow,
    ArrowDown: onArrow,
    ArrowLeft: onArrow,
    ArrowRight: onArrow,
    Enter: onEnter,
    Home: onHome,
    End: onHome,
    F2: onEdit,
    Escape: onEscape,
    Delete: onDelete,
    Backspace: onDelete,
  };
  var WITH_CONTROL = { Home: onHome, End: onHome };

  table.addEventListener("keydown", function (event) {
    var cell = event.target;
    if (!isCell(cell) || event.isComposing) return;
    var control = event.ctrlKey || event.metaKey;
    var letter = event.key.toLowerCase();
    if (control && !event.altKey && (letter === "z" || letter === "y")) {
      event.preventDefault();
      if (letter === "y" || event.shiftKey) redo();
      else undo();
      return;
    }
    var answer = (control ? WITH_CONTROL : KEYS)[event.key];
    if (event.altKey && event.key !== "Enter") return;
    if (answer) answer(event, cell);
  });

  table.addEventListener("focusin", function (event) {
    if (!isCell(event.target)) return;
    start = event.target.value;
    editing = false;
    if (event.target.select) event.target.select();
  });

  table.addEventListener("focusout", function (event) {
    commit(event.target);
  });

  var pressed = null;
  table.addEventListener("mousedown", function (event) {
    pressed = isCell(event.target) && document.activeElement === event.target ? event.target : null;
    if (isCell(event.target)) anchor = event.target;
  });
  table.addEventListener("click", function (event) {
    if (pressed && pressed === event.target) editing = true; // a second click places the cursor
  });

  table.addEventListener("change", function (event) {
    if (isCell(event.target) && isSelect(event.target)) commit(event.target);
  });

  // --- Pasting ---

  function chosen(cell, text) {
    if (!isSelect(cell)) return text;
    var wanted = text.toLowerCase();
    var option = Array.from(cell.options).find(function (one) {
      var words = one.text.toLowerCase();
      return one.value === text || words === wanted || (wanted && words.split(" ")[0] === wanted);
    });
    return option ? option.value : null;
  }

  function block(text) {
    return text
      .replace(/\r\n?/g, "\n")
      .replace(/\n$/, "")
      .split("\n")
      .map(function (line) {
        return line.split("\t");
      });
  }

  function pasteCells(row) {
    return cellsOf(row).filter(function (cell) {
      return !cell.hasAttribute("data-of"); // the list of reasons is no column of figures
    });
  }

  table.addEventListener("paste", function (event) {
    var cell = event.target;
    var text = event.clipboardData.getData("text/plain");
    if (!isCell(cell)) return;
    var isBlock = /[\t\n]/.test(text.replace(/\r?\n$/, ""));
    if (!isBlock && !isSelect(cell)) return;
    event.preventDefault();
    if (document.activeElement !== cell) cell.focus();
    var lost = 0;
    var changes = [];
    var first = pasteCells(cell.closest("tr"));
    var column = Math.max(first.indexOf(cell), 0);
    var fromEnd = first.length - column;
    var at = rows().indexOf(cell.closest("tr"));
    block(text).forEach(function (line, down) {
      var row = rows()[at + down] || addRow();
      if (!row) {
        lost += 1;
        return;
      }
      // Rows for new participants have one input more, in front: there, columns are counted from the end.
      var cells = pasteCells(row);
      var base = table.hasAttribute("data-grid-words") ? column : cells.length - fromEnd;
      line.forEach(function (value, right) {
        var target = cells[base + right];
        var wanted = target && mayType(target) ? chosen(target, value.trim()) : null;
        if (wanted === null) lost += value.trim() ? 1 : 0;
        else {
          changes.push({ cell: target, before: target === cell ? start : target.value, after: wanted });
          put(target, wanted);
        }
      });
    });
    remember(changes);
    start = cell.value;
    tell(lost);
  });

  // One more row for a new participant, as the last one.
  function addRow() {
    var last = rows()[rows().length - 1];
    var found = last && /^n(\d+)\./.exec(cellsOf(last)[0].name);
    if (!found) return null;
    var next = Number(found[1]) + 1;
    var row = last.cloneNode(true);
    row.querySelectorAll(".grid-error").forEach(function (one) {
      one.remove();
    });
    cellsOf(row).forEach(function (input) {
      input.name = input.id = input.name.replace(/^n\d+/, "n" + next);
      input.value = "";
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    });
    row.cells[0].textContent = String(Number(row.cells[0].textContent) + 1);
    table.tBodies[0].appendChild(row);
    return row;
  }

  // What did not fit is said, not dropped in silence.
  var note = document.querySelector("[data-grid-note]");
  function tell(lost) {
    if (!note) return;
    note.hidden = !lost;
    note.querySelector("[data-count]").textContent = String(lost);
  }

  if (isCell(document.activeElement)) {
    start = document.activeElement.value; // the address asked for this cell
    if (document.activeElement.select) document.activeElement.select();
  }

  // A sheet that is kept as one types has nothing to lose; the others ask before they are left.
  if (table.closest("[data-sheet]")) return;
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
