// Fills in the expected end: "30 min" from now, in the site's zone, and says what that is on the reader's own clock.
const input = document.querySelector('[data-zone]');
if (!input) return;
const zone = input.dataset.zone;
const echo = document.getElementById('end-echo');

// The wall clock of a zone as "2026-11-21 03:30". The Swedish way of writing a date is the one we ask for.
function clock(date, timeZone) {
    const style = { timeZone, year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' };
    return new Intl.DateTimeFormat('sv-SE', style).format(date);
}

// The instant at which the zone's clock shows this, or nothing when the text is no time.
function instant(text) {
    const wanted = Date.parse(`${text.trim().replace(' ', 'T')}Z`);
    if (!/^\d{4}-\d\d-\d\d \d\d:\d\d$/.test(text.trim()) || Number.isNaN(wanted)) return null;
    let guess = wanted;
    for (let turn = 0; turn < 2; turn += 1) {
        guess += wanted - Date.parse(`${clock(new Date(guess), zone).replace(' ', 'T')}Z`);
    }
    return new Date(guess);
}

function say() {
    const end = instant(input.value);
    const minutes = end ? Math.floor((end - Date.now()) / 60_000) : 0;
    if (!end) {
        echo.textContent = '';
    } else if (minutes < 0) {
        echo.textContent = 'This has passed already.';
    } else {
        const hours = Math.floor(minutes / 60);
        const left = hours ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
        const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
        echo.textContent = own === zone ? `In ${left}.` : `In ${left}: ${clock(end, own)} your time.`;
    }
}

for (const button of document.querySelectorAll('[data-in]')) {
    button.addEventListener('click', () => {
        const minutes = Number(button.dataset.in);
        // Rounded up to the next whole minute: a button never promises less than it says.
        input.value = minutes ? clock(new Date(Math.ceil(Date.now() / 60_000) * 60_000 + minutes * 60_000), zone) : '';
        input.dispatchEvent(new Event('input', { bubbles: true }));
    });
}
input.addEventListener('input', say);
say();
