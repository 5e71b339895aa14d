/* What the Forecast page does in the browser: the choice in the address, links of its table. */
(function () {
  var NO = window.dash_clientside.no_update;
  var AHEADS = ["7", "30", "90"];

  function known(groups) {
    return (groups || []).reduce(function (all, group) {
      return all.concat((group.items || [group]).map(function (item) { return item.value; }));
    }, []);
  }

  function choose(search, unit, ahead, groups, current) {
    if (window.location.pathname.indexOf("/forecast") !== 0) { return [NO, NO, NO]; }
    var units = known(groups);
    var moved = window.dash_clientside.callback_context.triggered.map(function (one) {
      return one.prop_id;
    });
    /* Of what the reader did not touch, the field may still hold an older value. */
    var byUnit = current && moved.indexOf("forecast-unit.value") >= 0;
    var byAhead = current && moved.indexOf("forecast-ahead.value") >= 0;
    var byReader = byUnit || byAhead;
    var query = new URLSearchParams(search || "");
    var choice = byReader ?
      { unit: byUnit ? unit : current.unit, ahead: byAhead ? ahead : current.ahead } :
      { unit: query.get("unit") || units[0], ahead: query.get("ahead") || "30" };
    if (byReader && choice.unit === current.unit && choice.ahead === current.ahead) {
      return [NO, NO, NO];
    }
    if (units.indexOf(choice.unit) < 0) { choice.unit = units[0]; }
    if (AHEADS.indexOf(choice.ahead) < 0) { choice.ahead = "30"; }
    var address = "/forecast?unit=" + choice.unit + "&ahead=" + choice.ahead;
    if (byReader && address !== window.location.pathname + window.location.search) {
      window.history.replaceState(window.history.state, "", address);
    }
    var same = current && current.unit === choice.unit && current.ahead === choice.ahead;
    return [same ? NO : choice, choice.unit, choice.ahead];
  }

  /* A run has ended: what it made is drawn, and an empty page, which cannot fill itself, is loaded again. */
  var shown = null;
  function made(run) {
    if (run && document.querySelector(".page .forecast-empty")) { window.location.reload(); }
    var another = shown !== null && run !== shown;
    shown = run;
    return [NO, another ? Date.now() : NO];
  }

  window.dash_clientside.forecast = {
    choose: choose,
    made: made,
    open: function (clicks) { return (clicks || []).some(Boolean) ? true : NO; }
  };

  var cells = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
  cells.TillForecast = function (props) {
    if (props.data.id === "total") { return React.createElement("strong", null, props.value); }
    var ahead = new URLSearchParams(window.location.search).get("ahead") || "30";
    var href = "/forecast?unit=store-" + props.data.id + "&ahead=" + ahead;
    return React.createElement("a", { href: href, className: "tb-store", title: props.value,
      onClick: function (event) {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) { return; }
        event.preventDefault();
        window.history.pushState({}, "", href);
        window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
        window.scrollTo(0, 0);
      } }, props.value);
  };
  cells.TillTip = function (props) {
    return React.createElement("span", { title: props.data[props.tip] || props.value || "" }, props.value || "");
  };
})();
