// Keeps what is told of the servers as it is now: asks every two seconds while the page is seen and somebody is there,
// and reads aloud when a server falls behind or catches up.
const follow = document.querySelector('[data-follow]');
if (!follow) return;
const [stale, resting] = ['stale', 'resting'].map((name) => follow.querySelector(`[data-${name}]`));
const restAfter = 30 * 60_000;
const words = (page) => page.querySelector('[data-aloud]')?.dataset.aloud;
const aloud = document.createElement('span');
aloud.className = 'hidden';
aloud.setAttribute('role', 'status');
follow.append(aloud);
let said = words(follow);
let moved = Date.now();
let running = false;

function show(html) {
    const fresh = new DOMParser().parseFromString(html, 'text/html');
    for (const part of follow.querySelectorAll('[id]')) {
        const now = fresh.getElementById(part.id);
        if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...now.childNodes);
    }
    if (words(follow) !== said) {
        said = words(follow);
        aloud.textContent = said;
    }
}

async function look() {
    // A page that nobody looks at must not keep its user logged in.
    const rests = Date.now() - moved > restAfter;
    resting?.toggleAttribute('hidden', !rests);
    if (document.hidden || rests || running) return;
    running = true;
    try {
        const options = { cache: 'no-store', redirect: 'error', signal: AbortSignal.timeout(10_000) };
        const answer = await fetch(follow.dataset.follow, options);
        if (!answer.ok) throw new Error(answer.status);
        show(await answer.text());
        stale?.setAttribute('hidden', '');
    } catch {
        stale?.removeAttribute('hidden');
    }
    running = false;
}

for (const sign of ['pointermove', 'pointerdown', 'keydown', 'focus']) {
    addEventListener(sign, () => { moved = Date.now(); }, { passive: true });
}
document.addEventListener('visibilitychange', look);
setInterval(look, 2000);
