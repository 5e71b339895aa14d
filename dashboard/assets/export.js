/* An export holds what the page shows: its link gets the address that the reader is at. */
document.addEventListener("click", function (event) {
  var link = event.target.closest && event.target.closest("a.export-link");
  if (!link) { return; }
  var query = new URLSearchParams(location.search);
  var store = /^\/store\/(\d+)\/?$/.exec(location.pathname);
  if (store) { query.set("store", store[1]); query.delete("region"); query.delete("city"); }
  link.setAttribute("href", link.getAttribute("href").split("?")[0] + "?" + query.toString());
}, true);
