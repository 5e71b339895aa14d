/* Cells of the fair ranking and of targets, drawn in the browser. */
(function () {
  var h = React.createElement;
  var cells = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};

  /* A place, and beside it the places that the store may hold as well. */
  cells.TillPlace = function (props) {
    if (props.value == null) { return null; }
    var tied = props.data.from !== props.data.to;
    return h("span", { className: "tb-rank", title: props.data.tie }, h("b", null, props.value),
      tied ? h("small", null, props.data.from + "–" + props.data.to) : null);
  };

  var functions = window.dashAgGridFunctions = window.dashAgGridFunctions || {};
  var MONTH = /^\d{4}-\d\d-01$/;

  /* A target, and below it what came of the month or where it will end. */
  cells.TillTarget = function (props) {
    var state = props.data["s" + props.column.getColId()];
    var number = Number(props.value);
    var text = props.value == null || props.value === "" ? "–" :
      isFinite(number) ? new Intl.NumberFormat(props.context.lang, { maximumFractionDigits: 0 }).format(number) : props.value;
    return h("span", { className: "till-target" }, h("span", null, text), state ? h("small", null, state) : null);
  };

  functions.tillSum = function (params) {
    var sum = 0, known = false;
    Object.keys(params.data).forEach(function (key) {
      if (MONTH.test(key) && isFinite(Number(params.data[key])) && params.data[key] != null) {
        sum += Number(params.data[key]);
        known = true;
      }
    });
    return known ? sum : null;
  };

  window.dash_clientside.plans = {
    year: function (year) {
      return ["/plans/targets.csv?year=" + year, "/plans/targets.xlsx?year=" + year];
    }
  };

  function say(button, text, bad) {
    var place = document.getElementById(button.getAttribute("data-said"));
    if (!place) { return; }
    place.textContent = text;
    place.className = bad ? "setup-bad" : "setup-good";
  }

  function send(file, button) {
    var request = new XMLHttpRequest();
    request.open("POST", button.getAttribute("data-send"));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.onload = function () {
      var told = {};
      try { told = JSON.parse(request.responseText); } catch (error) { told = {}; }
      if (request.status === 401) { window.location.reload(); return; }
      say(button, told.said || told.error || button.getAttribute("data-broken"), request.status !== 200);
      if (request.status === 200) { window.dash_clientside.set_props(button.getAttribute("data-done"), { data: Date.now() }); }
    };
    request.onerror = function () { say(button, button.getAttribute("data-broken"), true); };
    request.send(file);
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("[data-send]") : null;
    if (!button) { return; }
    var input = document.createElement("input");
    input.type = "file";
    input.accept = ".csv,.xlsx,.xls,.txt";
    input.onchange = function () { if (input.files.length) { send(input.files[0], button); } };
    input.click();
  });
})();
