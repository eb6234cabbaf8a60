//! Rules that every page keeps, in every state.

use std::collections::HashSet;

use scraper::{ElementRef, Html, Selector};

use super::fixtures::all;
use crate::admin::assets::Assets;

fn select<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("a valid selector");
    page.select(&selector).collect()
}

/// Runs a check on every page; the message names the page.
fn on_every_page(check: impl Fn(&str, &Html)) {
    for page in all("/admin/static/v/") {
        check(page.name, &Html::parse_document(&page.html));
    }
}

#[test]
fn a_page_has_one_h1_a_title_a_main_and_a_skip_link_that_leads_somewhere() {
    on_every_page(|name, page| {
        assert_eq!(select(page, "h1").len(), 1, "{name}: one h1");
        assert_eq!(select(page, "main").len(), 1, "{name}: one main");
        let title = select(page, "title")[0].text().collect::<String>();
        assert!(!title.starts_with(' ') && !title.starts_with('–'), "{name}: title is {title:?}");
        let skip = select(page, "body > a")[0].attr("href").expect("a link").to_owned();
        assert_eq!(select(page, &skip).len(), 1, "{name}: skip link to {skip}");
    });
}

#[test]
fn nothing_is_inline_that_the_content_security_policy_forbids() {
    on_every_page(|name, page| {
        assert!(select(page, "style, script:not([src]), [style]").is_empty(), "{name}: inline style or script");
        for element in page.tree.values().filter_map(|node| node.as_element()) {
            let handler = element.attrs().find(|(attribute, _)| attribute.starts_with("on"));
            assert!(handler.is_none(), "{name}: {handler:?} is an inline handler");
        }
    });
}

#[test]
fn every_form_that_posts_carries_its_csrf_field_and_no_other_does() {
    on_every_page(|name, page| {
        for form in select(page, "form") {
            let fields = form.select(&Selector::parse("input[name=csrf]").expect("valid")).count();
            let posts = form.attr("method") == Some("post");
            assert_eq!(fields, usize::from(posts), "{name}: {:?}", form.value());
        }
    });
}

#[test]
fn ids_are_unique_and_every_reference_to_one_is_kept() {
    on_every_page(|name, page| {
        let ids: Vec<_> = select(page, "[id]").iter().filter_map(|element| element.attr("id")).collect();
        let unique: HashSet<_> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: an id is there twice in {ids:?}");
        let references = ["for", "aria-describedby", "aria-labelledby", "form"];
        for reference in references {
            for element in select(page, &format!("[{reference}]")) {
                for id in element.attr(reference).unwrap_or_default().split_whitespace() {
                    assert!(unique.contains(id), "{name}: {reference}={id} leads nowhere");
                }
            }
        }
        for link in select(page, "a[href^='#']") {
            let id = link.attr("href").unwrap_or_default().trim_start_matches('#');
            assert!(unique.contains(id), "{name}: the link to #{id} leads nowhere");
        }
    });
}

#[test]
fn every_control_has_a_label() {
    on_every_page(|name, page| {
        for control in select(page, "input:not([type=hidden]), select, textarea") {
            let label = control.attr("aria-label").map(str::to_owned).or_else(|| {
                let label = select(page, &format!("label[for='{}']", control.attr("id")?)).into_iter().next()?;
                Some(label.text().collect())
            });
            assert!(label.is_some_and(|text| !text.trim().is_empty()), "{name}: {:?} has no label", control.value());
            assert!(control.attr("placeholder").is_none(), "{name}: a placeholder is not a label");
        }
    });
}

#[test]
fn one_thing_at_most_takes_the_focus_and_one_button_is_filled() {
    on_every_page(|name, page| {
        assert!(select(page, "[autofocus]").len() <= 1, "{name}: several things take the focus");
        assert!(select(page, "button.main, a.button.main").len() <= 1, "{name}: several main buttons");
    });
}

#[test]
fn enter_in_a_field_of_the_site_form_saves() {
    for page in all("/").into_iter().filter(|page| ["site", "site-errors", "site-checked"].contains(&page.name)) {
        let page = Html::parse_document(&page.html);
        let submits = select(&page, "#site button:not([type=button]), button[form=site]");
        assert_eq!(submits[0].attr("value"), Some("save"));
    }
}

#[test]
fn table_headers_say_what_they_head() {
    on_every_page(|name, page| {
        for header in select(page, "th") {
            assert!(header.attr("scope").is_some(), "{name}: a th without scope");
        }
    });
}

#[test]
fn a_page_of_fifty_sites_stays_within_the_budget() {
    let page = all("/").into_iter().find(|page| page.name == "sites-fifty").expect("is rendered");
    let elements = select(&Html::parse_document(&page.html), "*").len();
    assert!(elements <= 600, "{elements} elements; the budget is 600");
    let assets = Assets::load();
    let rest: usize =
        ["admin.css", "admin.js", "icon.svg"].map(|name| assets.get(name).expect("is there").body.len()).iter().sum();
    assert!(page.html.len() + rest <= 60 * 1024, "{} bytes; the budget is 60 KB", page.html.len() + rest);
}

#[test]
fn what_a_person_typed_is_escaped() {
    let page = all("/").into_iter().find(|page| page.name == "site-errors").expect("is rendered");
    assert!(page.html.contains("“\\[”"), "the message is there");
    let sources = include_str!("../../../templates/components/fields.html");
    assert!(!sources.contains("| safe"), "nothing a person typed is marked safe");
}

#[test]
#[ignore = "writes every page to target/panel to look at and to run axe on"]
fn every_page_is_written_to_a_folder() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/panel");
    std::fs::create_dir_all(&folder).expect("target can be written");
    for page in all("/admin/static/v/") {
        std::fs::write(folder.join(format!("{}.html", page.name)), page.html).expect("target can be written");
    }
    let assets = Assets::load();
    for name in ["admin.css", "admin.js", "sample.css", "icon.svg"] {
        std::fs::write(folder.join(name), &assets.get(name).expect("is there").body).expect("target can be written");
    }
}
