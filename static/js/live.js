// Answers while one types: posts the form as "Check without saving" would and takes over the parts marked data-live.
// Nothing is saved; the server words everything.
const form = document.querySelector('form[data-check]');
const tester = document.querySelector('form[data-tester]');
if (!form) return;
const asked = form.elements['test[asked]'];
let timer;
let running;

function show(html) {
    const page = new DOMParser().parseFromString(html, 'text/html');
    for (const part of document.querySelectorAll('[data-live]')) {
        const fresh = page.getElementById(part.id);
        if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
        const control = document.querySelector(`[aria-describedby~="${part.id}"]`);
        if (control && part.querySelector('.error')) {
            control.setAttribute('aria-invalid', 'true');
        } else if (control) {
            control.removeAttribute('aria-invalid');
        }
    }
}

// "Check without saving" repeats the last test; keep what it is.
function remember() {
    if (!tester) return;
    for (const [name, value] of new FormData(tester)) form.elements[`test[${name}]`].value = value;
}

async function check() {
    running?.abort();
    running = new AbortController();
    remember();
    const data = new FormData(form);
    data.set('action', 'check');
    try {
        const body = new URLSearchParams(data);
        const answer = await fetch(form.getAttribute('action'), { method: 'POST', body, signal: running.signal, redirect: 'error' });
        if (answer.ok || answer.status === 422) show(await answer.text());
    } catch {
        // The line is down or a newer check has begun; the buttons work without this.
    }
}

function soon() {
    clearTimeout(timer);
    timer = setTimeout(check, 400);
}

form.addEventListener('input', soon);
form.addEventListener('submit', remember);
if (!tester) return;
// Nothing is tried before somebody asks.
tester.addEventListener('input', () => {
    asked.value = '1';
    soon();
});
tester.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(timer);
    asked.value = '1';
    check();
});
document.querySelector('[data-mine]')?.addEventListener('click', (event) => {
    tester.elements.ip.value = event.target.dataset.mine;
    tester.elements.ip.dispatchEvent(new Event('input', { bubbles: true }));
});
