//! Forms as a browser without script reads and sends them.

use scraper::{ElementRef, Html, Selector};

/// The fields of a form, in their order, as they are when the page is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageForm(pub Vec<(String, String)>);

/// Everything on a page that a selector finds, as text.
pub fn texts(page: &str, selector: &str) -> Vec<String> {
    Html::parse_document(page).select(&parsed(selector)).map(text).collect()
}

/// The rows of tables that a selector finds, their cells parted by ` | `.
pub fn rows(page: &str, selector: &str) -> Vec<String> {
    let cells = parsed("th, td");
    let row = |row: ElementRef<'_>| row.select(&cells).map(text).collect::<Vec<_>>().join(" | ");
    Html::parse_document(page).select(&parsed(selector)).map(row).collect()
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parsed(selector: &str) -> Selector {
    Selector::parse(selector).expect("a valid selector")
}

impl PageForm {
    /// The first form that the selector finds.
    pub fn of(page: &str, selector: &str) -> Self {
        let html = Html::parse_document(page);
        let form = html.select(&parsed(selector)).next();
        let form = form.unwrap_or_else(|| panic!("no {selector} in {page}"));
        let controls = parsed("input, select, textarea");
        Self(form.select(&controls).filter_map(sent).collect())
    }

    /// The value of a field; `None` when it is not sent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Types into a field, or ticks a box.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    /// Unticks a box, or takes a field away.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }

    /// The fields but for the token, which a visitor adds.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        self.0.iter().filter(|(name, _)| name != "csrf").map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// Name and value of a control that is sent.
fn sent(control: ElementRef<'_>) -> Option<(String, String)> {
    let name = control.attr("name")?.to_owned();
    let is_ticked = control.attr("checked").is_some();
    let value = match (control.value().name(), control.attr("type").unwrap_or("text")) {
        ("textarea", _) => {
            let text: String = control.text().collect();
            text.strip_prefix('\n').map(str::to_owned).unwrap_or(text)
        }
        ("select", _) => {
            let options = parsed("option");
            let chosen = control.select(&options).find(|option| option.attr("selected").is_some());
            let first = || control.select(&options).next();
            chosen.or_else(first)?.attr("value").unwrap_or_default().to_owned()
        }
        (_, "checkbox" | "radio") if !is_ticked => return None,
        (_, "checkbox" | "radio") => control.attr("value").unwrap_or("on").to_owned(),
        _ => control.attr("value").unwrap_or_default().to_owned(),
    };
    Some((name, value))
}
