// Draw every figure from the data in the page.

const KINDS = {
  lines: linesFigure, surface: surfaceFigure, profile: profileFigure, rows: rowsFigure, view: viewFigure, ridges: ridgesFigure,
};

runButtons();
const specs = JSON.parse(document.getElementById("data").textContent);
document.querySelectorAll("figure[data-figure]").forEach(figure => {
  const spec = specs[Number(figure.dataset.figure)];
  try {
    KINDS[spec.kind](figure, spec);
  } catch (error) {
    figure.append(html("p", {}, `This figure could not be drawn: ${error.message}`));
  }
});
