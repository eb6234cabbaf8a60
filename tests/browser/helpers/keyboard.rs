//! Keys, as WebDriver writes them: <https://www.w3.org/TR/webdriver2/#keyboard-actions>.

use serde_json::{Value, json};

/// A key, pressed and let go.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    Tab,
    Enter,
    Char(char),
}

impl Key {
    /// The keys of a text.
    pub fn of(text: &str) -> Vec<Self> {
        text.chars().map(Key::Char).collect()
    }

    fn value(self) -> char {
        match self {
            Key::Tab => '\u{e004}',
            Key::Enter => '\u{e007}',
            Key::Char(char) => char,
        }
    }
}

/// Each key down and up again.
pub fn presses(keys: &[Key]) -> Vec<Value> {
    let turns = keys.iter().flat_map(|key| ["keyDown", "keyUp"].map(|turn| (turn, key.value())));
    turns.map(|(turn, value)| json!({ "type": turn, "value": value })).collect()
}
