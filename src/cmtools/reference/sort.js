document.querySelectorAll("table.sortable").forEach(function (table) {
  var body = table.tBodies[0];
  table.querySelectorAll("thead button").forEach(function (button, place) {
    button.addEventListener("click", function () {
      var heading = button.parentNode, down = heading.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("thead th").forEach(function (other) { other.removeAttribute("aria-sort"); });
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      var rows = Array.prototype.slice.call(body.rows);
      var key = function (row) {
        var cell = row.cells[place];
        return cell.hasAttribute("data-v") ? (cell.dataset.v === "" ? null : Number(cell.dataset.v)) : cell.textContent;
      };
      rows.sort(function (one, other) {
        var a = key(one), b = key(other);
        if (a === null || b === null) return (a === null) - (b === null);  // the unknown comes last, whatever the order
        var order = typeof a === "number" ? a - b : a.localeCompare(b, document.documentElement.lang, {numeric: true});
        return down ? -order : order;
      });
      rows.forEach(function (row) { body.appendChild(row); });
    });
  });
});
