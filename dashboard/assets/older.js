/* Runs before the scripts of others: what they need and an older engine lacks, or a sentence where
   the engine is too old for them; and whether this is WeChat, which saves no files. */
(function () {
  var root = document.documentElement;

  function add(owner, name, value) {
    if (!owner[name]) { Object.defineProperty(owner, name, { value: value, configurable: true, writable: true }); }
  }

  function at(index) {
    var whole = Math.trunc(index) || 0;
    return this[whole < 0 ? this.length + whole : whole];
  }

  function last(test, self) {
    for (var index = this.length - 1; index >= 0; index -= 1) {
      if (test.call(self, this[index], index, this)) { return this[index]; }
    }
    return undefined;
  }

  function replaceAll(what, other) {
    if (what instanceof RegExp) { return this.replace(what, other); }
    return typeof other === "function"
      ? this.replace(new RegExp(String(what).replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "g"), other)
      : this.split(what).join(other);
  }

  add(Array.prototype, "at", at);
  add(String.prototype, "at", at);
  add(Array.prototype, "findLast", last);
  add(Array.prototype, "toSorted", function (compare) { return this.slice().sort(compare); });
  add(String.prototype, "replaceAll", replaceAll);
  add(Object, "hasOwn", function (owner, name) { return Object.prototype.hasOwnProperty.call(owner, name); });
  add(window, "structuredClone", function (value) { return value === undefined ? value : JSON.parse(JSON.stringify(value)); });

  if (/MicroMessenger/i.test(navigator.userAgent)) { root.setAttribute("data-wechat", "yes"); }

  /* Both came with Chromium 88 and Safari 14, after the syntax that the scripts are written in. */
  function good() {
    try { return CSS.supports("selector(:where(a))"); } catch (error) { return false; }
  }

  function tell() {
    var words = root.getAttribute("data-old"), place;
    if (!words || good()) { return; }
    place = document.createElement("p");
    place.id = "too-old";
    place.setAttribute("role", "alert");
    place.textContent = words;
    place.style.cssText = "margin:0;padding:16px;background:#fff3d6;color:#4a3500;font:16px/1.5 sans-serif";
    document.body.insertBefore(place, document.body.firstChild);
  }

  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", tell); } else { tell(); }
})();
