/**
 * The program of the map in the page. It needs Chart.js, colours the images by the chosen property,
 * and shows the image under the pointer, or the one that the arrow keys choose.
 */
export const MAP_SCRIPT = `
(() => {
  const figure = document.querySelector("figure.map");
  const data = JSON.parse(figure.querySelector("script").textContent);
  const [select, box, canvas, card] = ["select", ".canvas", "canvas", ".map-card"].map((one) => figure.querySelector(one));
  const [picture, text] = [card.querySelector(".picture"), card.querySelector("output")];
  const shapes = ["circle", "triangle", "rectRot", "rect"];
  let chart, members, chosen = -1;
  function draw() {
    chart?.destroy();
    const style = getComputedStyle(document.documentElement);
    const [ink, quiet, line] = ["--text", "--quiet", "--line"].map((name) => style.getPropertyValue(name).trim());
    const { names, of } = data.groups[select.value];
    // Images without a finding are drawn first, below the others.
    members = [-1, ...names.keys()].map((group) => [...of.keys()].filter((i) => of[i] === group));
    const datasets = members.flatMap((own, place) => own.length === 0 ? [] : [{
      label: place === 0 ? "no finding" : names[place - 1],
      data: own.map((i) => ({ x: data.x[i], y: data.y[i] })),
      own,
      order: -place,
      backgroundColor: place === 0 ? quiet + "66" : data.colours[(place - 1) % data.colours.length] + "cc",
      borderWidth: 0,
      pointStyle: shapes[Math.floor(Math.max(0, place - 1) / data.colours.length) % shapes.length],
      pointRadius: 3,
      pointHoverRadius: 7,
    }]);
    const axis = (n) => ({ title: { display: true, text: n + " principal component", color: quiet }, ticks: { color: quiet, maxRotation: 0, maxTicksLimit: 7 }, grid: { color: line } });
    chart = new Chart(canvas, {
      type: "scatter",
      data: { datasets },
      options: {
        color: ink, animation: false, maintainAspectRatio: false, events: [],
        plugins: { tooltip: { enabled: false }, legend: { position: "bottom", reverse: true, labels: { usePointStyle: true, boxWidth: 8, boxHeight: 8 } } },
        scales: { x: axis("1st"), y: axis("2nd") },
      },
    });
    show(chosen);
  }
  function show(i) {
    chosen = i;
    card.hidden = i < 0;
    const active = [];
    if (i >= 0) {
      const name = (key) => data.groups[key].names[data.groups[key].of[i]];
      picture.className = "picture sheet-" + data.sheet[i];
      picture.style.setProperty("--x", data.column[i]);
      picture.style.setProperty("--y", data.line[i]);
      text.textContent = [name("class") + ", row " + data.row[i], name("split"), name("finding")].filter(Boolean).join("\\n");
      const datasetIndex = chart.data.datasets.findIndex(({ own }) => own.includes(i));
      active.push({ datasetIndex, index: chart.data.datasets[datasetIndex].own.indexOf(i) });
      const [x, y] = [chart.scales.x.getPixelForValue(data.x[i]), chart.scales.y.getPixelForValue(data.y[i])];
      const left = x + 14 + card.offsetWidth > box.clientWidth ? x - 14 - card.offsetWidth : x + 14;
      const top = Math.min(Math.max(0, y - card.offsetHeight / 2), box.clientHeight - card.offsetHeight);
      card.style.transform = "translate(" + Math.max(0, left) + "px, " + top + "px)";
    }
    chart.setActiveElements(active);
    chart.update("none");
  }
  function point(event) {
    const [found] = chart.getElementsAtEventForMode(event, "nearest", { intersect: true }, true);
    const i = found === undefined ? -1 : chart.data.datasets[found.datasetIndex].own[found.index];
    if (i !== chosen) show(i);
  }
  canvas.addEventListener("pointermove", point);
  canvas.addEventListener("pointerdown", point);
  canvas.addEventListener("pointerleave", ({ pointerType }) => { if (pointerType === "mouse") show(-1); });
  box.addEventListener("keydown", (event) => {
    const last = data.x.length - 1;
    const to = { ArrowRight: chosen + 1, ArrowDown: chosen + 1, ArrowLeft: chosen - 1, ArrowUp: chosen - 1, Home: 0, End: last }[event.key];
    if (event.key === "Escape") show(-1);
    if (to === undefined) return;
    event.preventDefault();
    show(Math.min(last, Math.max(0, to)));
  });
  select.addEventListener("change", draw);
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matchMedia("print").addEventListener("change", draw);
  addEventListener("beforeprint", () => { show(-1); chart.resize(); });
  addEventListener("afterprint", () => chart.resize());
})();
`;
