/* Cells of the fair ranking and of targets, drawn in the browser. */
(function () {
  var h = React.createElement;
  var cells = window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || {};

  /* A place, and beside it the places that the store may hold as well. */
  cells.TillPlace = function (props) {
    if (props.value == null) { return null; }
    var tied = props.data.from !== props.data.to;
    return h("span", { className: "tb-rank", title: props.data.tie }, h("b", null, props.value),
      tied ? h("small", null, props.data.from + "–" + props.data.to) : null);
  };
})();
