'use strict';
(() => {
  let data = JSON.parse(document.getElementById('content').textContent);
  const COLOURS = ['#3b82f6', '#f0883e', '#1fa97c', '#e5484d', '#a467ea', '#0ea5b7', '#e0569b', '#7ba428', '#b7791f', '#6b7fd7',
    '#8a6d5b', '#8792a2'];
  const PLAIN = {lr: 'learning rate', pairs_per_second: 'pairs per second', loss_scale: 'loss scale',
    skipped_steps: 'skipped steps'};
  const one = data.runs.length === 1;

  // Elements: all that comes from files goes through here, as text.
  function el(tag, props, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(props || {})) {
      if (value === false || value == null) continue;
      if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
      else if (name in made && name !== 'list' && typeof value !== 'string') made[name] = value;
      else made.setAttribute(name === 'className' ? 'class' : name, value);
    }
    made.append(...children.flat(Infinity).filter(child => child != null));
    return made;
  }
  function svg(tag, attributes) {
    const made = document.createElementNS('http://www.w3.org/2000/svg', tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }
  const bdi = text => el('bdi', {}, text);
  const plain = name => PLAIN[name] || name.replace(/^probe\./, '').replace(/_/g, ' ');
  const colour = i => i < 0 ? '#8792a2' : i < COLOURS.length ? COLOURS[i] : `hsl(${i * 137.5 % 360} 60% 55%)`;
  function number(value) {
    if (value == null || !Number.isFinite(value)) return '–';
    const size = Math.abs(value);
    if ((Number.isInteger(value) && size < 1e12) || (size >= 1000 && size < 1e6)) return Math.round(value).toLocaleString('en');
    return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2).replace(/\.?0+e/, 'e') : String(+value.toPrecision(4));
  }
  function duration(seconds) {
    if (seconds == null) return '–';
    const minutes = seconds / 60;
    return seconds < 90 ? `${Math.round(seconds)} s` : minutes < 90 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
  }
  const measure = name => name.replace(/^knn-(\d+)-([\d.]+)$/, 'kNN, k = $1, T = $2');
  const last = values => { for (let i = values.length - 1; i >= 0; i--) if (values[i] != null) return values[i]; return null; };
  const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Theme: as the system has it until the button is pressed.
  const dark = matchMedia('(prefers-color-scheme: dark)');
  let theme = null;
  const redraws = [];
  function applyTheme() {
    document.documentElement.dataset.theme = theme || (dark.matches ? 'dark' : 'light');
    redraws.forEach(redraw => redraw());
  }
  dark.addEventListener('change', applyTheme);

  function section(id, title, explanation, ...content) {
    return el('section', {id, 'aria-labelledby': `${id}-title`}, el('h2', {id: `${id}-title`}, title),
      explanation ? el('p', {class: 'soft'}, explanation) : null, content);
  }
  function table(head, rows, label, classes) {
    const numeric = head.map((_, i) => rows.length > 0 && rows.every(row => typeof row[i] === 'number' || row[i] === '–'));
    const short = value => value.length > 400 ? `${value.slice(0, 400)}…` : value;
    const cell = (value, i) => i === 0 ? el('th', {scope: 'row'}, bdi(short(String(value))))
      : el('td', {class: numeric[i] ? 'n' : null}, bdi(typeof value === 'number' ? number(value) : short(String(value))));
    return el('div', {class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label}, el('table', {},
      el('thead', {}, el('tr', {}, head.map((name, i) => el('th', {scope: 'col', class: numeric[i] ? 'n' : null}, bdi(name))))),
      el('tbody', {}, rows.map((row, r) => el('tr', {class: classes ? classes(r) : null}, row.map(cell))))));
  }
  function choice(names, label, chosen) {
    const group = el('span', {class: 'group', role: 'group', 'aria-label': label});
    names.forEach((name, i) => group.append(el('button', {type: 'button', 'aria-pressed': String(i === 0), onclick: event => {
      [...group.children].forEach(button => button.setAttribute('aria-pressed', String(button === event.currentTarget)));
      chosen(i);
    }}, name)));
    return group;
  }

  // Curves: uPlot draws them; they share cursor and zoom.
  const charts = [];
  const shown = data.runs.map(() => true);
  let logarithmic = false;
  let smoothing = .6;
  let zoom = null;

  function smoothed(values) { // exponential moving mean, its start corrected as Adam's is
    if (smoothing === 0) return values;
    let sum = 0, weight = 0;
    return values.map(value => {
      if (value == null) return null;
      sum = smoothing * sum + (1 - smoothing) * value;
      weight = smoothing * weight + 1 - smoothing;
      return sum / weight;
    });
  }

  class Chart {
    /** lines(): [{label, colour, xs, values, low, high, dots}] as they are now. */
    constructor(title, lines, options) {
      Object.assign(this, {title, lines, options: options || {}});
      this.plot = el('div', {class: 'plot', tabindex: '0', role: 'group', onkeydown: event => this.key(event),
        'aria-roledescription': 'chart'});
      this.readout = el('p', {class: 'readout'});
      this.figures = el('details', {ontoggle: () => this.fillFigures()}, el('summary', {}, 'Figures of ', title), el('div'));
      this.element = el('div', {class: 'chart'}, el('h3', {}, title), this.plot, this.readout, this.figures);
      new ResizeObserver(() => this.u && this.u.setSize(this.size())).observe(this.plot);
      charts.push(this);
    }
    size() { return {width: Math.max(200, this.plot.clientWidth), height: this.plot.clientHeight || 200}; }
    isLog() { return this.options.log || (logarithmic && !this.options.linear); }
    draw() {
      if (this.u) this.u.destroy();
      const fit = values => this.isLog() ? values.map(value => value > 0 ? value : null) : values;
      const tables = [], series = [{}], bands = [];
      this.current = this.lines().filter(line => line.xs.length > 0);
      for (const line of this.current) {
        const columns = [line.xs];
        const add = (values, style) => { columns.push(fit(values)); series.push({spanGaps: true, points: {show: false}, ...style}); };
        if (line.low) {
          add(line.high, {stroke: 'transparent'});
          add(line.low, {stroke: 'transparent'});
          bands.push({series: [series.length - 2, series.length - 1], fill: line.colour + '2e'});
        }
        const smooth = smoothing > 0 && !line.dots && !this.options.exact && line.xs.length > 2;
        add(line.values, {stroke: line.colour + (smooth ? '48' : ''), width: smooth ? 1 : 2, dash: line.dash, shows: line,
          points: {show: !!line.dots || line.xs.length < 3, size: 7, fill: line.colour}});
        if (smooth) add(smoothed(line.values), {stroke: line.colour, width: 2});
        tables.push(columns);
      }
      const axis = {stroke: css('--soft'), grid: {stroke: css('--grid'), width: 1}, ticks: {stroke: css('--line'), width: 1},
        font: '12px system-ui, "DejaVu Sans", sans-serif'};
      const joined = tables.length > 1 ? uPlot.join(tables) : tables[0] || [[]];
      this.u = new uPlot({...this.size(), series, bands, legend: {show: false}, padding: [8, 22, 0, 0],
        scales: {x: {time: false, range: (u, min, max) => this.range(min, max)}, y: {distr: this.isLog() ? 3 : 1}},
        axes: [{...axis, size: 28, values: (u, ticks) => ticks.map(tick => Number.isInteger(tick) ? number(tick) : '')},
          {...axis, size: (u, texts) => 18 + 7 * Math.max(3, ...(texts || []).map(text => (text || '').length)), values: (u, ticks) => ticks.map(tick => tick == null ? '' : number(tick))}],
        cursor: {sync: {key: this.options.own ? 'own-' + this.title : 'steps'}, drag: {x: true, y: false, setScale: false}, y: false,
          points: {size: 8}, bind: {dblclick: () => () => { setZoom(null); return null; }}},
        hooks: {draw: [u => this.marks(u)], setCursor: [u => this.read(u)], setSelect: [u => {
          if (u.select.width > 3) this.zoomTo(u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x'));
          u.setSelect({left: 0, width: 0, top: 0, height: 0}, false);
        }]}}, joined, this.plot);
      this.describe();
    }
    marks(u) { // where findings began
      if (this.options.own) return;
      data.runs.forEach((run, r) => shown[r] && run.curves.findings.forEach(finding => {
        const x = u.valToPos(finding.since, 'x', true), {ctx, bbox} = u;
        if (!(finding.since > 0) || x < bbox.left || x > bbox.left + bbox.width) return;
        ctx.save();
        ctx.strokeStyle = one ? css('--bad') : colour(r);
        ctx.lineWidth = devicePixelRatio;
        ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bbox.top + bbox.height);
        ctx.stroke();
        ctx.restore();
      }));
    }
    range(min, max) {
      const wanted = this.options.own ? this.zoom : zoom;
      if (wanted) return wanted;
      return min === max ? [min - 1, max + 1] : [min, max];
    }
    zoomTo(min, max) {
      if (this.options.own) { this.zoom = [min, max]; this.u.setData(this.u.data); } else setZoom([min, max]);
    }
    read(u) {
      const at = u.cursor.idx;
      if (at == null) { this.readout.textContent = this.summary; return; }
      const parts = u.series.map((series, i) => series.shows && {line: series.shows, value: this.near(u.data[i], at)}).filter(Boolean);
      this.readout.textContent = `${this.options.unit || 'step'} ${number(u.data[0][at])}: ` +
        parts.map(part => (parts.length > 1 ? part.line.label + ' ' : '') + number(part.value)).join(' · ');
    }
    near(values, at) { // of curves with other steps, the value before
      for (let i = at; i >= 0; i--) if (values[i] != null) return values[i];
      return null;
    }
    describe() {
      const whole = this.current.map(line => {
        const values = line.values.filter(value => value != null);
        if (values.length === 0) return '';
        return `${this.current.length > 1 ? line.label + ': ' : ''}${number(values[0])} → ${number(values[values.length - 1])}, ` +
          `least ${number(values.reduce((a, b) => Math.min(a, b)))}, greatest ${number(values.reduce((a, b) => Math.max(a, b)))}`;
      }).filter(Boolean).join(' · ');
      this.summary = this.current.length < 2 ? whole : this.current.map(line => `${line.label} ${number(last(line.values))}`).join(' · ');
      this.readout.textContent = this.summary;
      this.plot.setAttribute('aria-label', `${this.title} by ${this.options.unit || 'step'}: ${whole || 'nothing yet'}.` +
        ' Arrow keys read it, plus and minus zoom, 0 shows all.');
      this.fillFigures();
    }
    key(event) {
      const u = this.u, xs = u.data[0], steps = {ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10}[event.key];
      const [from, to] = [u.scales.x.min, u.scales.x.max];
      const at = u.cursor.idx == null ? xs.length - 1 : u.cursor.idx;
      const middle = xs[at], half = (to - from) / 2;
      if (steps || event.key === 'Home' || event.key === 'End') {
        const next = event.key === 'Home' ? 0 : event.key === 'End' ? xs.length - 1 : at + steps;
        const idx = Math.max(0, Math.min(xs.length - 1, u.cursor.idx == null && steps ? at : next));
        u.setCursor({left: u.valToPos(xs[idx], 'x'), top: 10});
        this.readout.setAttribute('aria-live', 'polite');
      } else if (event.key === '+' || event.key === '=') this.zoomTo(middle - half / 2, middle + half / 2);
      else if (event.key === '-') this.zoomTo(Math.max(xs[0], middle - half * 2), Math.min(xs[xs.length - 1], middle + half * 2));
      else if (event.key === '0' || event.key === 'Escape') { this.zoom = null; setZoom(null); this.options.own && u.setData(u.data); }
      else return;
      event.preventDefault();
    }
    fillFigures() {
      if (!this.figures.open || !this.current) return;
      const rows = [], xs = this.u.data[0], count = Math.min(12, xs.length);
      for (let i = 0; i < count; i++) {
        const at = count === 1 ? 0 : Math.round(i * (xs.length - 1) / (count - 1));
        rows.push([number(xs[at]), ...this.u.series.map((series, s) => series.shows ? this.near(this.u.data[s], at) : null)
          .filter((_, s) => this.u.series[s].shows).map(value => value == null ? '–' : value)]);
      }
      this.figures.lastChild.replaceChildren(table([this.options.unit || 'step', ...this.current.map(line => line.label)], rows,
        `Figures of ${this.title}`));
    }
  }
  function setZoom(range) {
    zoom = range;
    charts.forEach(chart => { if (chart.u && !chart.options.own) chart.u.setData(chart.u.data); });
  }

  function curveLines(name) {
    return data.runs.map((run, r) => ({run, r})).filter(({run, r}) => shown[r] && run.curves.series[name]).map(({run, r}) => {
      const own = run.curves.series[name];
      return {label: one ? plain(name) : run.name, colour: colour(r), xs: run.curves.steps, values: own.mean, low: own.low, high: own.high};
    });
  }
  function evaluationLines(name) {
    return data.runs.map((run, r) => ({run, r})).filter(({r}) => shown[r]).map(({run, r}) => {
      const points = run.curves.evaluations.filter(point => point[name] != null);
      return {label: one ? name : run.name, colour: colour(r), xs: points.map(point => point.step),
        values: points.map(point => point[name]), dots: true};
    });
  }
  function curves() {
    const names = new Set(data.runs.flatMap(run => Object.keys(run.curves.series)));
    const measured = new Set(data.runs.flatMap(run => run.curves.evaluations.flatMap(point => Object.keys(point))));
    measured.delete('step');
    const grid = el('div', {class: 'charts'});
    const bar = el('div', {class: 'bar'},
      el('label', {}, el('input', {type: 'checkbox', onchange: event => { logarithmic = event.target.checked; redraw(); }}), 'Logarithmic'),
      el('label', {}, 'Smoothing', el('input', {type: 'range', min: '0', max: '0.99', step: '0.01', value: String(smoothing), 'aria-valuetext': String(smoothing), oninput: event => {
        smoothing = +event.target.value;
        event.target.setAttribute('aria-valuetext', smoothing === 0 ? 'none' : smoothing.toFixed(2));
        redraw();
      }})),
      el('button', {type: 'button', onclick: () => setZoom(null)}, 'Show all steps'));
    const redraw = () => charts.forEach(chart => chart.options.own || chart.draw());
    if (!one) {
      bar.append(el('span', {class: 'group', role: 'group', 'aria-label': 'Runs that are shown'}, data.runs.map((run, r) =>
        el('label', {}, el('input', {type: 'checkbox', checked: true, onchange: event => { shown[r] = event.target.checked; redraw(); }}),
          swatch(r), bdi(run.name)))));
    }
    for (const name of names) grid.append(new Chart(plain(name), () => curveLines(name), {exact: name === 'lr'}).element);
    for (const name of measured) {
      if (!name.startsWith('probe.')) grid.append(new Chart(plain(name), () => evaluationLines(name)).element);
    }
    const width = data.runs[0].curves.width;
    return section('curves', 'Curves', 'Drag over a curve to zoom into its steps, double-click to show all; hover to read. ' +
      (width > 1 ? `A point is the mean over ${number(width)} steps; the band reaches from the least to the greatest value. ` : '') +
      'Terms are unweighted.', bar, grid);
  }
  const probes = () => [...new Set(data.runs.flatMap(run => run.curves.evaluations.flatMap(point => Object.keys(point))))]
    .filter(name => name.startsWith('probe.'));
  function inside() {
    const grid = el('div', {class: 'charts'});
    for (const name of probes()) grid.append(new Chart(plain(name), () => evaluationLines(name)).element);
    return section('inside', 'Inside the network', 'Looked at on a few samples after every so many steps: the length of the gradient, the ' +
      'length of the median layer’s update by that of its weights, the largest shares of zeros behind an activation and of channels ' +
      'without variance before a batch norm, and how vectors fill their space. docs/diagnosis.md has what is usual.', grid);
  }
  function findings() {
    const all = data.runs.flatMap((run, r) => run.curves.findings.map(finding => ({run, r, finding})));
    if (all.length === 0) return section('findings', 'Findings', 'None: nothing that the rules know of is wrong.');
    const when = step => step > 0 ? `, since step ${number(step)}` : ', before the first step';
    return section('findings', 'Findings', 'Told by rules over the loss and what is measured on the way; dashed lines in the curves are ' +
      'where they began. docs/diagnosis.md tells more of each.',
    el('ul', {class: 'findings'}, all.map(({run, r, finding}) => el('li', {},
      el('h3', {}, one ? null : [swatch(r), ' ', bdi(run.name), ': '], bdi(String(finding.finding)), when(finding.since ?? finding.step)),
      el('p', {}, bdi(String(finding.text || '').replace(/^[^:]*: /, ''))),
      finding.remedy ? el('p', {class: 'soft'}, 'Try ', bdi(String(finding.remedy)), '.') : null))));
  }
  function swatch(i) {
    const made = el('span', {class: 'swatch', 'aria-hidden': 'true'});
    made.style.background = colour(i);
    return made;
  }

  // Samples: pictures from a sheet, curves, texts, rows.
  function sheetClass(looks, name) {
    if (looks.sheet.url) document.head.append(el('style', {}, `.${name} { background-image: url("${looks.sheet.url}") }`));
    return name;
  }
  function picture(looks, place, size, label, sheet) {
    const look = looks.all[place];
    if (look.cell != null) {
      const {side, columns, rows, cells} = looks.sheet, scale = size / side, [width, height] = cells[look.cell];
      const made = el('span', {class: `pic ${sheet}${scale > 1.2 ? ' pixels' : ''}`, role: 'img', 'aria-label': label});
      Object.assign(made.style, {width: `${width * scale}px`, height: `${height * scale}px`,
        backgroundSize: `${columns * size}px ${rows * size}px`,
        backgroundPosition: `-${look.cell % columns * size}px -${Math.floor(look.cell / columns) * size}px`});
      return made;
    }
    if (look.text != null) return el('span', {class: 'look words'}, bdi(look.text || '(empty)'));
    const box = el('span', {class: 'look', role: 'img', 'aria-label': label});
    const width = 160, height = 64, drawn = svg('svg', {viewBox: `0 0 ${width} ${height}`, width, height, 'aria-hidden': 'true'});
    const path = look.curve ? outline(look.curve, width, height) : bars(look.values, width, height);
    drawn.append(svg('path', {d: path}));
    box.append(drawn);
    return box;
  }
  function outline(pairs, width, height) {
    const count = pairs.length / 2, x = i => (i + .5) * width / count, y = value => (1 - value / 100) / 2 * (height - 4) + 2;
    let d = '';
    for (let i = 0; i < count; i++) d += `${i ? 'L' : 'M'}${x(i).toFixed(1)} ${y(pairs[2 * i + 1]).toFixed(1)}`;
    for (let i = count - 1; i >= 0; i--) d += `L${x(i).toFixed(1)} ${y(pairs[2 * i]).toFixed(1)}`;
    return d + 'Z';
  }
  function bars(values, width, height) {
    const largest = Math.max(1e-12, ...values.map(value => Math.abs(value || 0))), step = width / values.length;
    return values.map((value, i) => {
      const tall = (value || 0) / largest * (height / 2 - 3);
      return `M${(i * step + 1).toFixed(1)} ${height / 2}h${Math.max(1, step - 2).toFixed(1)}v${(-tall).toFixed(1)}h${(-Math.max(1, step - 2)).toFixed(1)}Z`;
    }).join('');
  }
  function views() {
    const {names, originals, views: seen, looks, unrelated} = data.views, sheet = sheetClass(looks, 'sheet-views'), size = innerWidth < 640 ? 84 : 112;
    const rows = names.map((name, i) => el('div', {class: 'row'},
      el('div', {class: 'side query'}, originals[i].map(place => el('figure', {}, picture(looks, place, size, `original of ${name}`, sheet),
        el('figcaption', {}, bdi(name))))),
      el('div', {class: 'side'}, seen[i].map((place, v) => el('figure', {}, picture(looks, place, size, `view ${v + 1} of ${name}`, sheet),
        el('figcaption', {}, `view ${v + 1}`))))));
    return section('views', 'What the network saw', 'The first samples of the first batch at the left; beside each its views, as ' +
      'augmentation made them in the first epoch. Each epoch makes others.' +
      (unrelated ? ' In this run the views of a pair are of different samples, by design.' : ''), el('div', {class: looks.sheet.url ? 'rows' : 'rows wide'}, rows));
  }

  let space = 0;
  const spaceListeners = [];
  function spaceChoice() {
    const names = data.samples.spaces.map(each => each.name);
    const group = choice(names, 'Which vectors', i => {
      space = i;
      spaceListeners.forEach(listener => listener());
    });
    spaceListeners.push(() => [...group.children].forEach((button, i) => button.setAttribute('aria-pressed', String(i === space))));
    return group;
  }
  const classOf = sample => data.samples.labels[sample] < 0 ? null : data.samples.classes[data.samples.labels[sample]];

  function neighbours() {
    const {names, looks} = data.samples, size = 84, rows = el('div'), labelled = data.samples.labels.some(label => label >= 0);
    const describe = sample => names[sample] + (classOf(sample) ? `, class ${classOf(sample)}` : '');
    const fill = () => {
      const found = data.samples.spaces[space].neighbours || [];
      rows.replaceChildren(...found.map(row => el('div', {class: 'row'},
        el('div', {class: 'side query'}, el('figure', {}, el('span', {class: 'frame'}, picture(looks, row.query, size,
          `query ${describe(row.query)}`, 'sheet-samples')), el('figcaption', {}, bdi(classOf(row.query) || names[row.query])))),
        el('div', {class: 'side'}, row.found.map((sample, i) => {
          const right = labelled && classOf(sample) === classOf(row.query);
          return el('figure', {class: labelled ? right ? 'right' : 'wrong' : null},
            el('span', {class: 'frame'}, picture(looks, sample, size, describe(sample), 'sheet-samples')),
            el('figcaption', {}, (labelled ? right ? '✓ ' : '✗ ' : '') + row.cosines[i].toFixed(2)));
        })))));
    };
    fill();
    spaceListeners.push(fill);
    return section('neighbours', 'Nearest neighbours', 'A sample at the left and those whose vectors are nearest to its own among ' +
      `${number(names.length)} training samples, by cosine, nearest first.` + (labelled ? ' ✓ is of the same class, ✗ of another;' +
      ' training saw no classes.' : ''), el('div', {class: 'bar'}, spaceChoice()), rows);
  }

  // UMAP, which goes by who is near to whom, from where the principal components put the samples; always the same.
  const UMAP_SLICE = 12; // milliseconds for which the page may not answer
  function umap({places, near}) {
    let seed = 1;
    const random = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32; // Numerical Recipes' "quick and dirty" one
    const nNeighbors = Math.min(near[0][0].length + 1, places.length - 1); // with the sample itself
    const made = new UMAP.UMAP({nNeighbors, random});
    made.setPrecomputedKNN(near.map(([others], i) => [i, ...others].slice(0, nNeighbors)),
      near.map(([, distances]) => [0, ...distances].slice(0, nNeighbors)));
    const epochs = made.initializeFit(places), widest = Math.max(...places.flat().map(Math.abs));
    made.getEmbedding().forEach((place, i) => place.forEach((_, d) => { place[d] = 10 * places[i][d] / widest + random() * 1e-3; }));
    return {made, epochs};
  }

  function map() {
    const {names, labels, classes, looks, spaces} = data.samples;
    const holder = el('div', {class: 'map', tabindex: '0', role: 'group', 'aria-roledescription': 'map', onkeydown: event => key(event)});
    const card = el('div', {class: 'card', hidden: true}), said = el('p', {class: 'readout', 'aria-live': 'polite'});
    const progress = el('progress', {'aria-label': 'UMAP', max: 1, value: 0, hidden: true});
    let dots = [], at = -1, highlighted = null, byUmap = false, laying = 0;
    const laid = new Map(); // by UMAP, of a space
    const lay = async () => { // answers meanwhile; ends where something else is asked for
      const own = ++laying, chosen = spaces[space];
      progress.hidden = !byUmap || laid.has(chosen) || chosen.share == null;
      if (!progress.hidden) {
        shareText.textContent = 'UMAP is laying out the samples.';
        await new Promise(resolve => setTimeout(resolve));
        const {made, epochs} = umap(chosen);
        for (let epoch = 0; epoch < epochs;) {
          for (const until = performance.now() + UMAP_SLICE; epoch < epochs && performance.now() < until;) epoch = made.step();
          progress.value = epoch / epochs;
          await new Promise(resolve => setTimeout(resolve));
          if (own !== laying) return;
        }
        laid.set(chosen, made.getEmbedding());
        progress.hidden = true;
      }
      draw();
    };
    const draw = () => {
      const chosen = spaces[space], places = byUmap && laid.get(chosen) || chosen.places, {share} = chosen;
      const told = places !== chosen.places ? 'Laid out by UMAP: who is near to whom counts; sizes of groups, and how far they are apart, mean little'
        : share == null ? '' : `The two directions hold ${Math.round(share * 100)} % of the variance`;
      const width = holder.clientWidth || 600, height = Math.min(560, Math.max(320, width * .6)), pad = 14;
      const drawn = svg('svg', {viewBox: `0 0 ${width} ${height}`, height, 'aria-hidden': 'true'});
      const xs = (places || []).map(place => place[0]), ys = (places || []).map(place => place[1]);
      const scale = (values, size) => {
        const low = Math.min(...values), high = Math.max(...values), range = high - low || 1;
        return value => high === low ? size / 2 : pad + (value - low) / range * (size - 2 * pad);
      };
      const x = scale(xs, width), y = scale(ys, height);
      dots = xs.map((value, i) => ({x: x(value), y: height - y(ys[i]), i}));
      dots.forEach(dot => { dot.circle = svg('circle', {cx: dot.x.toFixed(1), cy: dot.y.toFixed(1), r: 5, fill: colour(labels[dot.i])});
        drawn.append(dot.circle); });
      holder.replaceChildren(drawn, card);
      holder.setAttribute('aria-label', `Map of ${number(names.length)} samples. ${told && `${told}. `}Arrow keys go from sample to sample.`);
      shareText.textContent = told ? `${told}.` : 'All vectors are the same: there is nothing to see.';
      dim();
      point(-1);
    };
    const dim = () => dots.forEach(dot => dot.circle.classList.toggle('off', highlighted != null && labels[dot.i] !== highlighted));
    const point = i => {
      if (dots[at]) dots[at].circle.classList.remove('at');
      at = i;
      card.hidden = i < 0;
      if (i < 0) return;
      const dot = dots[i];
      dot.circle.classList.add('at');
      dot.circle.parentNode.append(dot.circle);
      const look = looks.all[i];
      card.replaceChildren(picture(looks, i, 96, names[i], 'sheet-samples'), bdi(names[i]),
        classOf(i) ? el('span', {class: 'soft'}, bdi(classOf(i))) : '',
        look.values ? el('table', {}, el('tbody', {}, look.values.slice(0, 8).map((value, v) => el('tr', {},
          el('th', {scope: 'row'}, bdi(look.names[v] || `column ${v + 1}`)), el('td', {}, number(value)))))) : '');
      const width = holder.clientWidth;
      card.style.left = dot.x < width / 2 ? `${dot.x + 14}px` : 'auto';
      card.style.right = dot.x < width / 2 ? 'auto' : `${width - dot.x + 14}px`;
      card.style.top = `${Math.max(0, dot.y - 60)}px`;
    };
    const nearest = event => {
      const box = holder.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
      let best = -1, least = 30 * 30;
      dots.forEach((dot, i) => {
        const distance = (dot.x - x) ** 2 + (dot.y - y) ** 2;
        if (distance < least && (highlighted == null || labels[dot.i] === highlighted)) { least = distance; best = i; }
      });
      if (best !== at) point(best);
    };
    holder.addEventListener('pointermove', nearest);
    holder.addEventListener('pointerdown', nearest);
    holder.addEventListener('pointerleave', () => point(-1));
    const key = event => {
      const way = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
      if (event.key === 'Escape') point(-1);
      if (!way || dots.length === 0) return;
      event.preventDefault();
      let best = at < 0 ? 0 : at, least = Infinity;
      if (at >= 0) {
        dots.forEach((dot, i) => {
          const dx = dot.x - dots[at].x, dy = dot.y - dots[at].y, along = dx * way[0] + dy * way[1];
          const cost = along + 3 * Math.abs(dx * way[1] + dy * way[0]);
          if (along > 0 && cost < least) { least = cost; best = i; }
        });
      }
      point(best);
      said.textContent = names[best] + (classOf(best) ? `, class ${classOf(best)}` : '');
    };
    const legend = el('div', {class: 'legend', role: 'group', 'aria-label': 'Show one class'});
    const present = classes.map((name, i) => i).filter(i => labels.includes(i));
    present.forEach(i => legend.append(el('button', {type: 'button', 'aria-pressed': 'false', onclick: event => {
      highlighted = highlighted === i ? null : i;
      [...legend.children].forEach(button => button.setAttribute('aria-pressed', String(highlighted === i && button === event.currentTarget)));
      dim();
    }}, swatch(i), bdi(classes[i]))));
    const shareText = el('p', {class: 'soft', 'aria-live': 'polite'});
    new ResizeObserver(() => { if (holder.clientWidth !== holder.drawn) { holder.drawn = holder.clientWidth; draw(); } }).observe(holder);
    spaceListeners.push(lay);
    return section('map', 'Map of the embeddings', 'Samples by the two directions in which their vectors, brought to length 1, differ ' +
      'most (principal components), or by UMAP, which this page works out when it is chosen. Hover, or tap, to see one.' + (present.length ? ' A colour is a class; training saw none.' : ''),
      el('div', {class: 'bar'}, spaceChoice(), choice(['Principal components', 'UMAP'], 'How the map is laid out', i => {
        byUmap = i === 1;
        lay();
      }), progress), holder, said, shareText, present.length ? legend : null);
  }

  const MEASURES = {rankme: 'RankMe', alpha_req: 'α-ReQ', uniformity: 'uniformity', spread: 'spread of directions',
    mean_absolute_correlation: 'mean absolute correlation', constant_dimensions: 'constant dimensions', dimensions: 'dimensions'};
  function spectra() {
    const spaces = data.samples.spaces;
    const chart = new Chart('share of the variance', () => spaces.filter(each => (each.spectrum || []).length).map(each => ({
      label: each.name, colour: colour(spaces.indexOf(each)), dash: [[], [6, 4], [2, 3]][spaces.indexOf(each) % 3],
      xs: each.spectrum.map((_, i) => i + 1), values: each.spectrum.map(share => share > 1e-7 ? share : null)})), {log: true, own: true, exact: true, unit: 'direction'});
    chart.element.classList.add('wide');
    const keys = Object.keys(MEASURES).filter(key => spaces.some(each => each.figures && each.figures[key] != null));
    return section('spectra', 'How the vectors fill their space', 'Eigenvalues of the covariance, the largest first, as shares of their ' +
      'sum. A line that drops early means that few directions carry all: dimensional collapse. RankMe counts the directions that matter.',
      el('div', {class: 'bar'}, spaces.map((each, i) => el('label', {}, swatch(i), each.name))), chart.element,
      table(['vectors', ...keys.map(key => MEASURES[key])], spaces.map(each => [each.name, ...keys.map(key =>
        each.figures && each.figures[key] != null ? each.figures[key] : '–')]), 'Measures without labels'),
      spaces.map(each => el('p', {class: 'soft'}, `${each.name}: ${each.verdict}`)));
  }

  // Settings, comparison, machine.
  function settings() {
    const [run] = data.runs, rows = run.settings, all = table(['option', 'value', 'from'], rows, 'Table of settings',
      r => ['', 'default', 'derived'].includes(rows[r][2]) ? null : 'set');
    return section('settings', 'Settings', 'Every option, and where its value came from; those that were given stand out.', all);
  }
  function differences() {
    const names = [...new Set(data.runs.flatMap(run => run.settings.map(row => row[0])))];
    const value = (run, name) => (run.settings.find(row => row[0] === name) || [])[1] ?? '–';
    const rows = names.map(name => [name, ...data.runs.map(run => value(run, name))])
      .filter(row => new Set(row.slice(1)).size > 1);
    return section('settings', 'Different settings', rows.length ? 'Options in which the runs differ; all others are the same.'
      : 'The runs have the same settings.', rows.length ? table(['option', ...data.runs.map(run => run.name)], rows, 'Table of different settings') : null);
  }
  function results() {
    const series = [...new Set(data.runs.flatMap(run => Object.keys(run.curves.series)))];
    const figures = [...new Set(data.runs.flatMap(run => Object.keys(run.evaluation)))];
    const rows = [
      ['steps', ...data.runs.map(run => run.step)],
      ['time of the steps', ...data.runs.map(run => duration(run.seconds))],
      ...series.map(name => [`${plain(name)}, last`, ...data.runs.map(run => run.curves.series[name] ? last(run.curves.series[name].mean) : '–')]),
      ...figures.map(name => [measure(name), ...data.runs.map(run => run.evaluation[name] ?? '–')])];
    return section('results', 'Results', 'Losses of different objectives can’t be compared; what encoders achieve can.',
      table(['figure', ...data.runs.map(run => run.name)], rows, 'Table of results'));
  }
  function layers() {
    return section('layers', 'Layers', 'Parameters and statistics, their root mean squares before training and now, and how far they ' +
      'moved by the norm before; gradients and updates by weights as the last probe saw them.',
    table(['name', 'shape', 'values', 'rms before', 'rms now', 'moved', 'gradient', 'update by weight'], data.runs[0].layers.map(row => {
      const probed = (data.runs[0].curves.layers || []).find(layer => layer[0] === row[0]);
      return [...row, probed ? probed[2] : '–', probed && probed[1] > 0 && probed[3] !== null ? probed[3] / probed[1] : '–'];
    }), 'Table of layers'));
  }
  const list = rows => el('dl', {}, rows.flatMap(([name, text]) => [el('dt', {}, name), el('dd', {}, bdi(text))]));
  function about(run) {
    return [el('p', {class: 'soft'}, 'The command that gives this run:'), el('div', {class: 'code command'}, bdi(run.command)),
      list([['folder', run.folder], ...run.facts])];
  }
  function machine(run) { return list(run.machine); }

  function tiles() {
    const [run] = data.runs, made = [], tile = (value, name) => made.push(el('div', {class: 'tile'}, el('b', {}, value), el('span', {}, name)));
    tile(number(run.step), run.step === run.steps ? 'steps, all done' : `of ${number(run.steps)} steps`);
    tile(duration(run.seconds), 'time of the steps');
    for (const [name, own] of Object.entries(run.curves.series)) {
      if (!['lr', 'skipped_steps', 'loss_scale'].includes(name)) tile(number(last(own.mean)), plain(name) + ', last');
    }
    for (const [name, value] of Object.entries(run.evaluation)) tile(/knn|probe|accuracy/.test(name) ? `${(100 * value).toFixed(1)} %` : number(value), measure(name));
    const first = data.samples && data.samples.spaces[0];
    if (first && first.figures && first.figures.rankme != null) tile(first.figures.rankme.toFixed(1), `RankMe, of ${first.dimension}`);
    return made;
  }
  function warnings() {
    const made = [];
    for (const run of data.runs) {
      const who = one ? '' : `${run.name}: `, own = run.curves.series;
      if (own.variance && own.invariance && last(own.variance.mean) > .9 && last(own.invariance.mean) < .05) {
        made.push(el('p', {class: 'banner', role: 'note'}, bdi(who), `Collapse: the variance term is ${number(last(own.variance.mean))} of 1 and views ` +
          'hardly differ, so nearly every sample gets the same vector. More weight on the variance, or a lower learning rate, may help.'));
      }
      const named = [...new Set(run.curves.findings.map(finding => String(finding.finding)))];
      if (named.length > 0) {
        made.push(el('p', {class: 'note'}, bdi(who), el('a', {href: '#findings'}, `Found ${named.join(', ')}`), '.'));
      }
    }
    const first = data.samples && data.samples.spaces[0];
    if (first && first.collapsed) made.push(el('p', {class: 'banner', role: 'note'}, first.verdict));
    data.notes.forEach(text => made.push(el('p', {class: 'note'}, bdi(text))));
    return made;
  }

  // While a run goes on: the page asks for its figures, and can stop it.
  const status = el('p', {class: 'soft', 'aria-live': 'polite'});
  function live() {
    const stop = el('button', {type: 'button', class: 'stop', onclick: () => {
      stop.disabled = true;
      fetch('stop', {method: 'POST', headers: {'X-Vicreg-Token': data.token}}).then(answer => {
        status.textContent = answer.ok ? 'Stopping: the step under way is finished and saved.' : 'The run refused to stop.';
        stop.disabled = answer.ok;
      }).catch(() => { status.textContent = 'The run does not answer.'; });
    }}, 'Stop and save');
    const ask = async () => {
      try {
        const answer = await fetch('data.json', {headers: {'X-Vicreg-Token': data.token}});
        if (!answer.ok) throw new Error(String(answer.status));
        const now = await answer.json(), before = seriesNames();
        data = {...data, runs: now.runs, notes: now.notes};
        if (!stop.disabled) status.textContent = `Going on: step ${number(now.runs[0].step)} of ${number(now.runs[0].steps)}.`;
        if (before === seriesNames()) charts.forEach(chart => chart.options.own || chart.draw());
        else redrawAll();
        refreshHead();
        setTimeout(ask, 2000);
      } catch (e) {
        status.textContent = 'The run has ended or does not answer; report.html in its folder tells the whole.';
        stop.disabled = true;
      }
    };
    setTimeout(ask, 1000);
    return stop;
  }
  const seriesNames = () => data.runs.map(run => [...Object.keys(run.curves.series), ...run.curves.evaluations.flatMap(point => Object.keys(point))]
    .filter((name, i, all) => all.indexOf(name) === i).join() + run.curves.findings.length).join(';');

  const head = el('div');
  function refreshHead() { head.replaceChildren(...warnings(), ...(one ? [el('div', {class: 'tiles'}, tiles())] : [])); }
  const body = el('div');
  function redrawAll() {
    const made = [];
    charts.length = 0;
    if (data.runs.some(run => run.curves.steps.length)) made.push(findings(), curves());
    if (!one) made.push(results(), differences());
    if (data.samples && data.samples.spaces.length) {
      sheetClass(data.samples.looks, 'sheet-samples');
      made.push(map(), neighbours(), spectra());
    }
    if (data.views) made.splice(2, 0, views());
    if (probes().length) made.push(inside());
    if (one) {
      made.push(section('about', 'The run', null, about(data.runs[0])), settings());
      if ((data.runs[0].layers || []).length) made.push(layers());
      made.push(section('machine', 'Machine', null, machine(data.runs[0])));
    } else {
      made.push(section('about', 'The runs', null, data.runs.map((run, r) => el('details', {}, el('summary', {}, swatch(r), ' ', bdi(run.name)),
        about(run), machine(run)))));
    }
    body.replaceChildren(...made);
    links.replaceChildren(...made.map(each => el('li', {}, el('a', {href: `#${each.id}`}, each.querySelector('h2').textContent))));
    charts.forEach(chart => chart.draw());
  }
  const links = el('ul');
  const title = data.runs.map(run => run.name).join(' · ');
  document.title = `${title} – VICReg report`;
  const stop = data.token ? live() : null;
  document.body.prepend(
    el('a', {class: 'skip', href: '#content-start'}, 'Skip to the content'),
    el('header', {}, el('div', {}, el('p', {class: 'kicker'}, one ? 'VICReg report' : `VICReg report: ${data.runs.length} runs compared`),
      el('h1', {}, bdi(title)), status),
      el('div', {class: 'group buttons'}, stop, el('button', {type: 'button', onclick: () => {
        theme = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
        applyTheme();
      }}, 'Light / dark'))),
    el('nav', {'aria-label': 'Sections'}, links),
    el('main', {id: 'content-start'}, head, body),
    el('footer', {}, `Written ${data.written} by VICReg for the JVM. This page loads nothing from elsewhere.`));
  redraws.push(() => charts.forEach(chart => chart.draw()));
  document.documentElement.dataset.theme = dark.matches ? 'dark' : 'light';
  refreshHead();
  redrawAll();
})();
