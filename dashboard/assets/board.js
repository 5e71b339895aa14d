/* What the frame does in the browser: filter bar, theme, rail, language, log-out. */
(function () {
  var PARTS = ["period", "region", "city", "metric"];
  var YEAR = 31536000;

  function same(one, other) { return JSON.stringify(one) === JSON.stringify(other); }
  function list(value) { return value == null || value === "" ? [] : [].concat(value); }

  function keep(name, value) {
    document.cookie = name + "=" + value + "; path=/; samesite=lax; max-age=" + YEAR;
  }

  function post(path, fields) {
    var form = document.createElement("form");
    form.method = "post";
    form.action = path;
    Object.keys(fields).forEach(function (name) {
      var input = document.createElement("input");
      input.type = "hidden";
      input.name = name;
      input.value = fields[name];
      form.appendChild(input);
    });
    document.body.appendChild(form);
    form.submit();
  }

  function fromAddress(search, words) {
    var query = new URLSearchParams(search || "");
    if (!PARTS.some(function (part) { return query.has(part); })) { return null; }
    var period = query.get("period") || "last7";
    var metric = query.get("metric") || "net_sales";
    return {
      period: words.period[period] || custom(period) ? period : "last7",
      metric: words.metric[metric] ? metric : "net_sales",
      region: query.getAll("region").filter(function (id) { return words.region[id]; }),
      city: query.getAll("city").filter(function (name) { return words.city[name]; })
    };
  }

  function custom(period) {
    var found = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/.exec(period || "");
    return found && found[1] <= found[2] ? [found[1], found[2]] : null;
  }

  function toQuery(choice) {
    var query = new URLSearchParams();
    query.set("period", choice.period);
    query.set("metric", choice.metric);
    choice.region.forEach(function (id) { query.append("region", id); });
    choice.city.forEach(function (name) { query.append("city", name); });
    return "?" + query.toString();
  }

  function several(part, chosen, words) {
    if (!chosen.length) { return words.all[part]; }
    if (chosen.length <= 2) {
      var comma = document.documentElement.lang.indexOf("zh") === 0 ? "、" : ", ";
      return chosen.map(function (name) { return words[part][name] || name; }).join(comma);
    }
    return words.some[part].replace("{count}", chosen.length);
  }

  function pageOf(pathname, words) {
    return words.pages.find(function (page) {
      var pattern = page.path.replace(/<[^>]+>/g, "[^/]+");
      return new RegExp("^" + pattern + "/?$").test(pathname || "/");
    });
  }

  function byReader(triggered) {
    return triggered.some(function (one) { return one.prop_id.indexOf("filter-") === 0; });
  }

  function chosen(args, current, words) {
    var days = args.from && args.to && args.from <= args.to ? args.from + ".." + args.to : null;
    var moved = window.dash_clientside.callback_context.triggered.map(function (one) {
      return one.prop_id;
    });
    var period = args.period || current.period;
    if (days && (moved.indexOf("filter-from.value") >= 0 || moved.indexOf("filter-to.value") >= 0)) {
      period = days;
    }
    return {
      period: period,
      metric: args.metric || current.metric,
      region: list(args.region),
      city: list(args.city)
    };
  }

  function filters(pathname, search, period, region, city, metric, from, to, current, words) {
    var args = { period: period, region: region, city: city, metric: metric, from: from, to: to };
    var reader = byReader(window.dash_clientside.callback_context.triggered);
    var choice = reader ? chosen(args, current, words) : fromAddress(search, words) || current;
    var page = pageOf(pathname, words);
    var shown = page ? page.filters : [];
    document.documentElement.setAttribute("data-page", page ? page.key : "");
    if (shown.length) {
      var address = pathname + toQuery(choice);
      if (window.location.pathname === pathname && address !== pathname + window.location.search) {
        window.history.replaceState(window.history.state, "", address);
      }
    }
    var days = custom(choice.period);
    return [
      same(choice, current) ? window.dash_clientside.no_update : choice,
      choice.period, choice.region, choice.city, choice.metric,
      days ? days[0] : "", days ? days[1] : "",
      days ? days[0] + " – " + days[1] : words.period[choice.period],
      several("region", choice.region, words),
      several("city", choice.city, words),
      words.metric[choice.metric],
      words.against[choice.period] || words.against.custom
    ].concat(PARTS.map(function (part) {
      return shown.indexOf(part) < 0 || (words[part] && !Object.keys(words[part]).length);
    }), [!shown.length, page ? page.title : words.missing]);
  }

  function theme(one, two, current) {
    var next = current === "dark" ? "light" : "dark";
    keep("tillboard_theme", next);
    return [next, next];
  }

  function rail(clicks, navbar) {
    var narrow = navbar.width > 100;
    keep("tillboard_rail", narrow ? "narrow" : "wide");
    return [Object.assign({}, navbar, { width: narrow ? 68 : 216 }),
      narrow ? "rail rail-narrow" : "rail"];
  }

  function language(clicks, lang) {
    if (clicks) { post("/language", { lang: lang, next: location.pathname + location.search }); }
    return window.dash_clientside.no_update;
  }

  function speak(lang) {
    var shown = document.documentElement.lang.slice(0, 2);
    if (lang && lang !== shown) { language(1, lang); }
    return window.dash_clientside.no_update;
  }

  function leave(clicks) {
    if (clicks) { post("/logout", {}); }
    return window.dash_clientside.no_update;
  }

  /* An empty page cannot fill itself: it is loaded again once there is something to show. */
  var wasEmpty = false;
  function filled(empty) {
    var waits = document.querySelector(".page .empty.card");
    if (wasEmpty && empty === false && waits) { window.location.reload(); }
    wasEmpty = empty === true;
    return window.dash_clientside.no_update;
  }

  /* A link to a part of a page: the part comes after the address, so the browser finds nothing. */
  function anchor() {
    var part = location.hash && document.getElementById(location.hash.slice(1));
    if (part) { part.scrollIntoView(); }
    return window.dash_clientside.no_update;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    board: { filters: filters, theme: theme, rail: rail, language: language, speak: speak, leave: leave, filled: filled, anchor: anchor }
  });

  /* A session that has ended: the page is loaded again, which leads to the log-in. */
  var fetching = window.fetch;
  window.fetch = function () {
    return fetching.apply(this, arguments).then(function (response) {
      if (response.status === 401) { window.location.reload(); }
      return response;
    });
  };
})();
