'use strict';
// The page of a server of models: everything on it is asked for by the addresses that /docs lists.
const at = id => document.getElementById(id);
const PICTURES = 12; // results
const EVERY = 2000; // milliseconds between looks at the figures
const COLOURS = 12; // of folders on the map; more are not told apart
const EDGE = 16; // pixels around the map
const REACH = 24; // pixels within which a point is meant
let token = '';
let indexes = [];
let described = {};
let shown = []; // addresses of pictures, to be released
let asked = 0; // so that a late answer doesn't replace a newer one
let seen = null; // samples that had run at the last look, and when
let plane = null; // samples of the index and where they lie
let found = null; // what was searched for and what is nearest, in the same plane
let dots = []; // what is drawn, with the names and places in the window
let pointed = -1; // of the dots
let picked = ''; // address of its picture
let drawn = 0; // width of the map

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) {
    headers.Authorization = 'Bearer ' + token;
  }
  const answer = await fetch(path, { ...options, headers });
  if (answer.ok) {
    return answer;
  }
  if (answer.status === 401) {
    at('access').hidden = false;
  }
  let why = answer.statusText;
  try {
    const error = (await answer.json()).error;
    why = error.message || error;
  } catch (e) {
    // no JSON: the status says it
  }
  throw new Error(why);
}

const json = async (path, options) => (await ask(path, options)).json();

function say(text, bad = false) {
  at('status').textContent = text;
  at('status').classList.toggle('bad', bad);
}

function made(tag, text, name) {
  const element = document.createElement(tag);
  element.textContent = text;
  if (name) {
    element.className = name;
  }
  return element;
}

async function start() {
  try {
    const list = await json('v1/models');
    indexes = (await json('search')).indexes;
    at('access').hidden = true;
    const searched = new Set(indexes.map(index => index.model));
    const names = list.data.map(model => model.id).sort((a, b) => searched.has(b) - searched.has(a));
    at('model').replaceChildren(...names.map(name => made('option', name)));
    await describe();
    say('');
  } catch (e) {
    say(e.message, true);
  }
  look();
}

const model = () => at('model').value;
const index = () => indexes.find(each => each.model === model());

async function describe() {
  asked++; // what was searched for with another model is late
  described = await json('v2/models/' + encodeURIComponent(model()));
  const input = described.inputs[0];
  const kind = input.name;
  const facts = [
    ['Name', described.name],
    ['Takes', kind + ', ' + input.datatype + ' ' + input.shape.slice(1).join(' × ')],
    ['Gives', described.outputs.map(output => output.shape.slice(1) + ' values: ' + output.name).join('; ')],
    ['Index', index() ? index().samples + ' samples, searched ' + (index().exact ? 'exactly' : 'approximately')
      : 'none: start the server with --index'],
  ];
  at('about').replaceChildren(...facts.map(([name, value]) => {
    const fact = document.createElement('div');
    fact.append(made('dt', name), made('dd', value));
    return fact;
  }));
  at('file').accept = { image: 'image/*', signal: 'audio/*' }[kind] || 'text/*';
  at('written').hidden = kind === 'image' || kind === 'signal';
  at('found').hidden = true;
  loadMap();
}

async function search(body, type, picture) {
  const mine = ++asked;
  if (!index()) {
    say('Model ' + model() + ' has no index.', true);
    return;
  }
  say('Searching …');
  try {
    const name = model();
    const k = Math.min(PICTURES, index().samples);
    const answer = await json('search?model=' + encodeURIComponent(name) + '&k=' + k + '&map=true',
      { method: 'POST', body, headers: { 'Content-Type': type } });
    const items = await Promise.all(answer.results.map(result => item(result, name)));
    const addresses = items.map(each => each.address).filter(address => address);
    if (mine !== asked) {
      addresses.forEach(address => URL.revokeObjectURL(address));
      return;
    }
    shown.forEach(address => URL.revokeObjectURL(address));
    shown = addresses;
    at('query').replaceChildren();
    if (picture) {
      const address = URL.createObjectURL(body);
      shown.push(address);
      at('query').append(image(address, 'The sample that was searched for'));
    }
    at('results').replaceChildren(...items.map(each => each.element));
    at('found').hidden = false;
    at('nearest').focus();
    found = answer;
    draw();
    say(answer.results.length + ' nearest, ' + (answer.exact ? 'of all' : 'found approximately') + '.');
  } catch (e) {
    if (mine === asked) {
      say(e.message, true);
    }
  }
}

function image(address, alt) {
  const element = document.createElement('img');
  element.src = address;
  element.alt = alt;
  return element;
}

async function item(result, name, tag = 'li') {
  const element = document.createElement(tag);
  let address = '';
  if (index() && index().pictures) {
    try {
      const path = 'search/' + encodeURIComponent(name) + '/pictures/' + result.index;
      address = URL.createObjectURL(await (await ask(path)).blob());
      element.append(image(address, ''));
    } catch (e) {
      // the sample has none: its name stands for it
    }
  }
  if (result.score !== undefined) {
    element.append(made('span', result.score.toFixed(3), 'score'), ' ');
  }
  element.append(made('span', result.path));
  return { element, address };
}

async function loadMap() {
  const name = model();
  plane = null;
  found = null;
  dots = [];
  at('picked').replaceChildren();
  at('mapped').hidden = true;
  if (!index()) {
    return;
  }
  try {
    const answer = await json('search/' + encodeURIComponent(name) + '/map');
    if (name === model()) {
      plane = answer;
      at('mapped').hidden = false;
      draw();
    }
  } catch (e) {
    say('No map: ' + e.message, true);
  }
}

function svg(tag, attributes) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
  return element;
}

const folder = path => path.split('/').slice(0, -1).join('/');

function draw() {
  if (!plane || !at('map').clientWidth) {
    return;
  }
  drawn = at('map').clientWidth;
  const folders = [...new Set(plane.points.map(sample => folder(sample.path)))].sort();
  const told = folders.length > 1 && folders.length <= COLOURS;
  const nearest = new Map(found ? found.results.map((result, rank) => [result.index, { ...result, rank: rank + 1 }]) : []);
  const all = plane.points.filter(sample => !nearest.has(sample.index)).concat([...nearest.values()].reverse());
  if (found) {
    all.push({ index: -1, path: 'the sample that was searched for', place: found.place });
  }
  const height = Math.round(Math.min(480, Math.max(260, drawn * .6)));
  const scale = (axis, size) => {
    const values = all.map(sample => sample.place[axis]);
    const low = Math.min(...values);
    const range = Math.max(...values) - low;
    return value => range === 0 ? size / 2 : EDGE + (value - low) / range * (size - 2 * EDGE);
  };
  const x = scale(0, drawn);
  const y = scale(1, height);
  dots = all.map(sample => ({ ...sample, x: x(sample.place[0]), y: height - y(sample.place[1]) }));
  const picture = svg('svg', { viewBox: '0 0 ' + drawn + ' ' + height, height, 'aria-hidden': 'true' });
  picture.classList.toggle('asked', found !== null);
  const query = dots[dots.length - 1];
  dots.filter(dot => dot.rank).forEach(dot =>
    picture.append(svg('line', { x1: query.x, y1: query.y, x2: dot.x, y2: dot.y })));
  dots.forEach(dot => {
    const colour = told ? folders.indexOf(folder(dot.path)) : 0;
    const names = (dot.rank ? 'near ' : '') + 'c' + Math.max(0, colour);
    dot.mark = dot.index < 0
      ? svg('path', { d: 'M' + dot.x + ' ' + (dot.y - 10) + 'l10 10l-10 10l-10-10Z', class: 'query' })
      : svg('circle', { cx: dot.x, cy: dot.y, r: dot.rank ? 6.5 : dots.length > 500 ? 3 : 4.5, class: names });
    picture.append(dot.mark);
  });
  at('map').replaceChildren(picture);
  point(-1);
  at('plane').textContent = (plane.points.length < plane.samples ? plane.points.length + ' of ' + plane.samples : plane.samples)
    + ' samples in the plane in which their vectors differ most. ' + (plane.share === null
    ? 'All vectors are the same: there is nothing to see.' : 'It holds ' + Math.round(plane.share * 100) + ' % of the variance.');
  at('folders').replaceChildren(...(told ? folders : []).map((name, i) => {
    const item = document.createElement('li');
    item.append(made('span', '', 'swatch c' + i), made('bdi', name || '(no folder)'));
    return item;
  }));
  at('lies').textContent = found ? 'The diamond is the sample that was searched for; circled are the ' + found.results.length
    + ' nearest' + (told ? ': ' + counted(found.results.map(result => folder(result.path) || '(no folder)')) : '') + '.' : '';
}

/** Names with how often each is there, the most frequent first. */
function counted(names) {
  const counts = new Map();
  names.forEach(name => counts.set(name, (counts.get(name) || 0) + 1));
  return [...counts].sort((a, b) => b[1] - a[1]).map(([name, count]) => count + ' in ' + name).join(', ');
}

function point(next) {
  if (dots[pointed]) {
    dots[pointed].mark.classList.remove('at');
  }
  pointed = next;
  const dot = dots[next];
  if (dot) {
    dot.mark.classList.add('at');
    dot.mark.parentNode.append(dot.mark); // above all others
  }
  at('pointed').textContent = dot ? dot.path + (dot.rank ? ', nearest ' + dot.rank + ', ' + dot.score.toFixed(3) : '') : '';
}

/** The dot that is nearest to the mouse or finger, if one is near. */
function under(event) {
  const box = at('map').getBoundingClientRect();
  return nearestDot(dot => Math.hypot(dot.x - event.clientX + box.left, dot.y - event.clientY + box.top), REACH);
}

function nearestDot(cost, most) {
  let best = -1;
  let least = most;
  dots.forEach((dot, i) => {
    const costs = cost(dot);
    if (costs <= least) { // of several that lie at one place, the one on top
      least = costs;
      best = i;
    }
  });
  return best;
}

function key(event) {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (way) {
    const from = dots[pointed];
    const next = from ? nearestDot(dot => {
      const [dx, dy] = [dot.x - from.x, dot.y - from.y];
      const along = dx * way[0] + dy * way[1];
      return along > 0 ? along + 3 * Math.abs(dx * way[1] + dy * way[0]) : Infinity;
    }, Number.MAX_VALUE) : dots.length - 1;
    point(next < 0 ? pointed : next);
  } else if (event.key === 'Enter' || event.key === ' ') {
    pick();
  } else if (event.key === 'Escape') {
    point(-1);
  } else {
    return;
  }
  event.preventDefault();
}

/** Shows the sample that is pointed at, as results are. */
async function pick() {
  const dot = dots[pointed];
  if (dot && dot.index >= 0) {
    const { element, address } = await item(dot, model(), 'div');
    URL.revokeObjectURL(picked);
    picked = address;
    at('picked').replaceChildren(element);
  }
}

function file(chosen) {
  const picture = chosen.type.startsWith('image/');
  search(chosen, chosen.type || 'application/octet-stream', picture);
}

async function look() {
  if (!document.hidden) {
    try {
      const figures = {};
      for (const line of (await (await ask('metrics')).text()).split('\n')) {
        const [, name, value] = /^([a-z_]+)(?:\{.*\})? ([-+.0-9eE]+)$/.exec(line) || [];
        if (name) {
          figures[name] = (figures[name] || 0) + Number(value);
        }
      }
      const now = performance.now();
      const ran = figures.vicreg_batch_size_sum || 0;
      at('queue').textContent = figures.vicreg_queue_depth;
      at('flight').textContent = figures.vicreg_requests_in_flight;
      at('requests').textContent = figures.vicreg_requests_total || 0;
      if (seen) {
        at('pace').textContent = Math.max(0, (ran - seen.ran) / (now - seen.now) * 1000).toFixed(1);
      }
      seen = { ran, now };
    } catch (e) {
      ['queue', 'flight', 'requests', 'pace'].forEach(id => { at(id).textContent = '–'; });
    }
  }
  clearTimeout(look.next);
  look.next = setTimeout(look, EVERY);
}

at('model').addEventListener('change', () => describe().then(() => say(''), e => say(e.message, true)));
at('file').addEventListener('change', () => at('file').files.length && file(at('file').files[0]));
at('map').addEventListener('pointermove', event => point(under(event)));
at('map').addEventListener('pointerleave', () => point(-1));
at('map').addEventListener('click', event => {
  point(under(event));
  pick();
});
at('map').addEventListener('keydown', key);
new ResizeObserver(() => at('map').clientWidth !== drawn && draw()).observe(at('map'));
at('send').addEventListener('click', () => search(at('text').value, 'text/plain', false));
at('access').addEventListener('submit', event => {
  event.preventDefault();
  token = at('token').value.trim();
  start();
});
addEventListener('paste', event => {
  if (event.clipboardData.files.length) {
    event.preventDefault();
    file(event.clipboardData.files[0]);
  }
});
addEventListener('dragover', event => {
  event.preventDefault();
  at('drop').classList.add('over');
});
addEventListener('dragleave', () => at('drop').classList.remove('over'));
addEventListener('drop', event => {
  event.preventDefault();
  at('drop').classList.remove('over');
  if (event.dataTransfer.files.length) {
    file(event.dataTransfer.files[0]);
  }
});
start();
