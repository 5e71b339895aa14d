/* An export holds what the page shows: its link gets the address that the reader is at. */
(function () {
  function choice() {
    var query = new URLSearchParams(location.search);
    var store = /^\/store\/(\d+)\/?$/.exec(location.pathname);
    if (store) { query.set("store", store[1]); ["region", "city", "ownership"].forEach(function (name) { query.delete(name); }); }
    return query;
  }

  function start(what) {
    var form = document.createElement("form");
    form.method = "post";
    form.action = "/export/start";
    var query = choice();
    query.append("what", what);
    query.forEach(function (value, name) {
      var input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      input.value = value;
      form.appendChild(input);
    });
    document.body.appendChild(form);
    form.submit();
  }

  document.addEventListener("click", function (event) {
    var pressed = event.target.closest && event.target.closest(".export-link");
    if (!pressed) { return; }
    if (pressed.classList.contains("export-start")) { start(pressed.value); return; }
    var address = pressed.getAttribute("href").split("?")[0];
    if (address.indexOf("/export/") !== 0) { return; }
    pressed.setAttribute("href", address + "?" + choice().toString());
  }, true);
})();
