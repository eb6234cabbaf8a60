// Tells visitors of a site beforehand that it will be closed: one line at the top or the bottom of the page, which
// follows changes and goes when it is dismissed. A page may be served with a box of the id `maintenance-notice`, which
// is filled then. WORDS are those of one language. Kept small: it is sent without this and without its indentation.
(() => {
    const say = WORDS;
    const page = document;
    const root = page.documentElement.style;
    const { dataset, src } = page.currentScript;
    const [side, add] = dataset.position === 'bottom' ? ['bottom', 'append'] : ['top', 'prepend'];
    // As the reader writes times, where that is in the language of the words.
    const locale = navigator.languages.find((tag) => tag.startsWith(say.tag)) ?? say.tag;
    const make = (tag, more) => Object.assign(page.createElement(tag), more);
    const id = 'maintenance-notice';
    const line = make('p');
    // Not read out again with each minute.
    const left = make('span', { ariaLive: 'off' });
    const button = make('button', {
        textContent: say.dismiss,
        onclick() {
            kept[id] = notice.starts_at;
            clear();
        },
    });
    let box = page.getElementById(id), next_check = 30, kept = {}, notice, said, timer;
    try {
        kept = sessionStorage;
    } catch {
        // Not allowed here: what was dismissed is remembered on this page only.
    }

    // Style sheets that a script makes are no matter of the content security policy.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`#${id}{
        position:sticky;${side}:0;z-index:9;
        display:flex;flex-wrap:wrap;gap:8px;align-items:center;
        max-height:50vh;overflow:auto;padding:8px 1em;
        font:1rem/1.5 system-ui;
        color:light-dark(#1a1d21,#eceff2);
        background:light-dark(#e8f1fb,#132639);
        &,button{border:1px solid}
        p{flex:1 12em;margin:0;white-space:pre-line;overflow-wrap:anywhere}
        button{min-height:44px;padding:0 1em;font:inherit;color:inherit;background:none}
    }`);
    page.adoptedStyleSheets.push(sheet);

    function clear() {
        box?.remove();
        box = said = null;
        root.scrollPaddingBlock = '';
    }

    // A time by the reader's clock, with its day where that is another one.
    function clock(at, beside) {
        const dateStyle = at.toDateString() === beside.toDateString() ? undefined : 'full';
        return `\u2068${at.toLocaleString(locale, { dateStyle, timeStyle: 'short' })}\u2069`;
    }

    function until(at) {
        const minutes = Math.ceil((at - Date.now()) / 6e4);
        const [size, unit] = minutes < 100 ? [1, 'minute'] : minutes < 2880 ? [60, 'hour'] : [1440, 'day'];
        return new Intl.RelativeTimeFormat(locale).format(Math.round(minutes / size), unit);
    }

    function show() {
        if (!notice || kept[id] === notice.starts_at) return clear();
        if (!box) {
            box = make('div', { id, role: 'status', lang: say.tag, dir: say.dir });
            page.body[add](box);
            // What comes into a box that is there already is read out.
            return setTimeout(show, 99);
        }
        const { starts_at, ends_at, message, language } = notice;
        const start = new Date(starts_at);
        if (said !== (said = JSON.stringify(notice))) {
            const text = ends_at ? say.planned.replace('{end}', clock(new Date(ends_at), start)) : say.open;
            const [before, after] = text.replace('{start}', clock(start, new Date)).split('{in}');
            const more = make('span', { textContent: message, lang: language, dir: 'auto' });
            line.replaceChildren(before, left, after, ' ', message ? more : '');
            if (!line.isConnected) box.replaceChildren(line, button);
        }
        left.textContent = until(start);
        // What has the focus never hides behind the box.
        root.scrollPaddingBlock = box.offsetHeight + 'px';
    }

    async function poll() {
        if (page.hidden) return;
        try {
            ({ notice, next_check } = await (await fetch(new URL(`status.json?lang=${say.tag}`, src))).json());
            show();
            // Where the site asks for it: this visitor is there.
            say.visit && await fetch(new URL('visit', src), { method: 'POST' });
        } catch {
            // What was known last stays, and is asked for again.
        }
        clearTimeout(timer);
        timer = setTimeout(poll, next_check * 1e3 * (1 + Math.random()));
    }

    if (box?.dataset.notice === (kept[id] ?? '')) clear();
    page.addEventListener('visibilitychange', poll);
    setInterval(() => notice && show(), 5e3);
    poll();
})();
