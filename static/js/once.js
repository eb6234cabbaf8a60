// A second click on the same button does nothing: the first is on its way, and its answer carries [Undo].
document.addEventListener('submit', (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== 'post') return;
    if (form.dataset.sent) {
        event.preventDefault();
    } else {
        form.dataset.sent = 'yes';
    }
});
// A page that comes back from the browser's memory is fresh again.
addEventListener('pageshow', () => {
    for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
});
