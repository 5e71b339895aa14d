/* Cells of the ranking, drawn in the browser: names, bars, arrows, lines. No code from the server is run. */
(function () {
  var h = React.createElement;
  var cells = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
  var functions = window.dashAgGridFunctions = window.dashAgGridFunctions || {};
  var makers = {};

  function width() {
    var narrow = window.innerWidth < 640 ? 1 : 0;
    document.cookie = "tillboard_narrow=" + narrow + "; path=/; samesite=lax; max-age=31536000";
  }
  width();
  window.addEventListener("resize", width);

  function maker(lang, digits, compact) {
    var key = lang + digits + compact;
    makers[key] = makers[key] || new Intl.NumberFormat(lang, compact ?
      { notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 } :
      { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return makers[key];
  }

  function decimals(props) { return Math.round(Math.log10(props.minor || 1)); }

  function percent(value) {
    var size = Math.abs(value * 100);
    return (value * 100).toFixed(size >= 20 || !size ? 0 : size >= 1 ? 1 : 2);
  }

  function short(value, props) {
    if (props.unit === "ratio") { return percent(value); }
    var lang = props.context.lang;
    if (props.unit === "money") { return maker(lang, 0, true).format(value / props.minor); }
    return maker(lang, 0, Math.abs(value) >= 100000).format(value);
  }

  function full(value, props) {
    var lang = props.context.lang;
    if (props.unit === "money") {
      return props.symbol + maker(lang, decimals(props), false).format(value / props.minor);
    }
    if (props.unit === "ratio") { return (value * 100).toFixed(2) + " %"; }
    return maker(lang, 0, false).format(value);
  }

  function arrow(value) { return value > 0 ? "▲ " : value < 0 ? "▼ " : "= "; }

  function nothing() { return h("span", { className: "tb-none" }, "–"); }

  function go(event, href) {
    if (event && (event.metaKey || event.ctrlKey || event.shiftKey || event.button)) { return; }
    if (event) { event.preventDefault(); }
    window.history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  function address(id) { return "/store/" + id + window.location.search; }

  cells.TillStore = function (props) {
    if (props.data.id === "total") { return h("strong", null, props.value); }
    var href = address(props.data.id);
    return h("a", { href: href, className: "tb-store", title: props.value,
      onClick: function (event) { go(event, href); } }, props.value);
  };

  cells.TillRank = function (props) {
    if (props.value == null) { return null; }
    var moved = props.data.m;
    return h("span", { className: "tb-rank" }, h("b", null, props.value),
      moved ? h("small", null, (moved > 0 ? "▲" : "▼") + Math.abs(moved)) : null);
  };

  cells.TillNumber = function (props) {
    var value = props.value;
    if (value == null) { return nothing(); }
    if (props.unit === "change" || props.unit === "points") {
      var size = props.unit === "points" ? Math.abs(value * 100).toFixed(1) : percent(Math.abs(value));
      return h("span", null, value ? arrow(value) + size : "=");
    }
    return h("span", { title: full(value, props) }, short(value, props));
  };

  cells.TillBar = function (props) {
    if (props.value == null) { return nothing(); }
    var text = h("span", { title: full(props.value, props) }, short(props.value, props));
    if (props.data.id === "total") { return h("span", { className: "tb-bar" }, h("i"), h("strong", null, text)); }
    var part = Math.max(0, Math.min(1, props.value / top(props)));
    return h("span", { className: "tb-bar" },
      h("i", null, h("em", { style: { width: (part * 100).toFixed(1) + "%" } })), text);
  };

  function top(props) {
    var rows = props.api.getGridOption("rowData") || [];
    if (rows !== props.context.rows) {
      props.context.rows = rows;
      props.context.top = rows.reduce(function (most, row) { return Math.max(most, row.v || 0); }, 0) || 1;
    }
    return props.context.top;
  }

  cells.TillSpark = function (props) {
    var values = props.value || [];
    var seen = values.filter(function (value) { return value != null; });
    if (!seen.length) { return null; }
    var most = Math.max.apply(null, seen) || 1, pen = "M", path = "";
    var low = Math.max(0, Math.min(Math.min.apply(null, seen), 0.6 * most));
    values.forEach(function (value, index) {
      if (value == null) { pen = "M"; return; }
      path += pen + (index * 100 / Math.max(values.length - 1, 1)).toFixed(1) + " " +
        (22 - Math.max(value - low, 0) / (most - low) * 20).toFixed(1);
      pen = "L";
    });
    return h("svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", className: "tb-cell-spark",
      "aria-hidden": true }, h("path", { d: path }));
  };

  functions.tillByPinyin = function (one, other, first, second) {
    var a = first.data.p || one || "", b = second.data.p || other || "";
    return a < b ? -1 : a > b ? 1 : 0;
  };

  /* A search is for a store or its city, by name or pinyin: a "77" in an amount is no find. */
  functions.tillSearched = function (params) {
    return [params.data.n, params.data.p, params.data.city].join(" ");
  };
  functions.tillUnsearched = function () { return ""; };

  functions.tillOpen = function (params) {
    if (params.event.key === "Enter" && params.data && params.data.id !== "total") { go(null, address(params.data.id)); }
    if ((params.event.ctrlKey || params.event.metaKey) && params.event.key === "c" && !String(window.getSelection())) {
      navigator.clipboard.writeText(sheet(params.api, "\t"));
    }
  };

  functions.themeTill = function (theme) {
    return theme.withParams({
      backgroundColor: "var(--tb-surface)", foregroundColor: "var(--tb-text)", borderColor: "var(--tb-hairline)",
      headerBackgroundColor: "var(--tb-surface)", headerTextColor: "var(--tb-muted)", chromeBackgroundColor: "var(--tb-surface)",
      accentColor: "var(--tb-accent)", rowHoverColor: "var(--tb-raised)", fontFamily: "var(--tb-font)", fontSize: 13,
      wrapperBorder: false, columnBorder: false, headerColumnBorder: false, cellHorizontalPadding: window.innerWidth < 640 ? 6 : 10,
      headerFontWeight: 500, wrapperBorderRadius: 0
    });
  };

  function plain(row, column) {
    var value = row[column.field], params = column.cellRendererParams || {};
    if (value == null) { return ""; }
    if (params.unit === "money") { return (value / params.minor).toFixed(decimals(params)); }
    if (params.unit === "ratio" || params.unit === "change" || params.unit === "points") { return (value * 100).toFixed(2); }
    return String(value);
  }

  function sheet(api, comma) {
    var columns = api.getAllDisplayedColumns().map(function (column) { return column.getColDef(); })
      .filter(function (column) { return column.field !== "k"; });
    function cell(text) {
      text = /^[=+\-@\t]/.test(text) && isNaN(text) ? "'" + text : text;
      return comma === "," && /[",\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
    }
    var lines = [columns.map(function (column) { return cell(column.headerName); }).join(comma)];
    api.forEachNodeAfterFilterAndSort(function (node) {
      lines.push(columns.map(function (column) { return cell(plain(node.data, column)); }).join(comma));
    });
    return lines.join("\r\n");
  }

  function api(id) {
    try { return window.dash_ag_grid.getApi(id); } catch (error) { return null; }
  }

  var NO = window.dash_clientside.no_update;
  window.dash_clientside.pages = {
    search: function (text) {
      var found = api("stores-grid");
      if (found) { found.setGridOption("quickFilterText", text || ""); }
      return NO;
    },
    columns: function (chosen, _table, choice) {
      window.dash_ag_grid.getApiAsync("stores-grid").then(function (found) {
        found.setColumnsVisible(choice, false);
        found.setColumnsVisible(chosen || [], true);
      });
      return NO;
    },
    save: function (clicks) {
      var found = clicks && api("stores-grid");
      if (found && document.documentElement.getAttribute("data-wechat")) {
        window.location.assign("/in-browser?next=" + encodeURIComponent(location.pathname + location.search));
      } else if (found) {
        var link = document.createElement("a");
        link.href = URL.createObjectURL(new Blob(["\ufeff" + sheet(found, ",")], { type: "text/csv" }));
        link.download = "tillboard-stores.csv";
        link.click();
        URL.revokeObjectURL(link.href);
      }
      return NO;
    }
  };
})();
