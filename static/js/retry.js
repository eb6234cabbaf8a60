// Asks again while the database does not answer, and reloads the page once it does.
if (!document.querySelector('[data-retry]')) return;
setInterval(async () => {
    if (document.hidden) return;
    try {
        const answer = await fetch(location.href, { method: 'HEAD', cache: 'no-store' });
        if (answer.status < 500) location.reload();
    } catch {
        // Still away.
    }
}, 5000);
