'use strict';

// Connects what a reader chooses to what the chart shows. Drawing is plotly's.
(() => {
  const data = document.getElementById('chart-data');
  if (!data) return;
  const { plot, tags } = JSON.parse(data.textContent);
  const chart = document.getElementById('chart');
  const form = document.querySelector('form.choices');
  const dark = matchMedia('(prefers-color-scheme: dark)');

  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const ink = style.getPropertyValue('--ink').trim();
    const line = style.getPropertyValue('--line').trim();
    return {
      'font.color': ink, 'xaxis.gridcolor': line, 'yaxis.gridcolor': line,
      'modebar.bgcolor': 'rgba(0,0,0,0)', 'modebar.color': line, 'modebar.activecolor': ink,
      'hoverlabel.bgcolor': style.getPropertyValue('--paper').trim(), 'hoverlabel.font.color': ink,
    };
  };
  const chosen = () => {
    const all = new FormData(form);
    const group = all.get('group') ?? tags[0].group;
    const [n, q] = [new Set(all.getAll('n')), new Set(all.getAll('q'))];
    return tags.map((tag) =>
      tag.group === group && tag.milestone === all.get('milestone') && n.has(tag.n) && q.has(tag.q));
  };

  Plotly.newPlot(chart, plot.data, plot.layout, plot.config)
    .then(() => Plotly.update(chart, { visible: chosen() }, colours()));
  form.addEventListener('change', () => Plotly.restyle(chart, { visible: chosen() }));
  form.addEventListener('submit', (event) => event.preventDefault());
  dark.addEventListener('change', () => Plotly.relayout(chart, colours()));
})();

// Sorts a table by the column whose heading is pressed, and back.
for (const table of document.querySelectorAll('table.sortable')) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => heading.querySelector('button').addEventListener('click', () => {
    const down = heading.getAttribute('aria-sort') === 'ascending';
    const key = (row) => {
      const cell = row.cells[column];
      return cell.dataset.key === undefined ? cell.textContent : parseFloat(cell.dataset.key.replace('inf', 'Infinity'));
    };
    const compare = (a, b) => (typeof a === 'number' ? (a === b ? 0 : a - b) : a.localeCompare(b));
    const rows = [...table.tBodies[0].rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => (down ? compare(b, a) : compare(a, b)));
    table.tBodies[0].append(...rows.map(([, row]) => row));
    headings.forEach((other) => other.removeAttribute('aria-sort'));
    heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
  }));
}

// A page that was mailed has no files beside it: its figures are saved from the page itself.
for (const link of document.querySelectorAll('figure a[download]')) {
  link.addEventListener('click', (event) => {
    const svg = link.closest('figure').querySelector('svg');
    if (!svg) return;
    event.preventDefault();
    const text = new XMLSerializer().serializeToString(svg);
    const file = URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' }));
    Object.assign(document.createElement('a'), { href: file, download: link.download }).click();
    setTimeout(() => URL.revokeObjectURL(file), 1000);
  });
}
