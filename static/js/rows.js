// "Add another" shows the next blank row of the page, or a copy of it when all are used; "Suggest" fills one.
function rowsOf(list) {
    return [...list.querySelectorAll('fieldset')];
}

function isBlank(row) {
    return [...row.querySelectorAll('input')].every((input) => input.value.trim() === '');
}

// A copy of the last row under the next number, blank.
function copy(list) {
    const last = rowsOf(list).at(-1);
    const row = last.cloneNode(true);
    const next = rowsOf(list).length;
    const legend = row.querySelector('legend');
    legend.textContent = legend.textContent.replace(/\d+/, next + 1);
    for (const part of row.querySelectorAll('*')) {
        for (const name of ['id', 'name', 'for', 'aria-describedby']) {
            const value = part.getAttribute(name);
            if (value) part.setAttribute(name, value.replace(/\d+/, next));
        }
        part.removeAttribute('aria-invalid');
        if (part.matches('input')) part.value = '';
        if (part.matches('[data-live]')) part.replaceChildren();
    }
    list.append(row);
    return row;
}

function add(list) {
    const spare = list.querySelector('[data-spare]');
    const row = spare ?? copy(list);
    row.removeAttribute('data-spare');
    return row;
}

for (const button of document.querySelectorAll('[data-add]')) {
    button.addEventListener('click', () => {
        add(document.querySelector(`[data-rows="${button.dataset.add}"]`)).querySelector('select, input').focus();
    });
}

for (const button of document.querySelectorAll('[data-suggest]')) {
    button.addEventListener('click', () => {
        const list = document.querySelector('[data-rows="patterns"]');
        const shown = rowsOf(list).find((row) => !('spare' in row.dataset) && isBlank(row));
        const row = shown ?? add(list);
        const [pattern, description] = row.querySelectorAll('input');
        row.querySelector('select').value = button.dataset.kind;
        pattern.value = button.dataset.suggest;
        description.value = button.dataset.description;
        pattern.focus();
        pattern.dispatchEvent(new Event('input', { bubbles: true }));
    });
}
