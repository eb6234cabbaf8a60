// Whoever types into a field that belongs to a choice means that choice.
for (const input of document.querySelectorAll('[data-chooses]')) {
    input.addEventListener('input', () => {
        document.getElementById(input.dataset.chooses).checked = true;
    });
}
