/* Sends a list of stores as it is, as one stream, and says what became of it. */
(function () {
  function say(text, bad) {
    var place = document.getElementById("setup-said");
    if (!place) { return; }
    place.textContent = text;
    place.className = bad ? "setup-bad" : "setup-good";
  }

  function send(file, button) {
    var request = new XMLHttpRequest();
    request.open("POST", "/setup-list");
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.onload = function () {
      var told = {};
      try { told = JSON.parse(request.responseText); } catch (error) { told = {}; }
      if (request.status === 401) { window.location.reload(); return; }
      say(told.said || told.error || button.getAttribute("data-broken"), request.status !== 200);
      window.dash_clientside.set_props("setup-changed", { data: Date.now() });
    };
    request.onerror = function () { say(button.getAttribute("data-broken"), true); };
    request.send(file);
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("[data-stores]") : null;
    if (!button) { return; }
    var input = document.createElement("input");
    input.type = "file";
    input.accept = ".csv,.xlsx,.xls,.txt";
    input.onchange = function () { if (input.files.length) { send(input.files[0], button); } };
    input.click();
  });
})();
