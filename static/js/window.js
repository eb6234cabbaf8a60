// Says what planned times are on the reader's own clock, also in parts of the page that come later; and fills in how
// long a window lasts.
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;

function say() {
    const style = { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hour12: false };
    const clock = new Intl.DateTimeFormat('en-GB', style);
    for (const time of document.querySelectorAll('time[data-own]')) {
        time.removeAttribute('data-own');
        const start = new Date(time.dateTime);
        const zone = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short', hour: 'numeric' }).formatToParts(start);
        const here = zone.find((part) => part.type === 'timeZoneName').value;
        // Where the text has the reader's own zone already, nothing is to be added.
        if (time.textContent.includes(` ${here}`)) continue;
        const { to } = time.dataset;
        const text = to ? clock.formatRange(start, new Date(to)) : clock.format(start);
        const note = document.createElement('span');
        note.className = 'by';
        note.textContent = `${text} your time`;
        time.after(document.createElement('br'), note);
    }
}

say();
const preview = document.getElementById('preview');
if (!preview) return;
new MutationObserver(say).observe(preview, { childList: true });
const { elements } = document.getElementById('window');
for (const button of document.querySelectorAll('[data-lasts]')) {
    button.addEventListener('click', () => {
        elements.lasts.value = button.dataset.lasts;
        elements.lasts.dispatchEvent(new Event('input', { bubbles: true }));
    });
}
