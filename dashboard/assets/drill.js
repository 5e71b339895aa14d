/* A row of a figure's split opens what that row is made of: the same view, narrowed to it. */
(function () {
  var h = React.createElement;
  var cells = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};
  var functions = window.dashAgGridFunctions = window.dashAgGridFunctions || {};

  function address(context, id) {
    var query = new URLSearchParams(window.location.search);
    query.set(context.part, id);
    if (context.part === "store") { query.delete("region"); query.delete("city"); }
    /* Days of one's own to compare with belong to the whole period, not to a day of it. */
    if (context.part === "period" && (query.get("against") || "").indexOf("..") > 0) { query.delete("against"); }
    return "/made-of/" + context.next + "?" + query.toString();
  }

  function go(event, href) {
    if (event && (event.metaKey || event.ctrlKey || event.shiftKey || event.button)) { return; }
    if (event) { event.preventDefault(); }
    window.history.pushState({}, "", href);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }

  cells.TillDeeper = function (props) {
    var href = address(props.context, props.data.id);
    return h("a", { href: href, className: "tb-store", title: props.value,
      onClick: function (event) { go(event, href); } }, props.value);
  };

  functions.tillDeeper = function (params) {
    if (params.event.key === "Enter" && params.data) { go(null, address(params.context, params.data.id)); }
  };

  functions.tillByDay = function (one, other, first, second) {
    return first.data.id < second.data.id ? -1 : first.data.id > second.data.id ? 1 : 0;
  };
})();
