/* What the frame does in the browser: filter bar, theme, rail, language, log-out. */
(function () {
  var WHERE = ["region", "city", "ownership", "store", "platform", "channel"];
  var PARTS = ["period", "against"].concat(WHERE, ["metric"]);
  var ENDS = ["from", "to", "against-from", "against-to"];
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

  /* What an address names and the reader does not know is left out, and said in the bar. */
  function fromAddress(search, words, stores) {
    var query = new URLSearchParams(search || ""), notes = [];
    if (!PARTS.some(function (part) { return query.has(part); })) { return null; }
    function one(part, known, usual) {
      var value = query.get(part) || usual;
      if (known(value)) { return value; }
      notes.push("unknown");
      return usual;
    }
    function many(part, known) {
      var asked = query.getAll(part).filter(Boolean), found = asked.filter(function (name) { return known[name]; });
      if (found.length < asked.length) { notes.push(part === "store" ? "store" : "unknown"); }
      return found;
    }
    var choice = {
      period: one("period", function (name) { return words.period[name] || days(name); }, "last7"),
      against: one("against", function (name) { return words.comparisons[name] || days(name); }, "weeks"),
      metric: one("metric", function (name) { return words.metric[name]; }, "net_sales"),
      store: many("store", stores).slice(0, words.most)
    };
    ["region", "city", "ownership", "platform", "channel"].forEach(function (part) { choice[part] = many(part, words[part]); });
    return { choice: choice, notes: notes };
  }

  function days(text) {
    var found = /^(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)$/.exec(text || "");
    if (!found || found[1] > found[2] || found[1] < "1900" || found[2] >= "2200") { return null; }
    return isNaN(Date.parse(found[1])) || isNaN(Date.parse(found[2])) ? null : [found[1], found[2]];
  }

  function span(pair) { return Math.round((Date.parse(pair[1]) - Date.parse(pair[0])) / 864e5) + 1; }
  function dated(pair) { return pair[0] + " – " + pair[1]; }

  function toQuery(choice) {
    var query = new URLSearchParams();
    query.set("period", choice.period);
    if (choice.against !== "weeks") { query.set("against", choice.against); }
    query.set("metric", choice.metric);
    WHERE.forEach(function (part) {
      choice[part].forEach(function (name) { query.append(part, name); });
    });
    return "?" + query.toString();
  }

  function several(part, chosen, names, words) {
    if (!chosen.length) { return words.all[part]; }
    if (chosen.length <= 2) {
      var comma = document.documentElement.lang.indexOf("zh") === 0 ? "、" : ", ";
      return chosen.map(function (name) { return names[name] || name; }).join(comma);
    }
    return words.some[part].replace("{count}", chosen.length);
  }

  function word(part, choice, stores, words) {
    if (WHERE.indexOf(part) >= 0) {
      return several(part, choice[part], part === "store" ? stores : words[part], words);
    }
    if (part === "metric") { return words.metric[choice.metric]; }
    var own = days(choice[part]);
    if (part === "period") { return own ? dated(own) : words.period[choice.period]; }
    if (own) { return words.against.own.replace("{days}", dated(own)); }
    return choice.against === "weeks" ? words.against.weeks[choice.period] || words.against.weeks.custom :
      words.against[choice.against];
  }

  function pageOf(pathname, words) {
    return words.pages.find(function (page) {
      var pattern = page.path.replace(/<[^>]+>/g, "[^/]+");
      return new RegExp("^" + pattern + "/?$").test(pathname || "/");
    });
  }

  function moved() {
    return window.dash_clientside.callback_context.triggered.map(function (one) { return one.prop_id; });
  }

  function chosen(args, ends, current) {
    var changed = moved();
    function own(part, usual) {
      var from = "filter-" + part + "from.value", to = "filter-" + part + "to.value";
      var typed = days(ends[part + "from"] + ".." + ends[part + "to"]);
      return typed && (changed.indexOf(from) >= 0 || changed.indexOf(to) >= 0) ? typed.join("..") : usual;
    }
    var choice = {
      period: own("", args.period || current.period),
      against: own("against-", args.against || current.against),
      metric: args.metric || current.metric
    };
    WHERE.forEach(function (part) { choice[part] = list(args[part]); });
    return choice;
  }

  function notesOf(choice, linked, shown, words) {
    var notes = linked.filter(function (name, at) { return linked.indexOf(name) === at; });
    var period = days(choice.period), against = days(choice.against);
    if (shown.indexOf("period") >= 0 && period && span(period) > words.longest) { notes.push("long"); }
    if (shown.indexOf("against") >= 0 && period && against && span(period) !== span(against)) { notes.push("uneven"); }
    return notes.map(function (name) { return words.notes[name]; }).join(" ");
  }

  function empty(words, part, stores) {
    var names = part === "store" ? stores : words[part];
    return WHERE.indexOf(part) >= 0 && Object.keys(names).length < (part === "store" ? 2 : 1);
  }

  var linked = [], told = [];

  /* What is as it was is not sent again: each of it would draw its part of the bar anew. */
  function changes(outputs, values) {
    var before = told;
    told = outputs;
    return outputs.map(function (value, at) {
      var known = at > 0 && at <= values.length ? values[at - 1] : before[at];
      return same(value, known) ? window.dash_clientside.no_update : value;
    });
  }

  function filters(pathname, search) {
    var given = [].slice.call(arguments, 2), args = {}, ends = {};
    PARTS.forEach(function (part, at) { args[part] = given[at]; });
    ENDS.forEach(function (end, at) { ends[end] = given[PARTS.length + at]; });
    var rest = given.slice(PARTS.length + ENDS.length), current = rest[0], words = rest[1], stores = {};
    (rest[2] || []).forEach(function (option) { stores[option.value] = option.label; });
    var page = pageOf(pathname, words), shown = page ? page.filters : [], choice;
    if (moved().some(function (name) { return name.indexOf("filter-") === 0; })) {
      choice = chosen(args, ends, current);
      if (!same(choice, current)) { linked = []; }
    } else {
      var found = fromAddress(search, words, stores);
      choice = found ? found.choice : Object.assign({}, current);
      linked = found ? found.notes : [];
    }
    if (page && !page.every && words.metrics.indexOf(choice.metric) < 0) { choice.metric = "net_sales"; }
    choice = inOrder(choice);
    document.documentElement.setAttribute("data-page", page ? page.key : "");
    if (shown.length) {
      var address = pathname + toQuery(choice);
      if (window.location.pathname === pathname && address !== pathname + window.location.search) {
        window.history.replaceState(window.history.state, "", address);
      }
    }
    var period = days(choice.period) || ["", ""], against = days(choice.against) || ["", ""];
    return changes([same(choice, current) ? undefined : choice].concat(
      PARTS.map(function (part) { return choice[part]; }),
      period, against,
      PARTS.map(function (part) { return word(part, choice, stores, words); }),
      PARTS.map(function (part) { return shown.indexOf(part) < 0 || empty(words, part, stores); }),
      PARTS.map(function (part) {
        return "bar-segment" + (WHERE.indexOf(part) >= 0 && !choice[part].length ? " bar-unset" : "");
      }),
      PARTS.map(function (part) { return "bar-choice of-" + list(choice[part]).join("-").replace(/\s+/g, ""); }),
      [words.first.indexOf(choice.metric) < 0,
        notesOf(choice, linked, shown, words), !shown.length, page ? page.title : words.missing]),
    given.slice(0, PARTS.length + ENDS.length));
  }

  /* Always the same order of keys, as a choice is compared and kept by its text. */
  function inOrder(choice) {
    var ordered = {};
    ["period", "against", "metric"].concat(WHERE).forEach(function (part) { ordered[part] = choice[part]; });
    return ordered;
  }

  /* On a phone what is not chosen is behind one button, so that the bar stays at two lines. */
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest(".bar-more");
    if (!button) { return; }
    var open = button.parentElement.toggleAttribute("data-open");
    button.setAttribute("aria-expanded", String(open));
  });

  var functions = window.dashMantineFunctions = window.dashMantineFunctions || {};

  /* A store is found by any part of its name, code or pinyin; spaces in what is typed do not count. */
  functions.storesFound = function (input) {
    var wanted = input.search.toLowerCase().replace(/\s+/g, ""), found = [];
    for (var at = 0; at < input.options.length && found.length < input.limit; at += 1) {
      var option = input.options[at], text = option.label + " " + (option.search || "");
      if (text.toLowerCase().replace(/\s+/g, "").indexOf(wanted) >= 0) { found.push(option); }
    }
    return found;
  };

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

  /* A session that has ended, or that is of another chain by now: the page is loaded again, which
     leads to the log-in, or to the first page of that chain. */
  var chain = document.documentElement.getAttribute("data-chain") || "";
  var fetching = window.fetch;
  window.fetch = function (address, options) {
    var path = String((address && address.url) || address);
    if (chain && path.indexOf("_dash-update-component") >= 0) {
      options = Object.assign({}, options);
      options.headers = Object.assign({}, options.headers, { "X-Tillboard-Chain": chain });
    }
    return fetching.call(this, address, options).then(function (response) {
      if (response.status === 401) { window.location.reload(); }
      if (response.status === 409) { window.location.assign("/"); }
      return response;
    });
  };
})();
