'use strict';
// The page of a server of models: everything on it is asked for by the addresses that /docs lists.
const at = id => document.getElementById(id);
const PICTURES = 12; // results
const EVERY = 2000; // milliseconds between looks at the figures
let token = '';
let indexes = [];
let described = {};
let shown = []; // addresses of pictures, to be released
let asked = 0; // so that a late answer doesn't replace a newer one
let seen = null; // samples that had run at the last look, and when

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
    const found = await json('search?model=' + encodeURIComponent(name) + '&k=' + k,
      { method: 'POST', body, headers: { 'Content-Type': type } });
    const items = await Promise.all(found.results.map(result => item(result, name)));
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
    say(found.results.length + ' nearest, ' + (found.exact ? 'of all' : 'found approximately') + '.');
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

async function item(result, name) {
  const element = document.createElement('li');
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
  element.append(made('span', result.score.toFixed(3), 'score'), ' ', made('span', result.path));
  return { element, address };
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
