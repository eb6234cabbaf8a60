// Keys for people who have them on: "/" search, "g s" sites, "g h" history, "?" help. Never while one types.
if (!('keys' in document.body.dataset)) return;
const base = document.body.dataset.base;
const places = { s: base, h: `${base}history/` };
let afterG = 0;

function help() {
    const dialog = document.createElement('dialog');
    dialog.innerHTML = '<h2 tabindex="-1" autofocus>Keys</h2><dl><dt>/</dt><dd>Search</dd><dt>g, then s</dt><dd>Sites</dd>'
        + '<dt>g, then h</dt><dd>History</dd><dt>?</dt><dd>This help</dd></dl>'
        + '<form method="dialog"><button>Close</button></form>';
    dialog.setAttribute('aria-label', 'Keys');
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
}

document.addEventListener('keydown', (event) => {
    const typing = event.target.closest('input:not([type="checkbox"], [type="radio"]), textarea, select, dialog');
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const search = document.querySelector('[data-search]');
    const place = event.timeStamp - afterG < 1500 && places[event.key];
    afterG = event.key === 'g' ? event.timeStamp : 0;
    if (place) {
        location.assign(place);
    } else if (event.key === '?') {
        help();
    } else if (event.key === '/' && search) {
        search.focus();
    } else {
        return;
    }
    event.preventDefault();
});
