// Looks while the database does not answer. A page that was asked for is loaded again once it does; an answer to a form is
// not, because the browser would send the form again: it says so, and leaves the click to a person.
const retry = document.querySelector('[data-retry]');
if (!retry) return;
const said = retry.querySelector('[data-answers]');

const look = () => setTimeout(async () => {
    look();
    if (document.hidden || said?.textContent) return;
    try {
        const { status } = await fetch(retry.dataset.retry, { method: 'HEAD', cache: 'no-store' });
        if (!said && status < 500) location.reload();
        if (said && status === 204) {
            said.className = 'message';
            said.textContent = said.dataset.answers;
        }
    } catch {
        // Still away.
    }
}, 5000);
look();
