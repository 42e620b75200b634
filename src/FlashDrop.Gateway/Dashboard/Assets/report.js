// Shows one stored report. It runs in a frame of its own without scripts, so that nothing in it can reach the caller's key.
const key = sessionStorage.getItem('flashdrop-key');
const path = new URLSearchParams(location.search).get('path') ?? '';
const shape = /^(daily|weekly|monthly)\/([0-9]{4}-[0-9W]{2,3}(?:-[0-9]{2})?)$/;
const match = shape.exec(path);

if (!key) {
  location.replace('/dashboard');
} else if (!match) {
  say('There is no such report.');
} else {
  document.getElementById('title').textContent = `Report ${match[2]}`;
  document.title = `Report ${match[2]} – FlashDrop`;
  await show();
}

async function read(format) {
  const response = await fetch(`/api/reports/${path}/summary.${format}`, { headers: { 'x-api-key': key }, cache: 'no-store' });
  if (!response.ok) {
    const problem = await response.json().catch(() => null);
    throw new Error(problem ? `${problem.detail} ${problem.remedy}` : `The server answered ${response.status}.`);
  }
  return response;
}

async function show() {
  try {
    const text = await (await read('html')).text();
    const frame = document.createElement('iframe');
    frame.setAttribute('sandbox', '');
    frame.title = document.title;
    frame.srcdoc = text;
    document.getElementById('main').append(frame);
    for (const format of ['html', 'csv', 'json', 'md']) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'quiet';
      button.textContent = format.toUpperCase();
      button.setAttribute('aria-label', `Download as ${format.toUpperCase()}`);
      button.addEventListener('click', () => download(format).catch((error) => say(error.message)));
      document.getElementById('downloads').append(button);
    }
  } catch (error) {
    say(error.message);
  }
}

async function download(format) {
  const url = URL.createObjectURL(await (await read(format)).blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = `flashdrop-${match[2]}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function say(text) {
  const problem = document.getElementById('problem');
  problem.textContent = text;
  problem.hidden = false;
}
