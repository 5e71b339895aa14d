/* Sends a file of areas, competitors or candidates as one stream, in the coordinates that are chosen. */
(function () {
  function say(text, bad) {
    var place = document.getElementById("locations-said");
    if (place) {
      place.textContent = text;
      place.className = bad ? "setup-bad" : "setup-good";
    }
  }

  function system() {
    var field = document.getElementById("locations-system");
    var known = { "GCJ-02": "gcj02", "BD-09": "bd09" };
    var found = Object.keys(known).filter(function (name) { return field && field.value.indexOf(name) >= 0; });
    return found.length ? known[found[0]] : "wgs84";
  }

  function send(file, button) {
    var request = new XMLHttpRequest();
    request.open("POST", "/locations/file?kind=" + button.getAttribute("data-sites") + "&system=" + system());
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-Tillboard-Chain", document.documentElement.getAttribute("data-chain"));
    say(button.getAttribute("data-sending"), false);
    request.onload = function () {
      var told = {};
      try { told = JSON.parse(request.responseText); } catch (error) { told = {}; }
      if (request.status === 401) { window.location.reload(); return; }
      if (request.status === 409) { window.location.assign("/"); return; }
      say(told.said || told.error || button.getAttribute("data-broken"), request.status !== 200);
      if (request.status === 200) { window.dash_clientside.set_props("locations-changed", { data: Date.now() }); }
    };
    request.onerror = function () { say(button.getAttribute("data-broken"), true); };
    request.send(file);
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("[data-sites]") : null;
    if (!button) { return; }
    var input = document.createElement("input");
    input.type = "file";
    input.accept = ".csv,.txt,.geojson,.json";
    input.onchange = function () { if (input.files.length) { send(input.files[0], button); } };
    input.click();
  });
})();
