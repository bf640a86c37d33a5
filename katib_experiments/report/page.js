"use strict";
// Draws the figures with the style sheet's colours, and again when light turns to dark.

const figures = JSON.parse(document.getElementById("figures").textContent);
const chosen = {};  // figure -> index of its view

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

function colour(name) {
  probe.style.color = name;
  return getComputedStyle(probe).color;
}

function resolved(value) {
  if (typeof value === "string") return value.startsWith("var(--") ? colour(value) : value;
  if (Array.isArray(value)) return value.map(resolved);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each)]));
}

async function draw(figure) {
  const place = document.getElementById(figure.name);
  const config = {
    responsive: true, displaylogo: false,
    modeBarButtons: [["toImage", "resetScale2d"]],
    toImageButtonOptions: { filename: figure.name, scale: 2 },
  };
  await Plotly.newPlot(place, resolved(figure.data), resolved(figure.layout), config);
  if (chosen[figure.name]) await look(figure, chosen[figure.name]);
}

function look(figure, index) {
  chosen[figure.name] = index;
  const view = figure.views[index];
  for (const button of document.querySelectorAll(`[data-figure="${figure.name}"]`))
    button.setAttribute("aria-pressed", String(Number(button.dataset.view) === index));
  return Plotly.update(figure.name, resolved(view.trace), resolved(view.layout), [0]);
}

function drawAll() {
  return Promise.all(figures.map(draw));
}

for (const button of document.querySelectorAll("[data-figure]"))
  button.addEventListener("click", () =>
    look(figures.find(each => each.name === button.dataset.figure), Number(button.dataset.view)));

// Sort the table of Trials by a click on a column's head.
for (const button of document.querySelectorAll("th button"))
  button.addEventListener("click", () => {
    const head = button.parentElement, body = head.closest("table").tBodies[0];
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = row => row.cells[head.cellIndex].dataset.sort;
    const numeric = head.classList.contains("number");
    const compare = (a, b) => numeric ? Number(a) - Number(b) : a.localeCompare(b);
    const rows = [...body.rows].sort((a, b) => {
      if (key(a) === "" || key(b) === "") return (key(a) === "") - (key(b) === "");  // empty last
      return up ? compare(key(a), key(b)) : compare(key(b), key(a));
    });
    body.append(...rows);
  });

for (const button of document.querySelectorAll("[data-copy]"))
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; drawAll(); });
addEventListener("afterprint", () => { delete document.documentElement.dataset.theme; drawAll(); });
drawAll();
