/* Sends files one after the other as they are, each as one stream, and says how far each is. */
(function () {
  var queue = [];
  var busy = false;

  function zone() { return document.getElementById("drop"); }
  function said(name) { return zone() ? zone().getAttribute("data-" + name) : ""; }

  function line(file) {
    var item = document.createElement("li");
    item.className = "drop-item";
    ["name", "state", "bar"].forEach(function (part) {
      var element = document.createElement(part === "bar" ? "progress" : "span");
      element.className = "drop-" + part;
      item.appendChild(element);
    });
    item.querySelector(".drop-name").textContent = file.name;
    item.querySelector(".drop-bar").max = 1;
    item.querySelector(".drop-bar").value = 0;
    item.querySelector(".drop-bar").setAttribute("aria-label", file.name);
    var list = document.getElementById("drop-list");
    if (list) { list.prepend(item); }
    return item;
  }

  function end(item, text, kind) {
    item.classList.add("drop-" + kind);
    item.querySelector(".drop-state").textContent = text;
    item.querySelector(".drop-bar").hidden = true;
  }

  function changed() {
    window.dash_clientside.set_props("imports-changed", { data: Date.now() });
    window.dash_clientside.set_props("imports-tick", { disabled: false });
  }

  function answer(request) {
    try { return JSON.parse(request.responseText); } catch (error) { return {}; }
  }

  function next() {
    var job = queue.shift();
    if (!job) { busy = false; return; }
    busy = true;
    var request = new XMLHttpRequest();
    request.open("POST", "/upload");
    request.setRequestHeader("X-File-Name", encodeURIComponent(job.file.name));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-Tillboard-Chain", document.documentElement.getAttribute("data-chain"));
    request.upload.onprogress = function (event) {
      var share = event.total ? event.loaded / event.total : 0;
      job.item.querySelector(".drop-bar").value = share;
      job.item.querySelector(".drop-state").textContent = said("sending") + " " + Math.round(share * 100) + " %";
    };
    request.onload = function () {
      var told = answer(request);
      if (request.status === 401) { window.location.reload(); return; }
      if (request.status === 409) { window.location.assign("/"); return; }
      if (request.status !== 200) {
        end(job.item, told.error || said("failed"), "bad");
      } else {
        var waits = ["received", "reading", "merging"].indexOf(told.state) >= 0;
        end(job.item, waits ? said("sent") : said("already"), "good");
        changed();
      }
      next();
    };
    request.onerror = function () { end(job.item, said("broken"), "bad"); next(); };
    request.send(job.file);
  }

  function send(files) {
    files.filter(function (file) { return file.name.charAt(0) !== "."; }).forEach(function (file) {
      queue.push({ file: file, item: line(file) });
    });
    if (!busy) { next(); }
  }

  function readAll(reader, entries) {
    return new Promise(function (done) {
      reader.readEntries(function (found) {
        if (!found.length) { done(entries); return; }
        readAll(reader, entries.concat(Array.from(found))).then(done);
      }, function () { done(entries); });
    });
  }

  function walk(entry) {
    if (!entry) { return Promise.resolve([]); }
    if (entry.isFile) {
      return new Promise(function (done) {
        entry.file(function (file) { done([file]); }, function () { done([]); });
      });
    }
    return readAll(entry.createReader(), []).then(function (entries) {
      return Promise.all(entries.map(walk)).then(function (lists) { return lists.flat(); });
    });
  }

  function choose(kind) {
    var input = document.createElement("input");
    input.type = "file";
    input.multiple = true;
    if (kind === "folder") { input.webkitdirectory = true; }
    input.onchange = function () { send(Array.from(input.files)); };
    input.click();
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest ? event.target.closest("[data-choose]") : null;
    if (button) { choose(button.getAttribute("data-choose")); }
    var opened = event.target.closest ? event.target.closest("[data-batch]") : null;
    if (opened) {
      var batch = Number(opened.getAttribute("data-batch"));
      window.dash_clientside.set_props("imports-opened", { data: { batch: batch, at: Date.now() } });
    }
  });

  /* Anywhere on the page will do: who misses the zone does not want the file opened instead. */
  document.addEventListener("dragover", function (event) {
    if (!zone()) { return; }
    event.preventDefault();
    zone().classList.add("drop-over");
  });
  document.addEventListener("dragleave", function (event) {
    if (zone() && !event.relatedTarget) { zone().classList.remove("drop-over"); }
  });
  document.addEventListener("drop", function (event) {
    if (!zone()) { return; }
    event.preventDefault();
    zone().classList.remove("drop-over");
    var entries = Array.from(event.dataTransfer.items || []).map(function (item) {
      return item.webkitGetAsEntry ? item.webkitGetAsEntry() : null;
    }).filter(Boolean);
    if (!entries.length) { send(Array.from(event.dataTransfer.files)); return; }
    Promise.all(entries.map(walk)).then(function (lists) { send(lists.flat()); });
  });
})();
