/* Runs before anything is drawn: the page starts in the theme it will have. */
(function () {
  var found = document.cookie.match(/(?:^|; )tillboard_theme=(light|dark)/);
  var system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  var theme = found ? found[1] : system;
  document.documentElement.setAttribute("data-mantine-color-scheme", theme);
  if (!found) {
    document.cookie = "tillboard_theme=" + theme + "; path=/; samesite=lax";
  }
})();
