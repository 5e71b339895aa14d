/* A list of stores: sent once to be checked and shown, and once more, as one stream, to be taken. */
(function () {
  function find(id) { return document.getElementById(id); }

  function say(text, bad) {
    var place = find("setup-said");
    if (!place) { return; }
    place.textContent = text;
    place.className = bad ? "setup-bad" : "setup-good";
  }

  function make(name, text, kind) {
    var element = document.createElement(name);
    if (text !== undefined) { element.textContent = text; }
    if (kind) { element.className = kind; }
    return element;
  }

  function clear() {
    var place = find("setup-seen");
    while (place && place.firstChild) { place.removeChild(place.firstChild); }
  }

  function send(path, file, button, then) {
    var request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-Tillboard-Chain", document.documentElement.getAttribute("data-chain"));
    request.onload = function () {
      var told = {};
      try { told = JSON.parse(request.responseText); } catch (error) { told = {}; }
      if (request.status === 401) { window.location.reload(); return; }
      if (request.status === 409) { window.location.assign("/"); return; }
      if (request.status !== 200) { say(told.error || button.getAttribute("data-broken"), true); return; }
      then(told);
    };
    request.onerror = function () { say(button.getAttribute("data-broken"), true); };
    request.send(file);
  }

  function take(file, button) {
    send("/setup-list", file, button, function (told) {
      clear();
      say(told.said, false);
      window.dash_clientside.set_props("setup-changed", { data: Date.now() });
    });
  }

  function table(told) {
    var box = make("table", undefined, "imports-table setup-lines"), head = make("tr"), body = make("tbody");
    told.head.forEach(function (text) {
      var cell = make("th", text);
      cell.scope = "col";
      head.appendChild(cell);
    });
    told.rows.forEach(function (row) {
      var line = make("tr", undefined, row.bad ? "setup-line-bad" : "");
      row.cells.forEach(function (text, at) {
        var cell = make("td", text);
        cell.setAttribute("data-head", told.head[at]);
        line.appendChild(cell);
      });
      body.appendChild(line);
    });
    box.appendChild(make("thead")).appendChild(head);
    box.appendChild(body);
    return box;
  }

  function show(told, file, button) {
    var place = find("setup-seen"), ways = make("div", undefined, "setup-do"), other = make("button", told.other, "drop-choose");
    clear();
    say(told.said, !told.good);
    if (told.good) {
      var sure = make("button", told.take, "drop-choose drop-choose-files");
      sure.type = "button";
      sure.id = "setup-take";
      sure.onclick = function () { sure.disabled = true; take(file, button); };
      ways.appendChild(sure);
    }
    other.type = "button";
    other.onclick = function () { choose(button); };
    ways.appendChild(other);
    place.appendChild(ways);
    if (told.rows.length) { place.appendChild(table(told)); }
    if (told.more) { place.appendChild(make("p", told.more, "muted")); }
    ways.firstChild.focus();
  }

  function choose(button) {
    var input = document.createElement("input");
    input.type = "file";
    input.accept = ".csv,.xlsx,.xls,.txt";
    input.onchange = function () {
      var file = input.files[0];
      if (!file) { return; }
      clear();
      send("/setup-list?check=1", file, button, function (told) { show(told, file, button); });
    };
    input.click();
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("[data-stores]") : null;
    if (button) { choose(button); }
  });
})();
