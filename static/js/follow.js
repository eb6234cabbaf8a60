// Keeps what is told of the sites, of the servers, or of a drain, as it is now: by a stream of events where there is one,
// else by asking again and again. Only while the page is seen and somebody is there; reads aloud what has changed.
const follow = document.querySelector('[data-follow]');
if (!follow) return;
const { events } = follow.dataset;
const [stale, resting] = ['stale', 'resting'].map((name) => follow.querySelector(`[data-${name}]`));
const restAfter = 30 * 60_000;
const askEvery = events ? 10_000 : Number(follow.dataset.every ?? 2000);
const told = (page) => page.querySelector('[data-aloud]')?.dataset ?? {};
const read = (html) => new DOMParser().parseFromString(html, 'text/html');
const aloud = document.createElement('span');
aloud.className = 'hidden';
aloud.setAttribute('role', 'status');
follow.append(aloud);
let { aloud: said, phase } = told(follow);
let moved = Date.now();
let asked = 0;
let stream;
let isRunning = false;
let isOver = false;

function show(fresh) {
    const at = document.activeElement;
    for (const part of follow.querySelectorAll('[id]')) {
        const now = part.isConnected && fresh.getElementById(part.id);
        // Nobody loses the ticks that were set.
        if (now && now.innerHTML !== part.innerHTML && !part.querySelector(':checked')) part.replaceChildren(...now.childNodes);
    }
    // The parts alone have none.
    if (fresh.title) takeFrame(fresh);
    // Whoever was on a button stays there; where it is gone, on what is left.
    if (!at.isConnected) (document.getElementById(at.id) ?? document.getElementById('main')).focus({ preventScroll: true });
    const now = told(follow);
    if (now.aloud !== said) aloud.textContent = said = now.aloud;
    if (now.phase !== phase) get('');
    phase = now.phase;
}

// What stands above every page, unless somebody is at work in it; of a drain also what would go on to say that it lasts.
function takeFrame(page) {
    const [strip, now] = [document, page].map((of) => of.querySelector('.strip'));
    if (strip?.innerHTML !== now?.innerHTML && !strip?.querySelector(':focus, [open]')) {
        strip?.remove();
        document.querySelector('header').after(now ?? '');
    }
    if (!events) return;
    document.title = page.title;
    for (const part of ['.head', 'main > .seen', 'main > .message']) {
        document.querySelector(part)?.replaceWith(page.querySelector(part) ?? '');
    }
}

function isStale(is) {
    stale?.toggleAttribute('hidden', !is);
}

// Shows what is at an address now: the parts alone, or the whole page.
async function get(address) {
    try {
        const signal = AbortSignal.timeout(10_000);
        const answer = await fetch(address, { cache: 'no-store', redirect: 'error', signal });
        if (!answer.ok) throw answer;
        show(read(await answer.text()));
        isStale(false);
    } catch {
        isStale(true);
    }
}

async function ask() {
    isRunning = true;
    asked = Date.now();
    await get(follow.dataset.follow);
    isRunning = false;
}

// The browser connects again by itself unless it was refused.
function listen() {
    asked = Date.now();
    stream = new EventSource(events);
    stream.addEventListener('show', ({ data }) => {
        show(read(data));
        isStale(false);
    });
    stream.addEventListener('stale', () => isStale(true));
    stream.addEventListener('error', ({ target }) => {
        if (target.readyState === EventSource.CLOSED) ask();
        else setTimeout(() => target.readyState === EventSource.CONNECTING && isStale(true), 5000);
    });
    stream.addEventListener('over', () => {
        isOver = true;
        stream.close();
        get('');
    });
}

function look() {
    // A page that nobody looks at must not keep its user logged in.
    const rests = Date.now() - moved > restAfter;
    resting?.toggleAttribute('hidden', !rests);
    if (document.hidden || rests || isOver) {
        stream?.close();
        asked = 0;
    } else if ((!stream || stream.readyState === EventSource.CLOSED) && !isRunning && Date.now() - asked >= askEvery) {
        (events ? listen : ask)();
    }
}

for (const sign of ['pointermove', 'pointerdown', 'keydown', 'focus']) {
    addEventListener(sign, () => { moved = Date.now(); }, { passive: true });
}
document.addEventListener('visibilitychange', look);
setInterval(look, 2000);
if (events) look();
