// The dashboard. Everything it shows comes from the API with the key of the person in front of it, and is put on the page as text, never as markup.
const KEY = 'flashdrop-key';
const BUSY = 2_000;
const IDLE = 6_000;
const SLOW = 30_000;
const CHART_DAYS = 14;
const FIRST_PAGE = 200;
const LAST_PAGE = 1_000;
const MAX_PAGES = 16;
const ACTIVE = new Set(['Queued', 'Submitted', 'Held']);

const $ = (id) => document.getElementById(id);
const view = { me: null, jobs: [], older: new Map(), pages: new Map(), cursor: null, asked: '', limit: FIRST_PAGE, letters: [], drawn: '', run: 0, slowAt: 0 };
let timer = 0;

// --- Small tools

function el(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const number = new Intl.NumberFormat('en-US');
const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const shortDay = new Intl.DateTimeFormat('en-US', { month: 'short', day: 'numeric', timeZone: 'UTC' });
const dayOf = (date) => date.toISOString().slice(0, 10);
const ago = (days) => dayOf(new Date(Date.now() - days * 86_400_000));

function money(amount) {
  if (amount === undefined || amount === null) return 'unknown';
  if (amount === 0) return '$0';
  const digits = amount >= 1 ? 2 : amount >= 0.01 ? 4 : 6;
  return `$${amount.toFixed(digits)}`;
}

// Short enough for an axis: two digits that count.
const rough = (amount) => `$${amount >= 10 ? amount.toFixed(0) : Number(amount.toPrecision(2))}`;

function seconds(value) {
  if (value < 60) return `${value < 10 ? value.toFixed(1) : Math.round(value)} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;
  return `${Math.floor(value / 3600)} h ${Math.round((value % 3600) / 60)} min`;
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : bytes < 1_048_576 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

function accepted(text) {
  const date = new Date(text);
  return dayOf(date) === dayOf(new Date()) ? clock.format(date) : when.format(date);
}

const nameOf = (job) => (job.dropPath ? job.dropPath.split('/').pop() : `Request ${job.id.slice(-6)}`);
const tokensOf = (job) => (job.usage ? job.usage.promptTokens + job.usage.outputTokens + job.usage.toolUsePromptTokens : null);

function costOf(job) {
  if (job.costUsd !== undefined) return money(job.costUsd);
  const answered = job.attempts.some((attempt) => attempt.model || attempt.usage);
  return answered ? 'unknown' : ACTIVE.has(job.state) ? '–' : '$0';
}

function say(text) {
  const box = $('message');
  box.textContent = text;
  box.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { box.hidden = true; }, 6_000);
}

// --- The API

class ApiError extends Error {
  constructor(status, problem) {
    super(problem ? `${problem.detail} ${problem.remedy}` : `The server answered ${status}.`);
    this.status = status;
    this.code = problem?.code;
  }
}

async function api(path, options = {}) {
  const key = sessionStorage.getItem(KEY);
  const headers = { 'x-api-key': key ?? '', ...options.headers };
  const response = await fetch(path, { ...options, headers, cache: 'no-store' });
  if (response.ok || response.status === 304) return response;
  const problem = await response.json().catch(() => null);
  if (response.status === 401 && view.me) signOut('This key is not valid any more.');
  throw new ApiError(response.status, problem);
}

const get = async (path) => (await api(path)).json();

// --- Signing in and out

async function signIn(key) {
  sessionStorage.setItem(KEY, key);
  try {
    view.me = await get('/api/me');
  } catch (error) {
    sessionStorage.removeItem(KEY);
    throw error;
  }

  $('sign-in').hidden = true;
  $('app').hidden = false;
  $('sign-out').hidden = false;
  $('who').textContent = view.me.admin ? `${view.me.caller} (administrator)` : view.me.caller;
  const profiles = view.me.profiles.filter((profile) => profile !== 'digest');
  $('profile').replaceChildren(...profiles.map((profile) => el('option', { value: profile, textContent: profile, defaultSelected: profile === 'default' })));
  $('by-profile').replaceChildren(el('option', { value: '', textContent: 'All' }), ...view.me.profiles.map((profile) => el('option', { value: profile, textContent: profile })));
  $('upload-hint').textContent = `At most ${size(largest())} each. A file in the inbox is never replaced.`;
  $('reports').hidden = !view.me.admin;
  view.slowAt = 0;
  refresh();
}

function signOut(reason) {
  sessionStorage.removeItem(KEY);
  clearTimeout(timer);
  Object.assign(view, { me: null, jobs: [], older: new Map(), pages: new Map(), cursor: null, asked: '', limit: FIRST_PAGE, letters: [], drawn: '', run: view.run + 1 });
  for (const id of ['jobs', 'failed-list', 'report-list', 'uploads', 'chart', 'detail-body']) $(id).replaceChildren();
  if ($('detail').open) $('detail').close();
  $('app').hidden = true;
  $('sign-out').hidden = true;
  $('who').textContent = '';
  $('live').textContent = '';
  $('sign-in').hidden = false;
  $('sign-in-error').textContent = reason ?? '';
  $('key').value = '';
  $('key').focus();
}

// --- Keeping the page up to date

async function refresh() {
  clearTimeout(timer);
  if (!view.me) return;
  const run = ++view.run;
  try {
    await readJobs(run, Date.now() >= view.slowAt);
    if (run === view.run && Date.now() >= view.slowAt) {
      view.slowAt = Date.now() + SLOW;
      await Promise.all([readLetters(run), readUsage(run), view.me.admin ? readReports(run) : null]);
    }

    if (run !== view.run) return;
    $('live').textContent = 'Live';
    $('live').classList.remove('stale');
  } catch (error) {
    if (run !== view.run) return;
    view.slowAt = 0;
    $('live').textContent = 'Not up to date';
    $('live').classList.add('stale');
    if (error instanceof ApiError) say(error.message);
  }

  if (!document.hidden) timer = setTimeout(refresh, view.jobs.some((job) => ACTIVE.has(job.state)) ? BUSY : IDLE);
}

// Pages by their address, as last read: an unchanged one is not sent again.
async function page(path) {
  const known = view.pages.get(path);
  const response = await api(path, { headers: known ? { 'If-None-Match': known.tag } : {} });
  const entry = response.status === 304 ? known : { tag: response.headers.get('ETag'), body: await response.json() };
  view.pages.delete(path);
  view.pages.set(path, entry);
  if (view.pages.size > MAX_PAGES) view.pages.delete(view.pages.keys().next().value);
  return entry.body;
}

// The newest page every time; the pages after it, which change little, only now and then.
async function readJobs(run, whole) {
  const query = new URLSearchParams({ from: ago(Number($('days').value) - 1), to: ago(0), limit: view.limit });
  if ($('state').value) query.set('state', $('state').value);
  if ($('by-profile').value) query.set('profile', $('by-profile').value);
  const first = `/api/jobs?${query}`;
  const jobs = new Map();
  let { jobs: found, cursor, links } = await page(first);
  for (const job of found) jobs.set(job.id, job);
  if (whole || first !== view.asked) {
    const older = new Map();
    for (let pages = 1; cursor && jobs.size + older.size < view.limit && pages < MAX_PAGES; pages++) {
      ({ jobs: found, cursor, links } = await page(links.next));
      for (const job of found) older.set(job.id, job);
    }

    if (run !== view.run) return;
    view.older = older;
    view.cursor = cursor;
  }

  if (run !== view.run) return;
  for (const [id, job] of view.older) if (!jobs.has(id)) jobs.set(id, job);
  const before = new Map(view.jobs.map((job) => [job.id, job.state]));
  const now = [...jobs.values()];
  const news = first === view.asked && now.some((job) => !ACTIVE.has(job.state) && before.get(job.id) !== job.state);
  view.jobs = now.sort((left, right) => (left.acceptedAt < right.acceptedAt ? 1 : left.acceptedAt > right.acceptedAt ? -1 : left.id < right.id ? 1 : -1));
  view.asked = first;
  if (news) view.slowAt = 0;
  drawJobs();
}

async function readLetters(run) {
  let { jobs: letters, queues, cursor, links } = await get('/api/dead-letters?limit=100');
  for (let pages = 1; cursor && letters.length < 100 && pages < MAX_PAGES; pages++) {
    const next = await get(links.next);
    letters = [...letters, ...next.jobs];
    ({ cursor, links } = next);
  }

  if (run !== view.run) return;
  view.letters = letters;
  queues ??= [];
  $('queues').hidden = queues.length === 0;
  $('queues').textContent = queues.length === 0 ? '' : `Messages nobody could handle: ${queues.map((queue) => `${queue.messages} in ${queue.name}`).join(', ')}.`;
  $('failed').hidden = letters.length === 0 && queues.length === 0;
  $('failed-hint').hidden = letters.length === 0;
  $('tile-failed').textContent = `${number.format(letters.length)}${cursor ? '+' : ''}`;
  $('tile-failed').parentElement.classList.toggle('alert', letters.length > 0);
  $('failed-list').replaceChildren(...letters.map(letterRow));
}

async function readUsage(run) {
  const answer = await get(`/api/usage?groupBy=day&from=${ago(CHART_DAYS - 1)}`);
  if (run !== view.run) return;
  const byDay = new Map(answer.rows.map((row) => [row.day, row.usage]));
  const days = Array.from({ length: CHART_DAYS }, (_, index) => {
    const day = ago(CHART_DAYS - 1 - index);
    return { day, usage: byDay.get(day) };
  });
  $('tile-spent').textContent = money(days.at(-1).usage?.costUsd ?? 0);
  $('spend-total').textContent = `${money(answer.total.costUsd)} in ${CHART_DAYS} days`;
  drawChart(days);
}

async function readReports(run) {
  const { reports } = await get('/api/reports?limit=31');
  if (run !== view.run) return;
  $('reports-empty').hidden = reports.length > 0;
  const groups = [['daily', 'Daily'], ['weekly', 'Weekly'], ['monthly', 'Monthly']];
  $('report-list').replaceChildren(...groups.filter(() => reports.length > 0).map(([kind, title]) => el('div', {},
    el('h3', { textContent: title }),
    el('ul', {}, ...reports.filter((report) => report.kind === kind && report.files.some((file) => file.format === 'html')).map((report) => el('li', {},
      el('a', { href: `/dashboard/report?path=${encodeURIComponent(`${kind}/${report.period}`)}`, textContent: report.period }),
      el('span', { className: 'muted small', textContent: `written ${when.format(new Date(report.updatedAt))}` })))))));
}

// --- Drawing

function drawJobs() {
  const words = $('search').value.trim().toLowerCase();
  const shown = words === '' ? view.jobs : view.jobs.filter((job) => textOf(job).includes(words));
  const today = dayOf(new Date());
  $('tile-active').textContent = number.format(view.jobs.filter((job) => ACTIVE.has(job.state)).length);
  $('tile-done').textContent = number.format(view.jobs.filter((job) => job.state === 'Succeeded' && job.completedAt?.slice(0, 10) === today).length);
  $('more').hidden = !view.cursor || view.limit >= LAST_PAGE;
  $('jobs-empty').hidden = shown.length > 0 && !(view.cursor && view.limit >= LAST_PAGE);
  $('jobs-empty').textContent = shown.length > 0
    ? `Only ${number.format(view.jobs.length)} jobs are shown. Choose fewer days, a state or a profile.`
    : view.jobs.length > 0 ? 'No job matches the search.' : 'No jobs here yet. Ask about a file above.';

  // Rows that did not change stay as they are, so that focus and selection survive.
  const body = $('jobs');
  const rows = new Map([...body.children].map((row) => [row.dataset.id, row]));
  let at = body.firstElementChild;
  for (const job of shown) {
    const mark = JSON.stringify(job) + (ACTIVE.has(job.state) ? Math.floor(Date.now() / 1000) : '');
    let row = rows.get(job.id);
    rows.delete(job.id);
    if (!row) {
      row = jobRow(job);
      body.insertBefore(row, at);
    } else if (row !== at) {
      body.insertBefore(row, at);
    }

    if (row.mark !== mark) fillRow(row, job);
    row.mark = mark;
    at = row.nextElementSibling;
  }

  for (const row of rows.values()) row.remove();
}

function textOf(job) {
  return [job.id, job.dropPath, job.profile, job.caller, job.state, job.error?.code, job.error?.message, ...Object.entries(job.tags).flat()].join(' ').toLowerCase();
}

function jobRow(job) {
  const row = el('tr', {});
  row.dataset.id = job.id;
  const name = el('button', { type: 'button', className: 'job-name', textContent: nameOf(job) });
  name.addEventListener('click', () => openDetail(job.id));
  row.append(
    el('td', { className: 'full' }, name, el('div', { className: 'sub', textContent: `${job.profile} · ${job.caller}` })),
    el('td', { className: 'full' }, el('span', {}), el('div', { className: 'sub' })),
    cell('Tokens', 'num'), cell('Cost', 'num'), cell('Time', 'num nowrap'), cell('Accepted', 'nowrap'),
    el('td', { className: 'full' }, el('div', { className: 'actions' })));
  return row;
}

function cell(label, className) {
  const node = el('td', { className });
  node.dataset.label = label;
  return node;
}

function fillRow(row, job) {
  const [, state, tokens, cost, time, at, actions] = row.children;
  state.firstElementChild.className = `state ${job.state}`;
  state.firstElementChild.textContent = job.state;
  state.lastElementChild.textContent = job.error && job.state !== 'Succeeded' ? `${job.error.code}${job.discardedAt ? ', discarded' : ''}` : job.attempt > 1 && ACTIVE.has(job.state) ? `attempt ${job.attempt}` : '';
  tokens.textContent = tokensOf(job) === null ? '–' : number.format(tokensOf(job));
  cost.textContent = costOf(job);
  const end = job.completedAt ? new Date(job.completedAt) : new Date();
  time.textContent = seconds(Math.max(0, (end - new Date(job.retriedAt ?? job.acceptedAt)) / 1000));
  at.textContent = accepted(job.acceptedAt);
  at.title = job.acceptedAt;

  const box = actions.firstElementChild;
  if (box.dataset.state !== job.state + (job.discardedAt ?? '')) {
    box.dataset.state = job.state + (job.discardedAt ?? '');
    box.replaceChildren(...actionsOf(job));
  }
}

function actionsOf(job) {
  const buttons = [];
  if (job.state === 'Succeeded') buttons.push(action('Result', job, () => openDetail(job.id)));
  if (job.state === 'Failed') buttons.push(action('Error', job, () => openDetail(job.id)));
  if (job.links.retry && !job.discardedAt) buttons.push(action('Retry', job, () => change(job, 'POST', job.links.retry, 'is tried again.')));
  if (job.links.cancel) buttons.push(action('Cancel', job, () => change(job, 'DELETE', job.links.cancel, 'is cancelled.'), 'danger'));
  return buttons;
}

function action(text, job, run, className = '') {
  const button = el('button', { type: 'button', textContent: text, className });
  button.setAttribute('aria-label', `${text}: ${nameOf(job)}`);
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      await run();
    } catch (error) {
      say(error.message);
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

async function change(job, method, path, outcome) {
  await api(path, { method });
  say(`${nameOf(job)} ${outcome}`);
  view.slowAt = 0;
  await refresh();
}

function letterRow(job) {
  return el('li', {},
    el('div', {},
      el('p', {}, el('strong', { textContent: nameOf(job) }), ' ', el('span', { className: 'sub', textContent: `${job.profile} · ${accepted(job.acceptedAt)}` })),
      el('p', { textContent: job.error?.message ?? 'No reason is recorded.' }),
      el('p', { className: 'sub', textContent: job.error ? `What to do: ${job.error.remedy}` : '' })),
    el('div', { className: 'actions' },
      action('Inspect', job, () => openDetail(job.id)),
      job.links.retry ? action('Retry', job, () => change(job, 'POST', job.links.retry, 'is tried again.')) : null,
      job.links.discard ? action('Discard', job, () => change(job, 'POST', job.links.discard, 'is discarded.'), 'danger') : null));
}

function drawChart(days) {
  const mark = JSON.stringify(days);
  if (mark === view.drawn) return;
  view.drawn = mark;
  const [width, height, left, bottom, top] = [620, 190, 86, 26, 12];
  const most = Math.max(...days.map((entry) => entry.usage?.costUsd ?? 0));
  const step = (width - left) / days.length;
  const graph = height - bottom - top;
  const summary = most === 0 ? `No spend in the last ${days.length} days.` : `Spend by day, the most ${money(most)} on ${days.reduce((a, b) => ((b.usage?.costUsd ?? 0) > (a.usage?.costUsd ?? 0) ? b : a)).day}.`;
  const chart = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${summary} The table below has the figures.` });
  for (const [share, label] of [[0, '$0'], [0.5, most === 0 ? '' : rough(most / 2)], [1, most === 0 ? '' : rough(most)]]) {
    const y = top + graph * (1 - share);
    const text = svg('text', { x: left - 8, y: y + 4, class: 'tick', 'text-anchor': 'end' });
    text.textContent = label;
    chart.append(svg('line', { x1: left, x2: width, y1: y, y2: y, class: 'axis' }), text);
  }

  days.forEach((entry, index) => {
    const cost = entry.usage?.costUsd ?? 0;
    const tall = most === 0 ? 0 : Math.max(cost > 0 ? 2 : 0, (cost / most) * graph);
    const x = left + index * step;
    const title = svg('title', {});
    title.textContent = `${entry.day}: ${money(cost)}, ${number.format(entry.usage?.answers ?? 0)} answers`;
    const group = svg('g', { class: 'day' }, title,
      svg('rect', { x, y: top, width: step, height: graph, class: 'bar-hit' }),
      svg('rect', { x: x + step * 0.18, y: top + graph - tall, width: step * 0.64, height: tall, rx: 3, class: 'bar-fill' }));
    if ((days.length - 1 - index) % 2 === 0) {
      const text = svg('text', { x: x + step / 2, y: height - 7, class: 'tick', 'text-anchor': 'middle' });
      text.textContent = shortDay.format(new Date(entry.day));
      group.append(text);
    }

    chart.append(group);
  });

  if (most === 0) {
    const text = svg('text', { x: left + (width - left) / 2, y: top + graph / 2 + 4, class: 'tick', 'text-anchor': 'middle' });
    text.textContent = 'Nothing was spent yet.';
    chart.append(text);
  }

  const table = el('table', { className: 'visually-hidden' },
    el('caption', { textContent: 'Spend by day, UTC' }),
    el('thead', {}, el('tr', {}, ...['Day', 'Spend', 'Answers'].map((title) => el('th', { scope: 'col', textContent: title })))),
    el('tbody', {}, ...days.map((entry) => el('tr', {},
      el('th', { scope: 'row', textContent: entry.day }), el('td', { textContent: money(entry.usage?.costUsd ?? 0) }), el('td', { textContent: number.format(entry.usage?.answers ?? 0) })))));
  $('chart').replaceChildren(chart, table);
}

// --- One job

async function openDetail(id) {
  const job = view.jobs.find((entry) => entry.id === id) ?? view.letters.find((entry) => entry.id === id) ?? await get(`/api/jobs/${encodeURIComponent(id)}`);
  $('detail-title').textContent = nameOf(job);
  const facts = [
    ['State', job.state], ['Profile', job.profile], ['Caller', job.caller], ['Tier', job.tier], ['Accepted', when.format(new Date(job.acceptedAt))],
    ['Finished', job.completedAt ? when.format(new Date(job.completedAt)) : null], ['Cost', costOf(job)],
    ['Prompt tokens', job.usage ? number.format(job.usage.promptTokens) : null], ['Cached tokens', job.usage?.cachedTokens ? number.format(job.usage.cachedTokens) : null],
    ['Output tokens', job.usage ? number.format(job.usage.outputTokens) : null], ['Input', job.media ? `${job.media.mimeType}, ${size(job.media.bytes)}` : null],
    ['File', job.dropPath], ['Id', job.id], ...Object.entries(job.tags),
  ].filter(([, value]) => value);
  const answer = el('div', { id: 'answer' });
  const body = el('div', {}, answer);
  if (job.error && job.state !== 'Succeeded') {
    body.append(el('h3', { textContent: 'Error' }), el('div', { className: 'callout' },
      el('p', {}, el('strong', { textContent: job.error.code })), el('p', { textContent: job.error.message }), el('p', { textContent: `What to do: ${job.error.remedy}` })));
  }

  body.append(el('h3', { textContent: 'Job' }), el('dl', { className: 'facts' }, ...facts.map(([name, value]) => el('div', {}, el('dt', { textContent: name }), el('dd', { textContent: value })))));
  if (job.attempts.length > 0) {
    body.append(el('h3', { textContent: 'Attempts' }), el('div', { className: 'scroll' }, el('table', { className: 'attempts' },
      el('thead', {}, el('tr', {}, ...['#', 'Tier', 'Model', 'Outcome', 'Cost'].map((title) => el('th', { scope: 'col', textContent: title })))),
      el('tbody', {}, ...job.attempts.map((attempt) => el('tr', {}, ...[
        attempt.number, attempt.tier, attempt.model ?? '–', attempt.errorCode ?? (attempt.endedAt ? 'answered' : 'under way'), attempt.costUsd === undefined ? '–' : money(attempt.costUsd),
      ].map((value) => el('td', { textContent: value }))))))));
  }

  $('detail-body').replaceChildren(body);
  if (!$('detail').open) $('detail').showModal();
  $('detail-title').focus();
  if (job.state === 'Succeeded' || job.state === 'Failed') await showResult(job, answer);
}

async function showResult(job, place) {
  try {
    const response = await api(job.links.result);
    const text = await response.text();
    const envelope = JSON.parse(text);
    if (envelope.answer?.text) {
      place.append(el('h3', { textContent: 'Answer' }), el('pre', { textContent: readable(envelope.answer.text), tabIndex: 0 }));
    }

    const button = el('button', { type: 'button', textContent: 'Download the whole result as JSON' });
    button.addEventListener('click', () => save(new Blob([text], { type: 'application/json' }), `${nameOf(job)}.json`));
    place.append(el('p', {}, button));
  } catch (error) {
    place.append(el('p', { className: 'muted', textContent: error.message }));
  }
}

// An answer in JSON with its lines set apart; any other as it came.
function readable(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  el('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

// --- Uploading

// A caller's own file travels inside a JSON request, in base64; that takes a third more, and some for the rest of the request.
const largest = () => (view.me.admin ? view.me.maxRequestBytes : Math.floor((view.me.maxRequestBytes - 4096) * 0.75));

function upload(files) {
  for (const file of files) send(file, file.name);
}

async function send(file, name) {
  const status = el('span', { className: 'muted small', textContent: 'Uploading…' });
  const line = el('li', {}, el('span', { className: 'name', textContent: name }), status);
  $('uploads').prepend(line);
  while ($('uploads').children.length > 4) $('uploads').lastElementChild.remove();
  const fail = (text) => {
    status.className = 'error-text small';
    status.textContent = text;
  };

  if (file.size > largest()) {
    fail(`Too large: ${size(file.size)}.`);
    return;
  }

  const profile = $('profile').value;
  try {
    if (view.me.admin) {
      await api(`/api/drops/${encodeURIComponent(profile)}/${encodeURIComponent(name)}`, { method: 'POST', body: file, headers: { 'Content-Type': 'application/octet-stream' } });
    } else {
      const request = { profile, inputs: [{ kind: 'inline', data: await base64(file) }], tags: { file: name.slice(0, 256) } };
      await api('/api/jobs', { method: 'POST', body: JSON.stringify(request), headers: { 'Content-Type': 'application/json' } });
    }

    status.textContent = `Sent to ${profile}`;
    refresh();
  } catch (error) {
    if (error.code !== 'drop_exists') {
      fail(error.message);
      return;
    }

    fail('This name is taken.');
    const button = el('button', { type: 'button', textContent: 'Keep both' });
    button.addEventListener('click', () => {
      line.remove();
      send(file, another(name));
    });
    line.append(button);
  }
}

function another(name) {
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  const mark = new Date().toISOString().slice(0, 19).replaceAll(':', '').replace('T', '-');
  return `${stem}-${mark}${dot > 0 ? name.slice(dot) : ''}`;
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

// --- Events

$('sign-in-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  $('sign-in-error').textContent = '';
  try {
    await signIn($('key').value.trim());
    $('key').value = '';
    $('main').focus();
  } catch (error) {
    $('sign-in-error').textContent = error instanceof ApiError && error.status === 401 ? 'This is not a valid key.' : error.message;
  }
});
$('sign-out').addEventListener('click', () => signOut());
$('filters').addEventListener('submit', (event) => event.preventDefault());
$('search').addEventListener('input', drawJobs);
for (const id of ['state', 'by-profile', 'days']) {
  $(id).addEventListener('change', () => {
    view.limit = FIRST_PAGE;
    refresh();
  });
}
$('more').addEventListener('click', () => {
  view.limit = Math.min(LAST_PAGE, view.limit * 2);
  refresh();
});
$('files').addEventListener('change', () => {
  upload($('files').files);
  $('files').value = '';
});
const zone = $('drop-zone');
for (const type of ['dragenter', 'dragover']) {
  zone.addEventListener(type, (event) => {
    event.preventDefault();
    zone.classList.add('over');
  });
}
zone.addEventListener('dragleave', () => zone.classList.remove('over'));
zone.addEventListener('drop', (event) => {
  event.preventDefault();
  zone.classList.remove('over');
  upload(event.dataTransfer.files);
});
// A file that misses the zone must not replace the page.
for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());
$('usage-csv').addEventListener('click', async (event) => {
  event.preventDefault();
  try {
    const response = await api(`/api/usage?format=csv&groupBy=day,caller,profile,tier&from=${ago(CHART_DAYS - 1)}`);
    save(await response.blob(), 'flashdrop-usage.csv');
  } catch (error) {
    say(error.message);
  }
});
$('detail-close').addEventListener('click', () => $('detail').close());
document.addEventListener('visibilitychange', () => {
  if (document.hidden) clearTimeout(timer);
  else refresh();
});

const known = sessionStorage.getItem(KEY);
if (known) signIn(known).catch((error) => signOut(error.status === 401 ? 'This key is not valid any more.' : error.message));
else signOut();
