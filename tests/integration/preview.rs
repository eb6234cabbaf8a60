//! What the panel shows of the answer that visitors get.

use maintenance_mode::message::Message;
use scraper::{Html, Selector};

use crate::helpers::{FIRST_SITE, Response, a_server, get};

fn texts(page: &Response, selector: &str) -> Vec<String> {
    let page = Html::parse_document(&page.text());
    let selector = Selector::parse(selector).expect("a valid selector");
    page.select(&selector).map(|element| element.text().collect::<String>().trim().to_owned()).collect()
}

fn attribute(page: &Response, selector: &str, name: &str) -> Option<String> {
    let page = Html::parse_document(&page.text());
    let selector = Selector::parse(selector).expect("a valid selector");
    page.select(&selector).next().and_then(|element| element.attr(name).map(str::to_owned))
}

/// The headers that the page lists, as `Name: value`.
fn listed(page: &Response) -> Vec<String> {
    let names = texts(page, "table.headers tbody th").into_iter();
    names.zip(texts(page, "table.headers tbody td")).map(|(name, value)| format!("{name}: {value}")).collect()
}

/// The built-in page less its script, which is all that a preview leaves out.
fn without_script(page: &str) -> String {
    let (before, rest) = page.split_once("<script").expect("the page has its script");
    let (_, after) = rest.split_once("</script>").expect("the script ends");
    format!("{before}{after}")
}

#[test]
fn the_preview_is_what_visitors_get_less_the_script() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    server.close(FIRST_SITE);
    let sent = server.send(get("/").with("Accept-Language", "fr"));
    let page = ada.get("/admin/sites/1/preview/?language=fr");
    assert_eq!(page.status, 200);
    assert!(texts(&page, "main p").contains(&"Visitors get this now.".to_owned()));
    let frame = attribute(&page, "iframe", "src").expect("the page is in a frame");
    assert_eq!(attribute(&page, "iframe", "sandbox").as_deref(), Some(""));
    let framed = ada.get(&frame);
    assert_eq!((framed.status, framed.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(framed.header("x-frame-options"), "SAMEORIGIN");
    assert!(framed.header("content-security-policy").ends_with("frame-ancestors 'self'"));
    assert_eq!((framed.header("content-language"), framed.header("cache-control")), ("fr", "no-store"));
    assert_eq!((framed.header("retry-after"), framed.header("x-maintenance")), ("", ""));
    let (shown, real) = (framed.text(), without_script(&sent.text()));
    let bare = |page: &str| page.replace(" hidden", "").split_whitespace().collect::<String>();
    assert_eq!(bare(&shown), bare(&real));

    let listed = listed(&page);
    assert!(listed.contains(&"Status: 503 Service Unavailable".to_owned()), "{listed:?}");
    for name in ["Cache-Control", "Content-Language", "Content-Security-Policy", "Vary", "X-Maintenance"] {
        let line = format!("{name}: {}", sent.header(&name.to_lowercase()));
        assert!(listed.contains(&line), "{line} in {listed:?}");
    }
    assert!(listed.contains(&"Retry-After: 120".to_owned()), "{listed:?}");
    assert!(listed.iter().any(|line| line.starts_with("Size: ") && line.ends_with(" of 8 KB")), "{listed:?}");
}

#[test]
fn json_and_text_are_shown_to_the_byte() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    server.close(FIRST_SITE);
    for (kind, accept) in [("json", "application/json"), ("text", "text/plain")] {
        let sent = server.send(get("/").without("Accept").with("Accept", accept).with("Accept-Language", "de"));
        let page = ada.get(&format!("/admin/sites/1/preview/?kind={kind}&language=de"));
        assert_eq!(texts(&page, "pre.answer"), [sent.text().trim()]);
        assert!(attribute(&page, "iframe", "src").is_none());
        assert!(listed(&page).contains(&format!("Content-Type: {}", sent.header("content-type"))));
        let bytes = ada.get(&format!("/admin/sites/1/preview/page?kind={kind}&language=de"));
        assert_eq!((bytes.status, bytes.text()), (200, sent.text()));
        assert_eq!(bytes.header("content-type"), sent.header("content-type"));
    }
}

#[test]
fn an_open_site_shows_what_its_visitors_would_get_in_each_of_its_languages() {
    let server = a_server().start();
    let ada = server.superuser("ada");
    let languages = texts(&ada.get("/admin/sites/1/preview/"), "#language option");
    assert!(languages.len() >= 10 && languages.contains(&"العربية".to_owned()), "{languages:?}");
    server.edit(FIRST_SITE, |record| {
        let message = |language: &str, heading: &str| Message {
            language: language.into(),
            heading: heading.into(),
            ..Message::default()
        };
        record.messages = vec![message("pt-BR", "Fechado"), message("ar", "<b>مغلق")];
    });
    let page = ada.get("/admin/sites/1/preview/");
    assert!(
        texts(&page, "main p")
            .contains(&"The site is open. Visitors get this once maintenance has started.".to_owned())
    );
    assert_eq!(texts(&page, "#language option"), ["Português (pt-BR)", "العربية"]);
    assert_eq!(attribute(&page, "#language option[selected]", "value").as_deref(), Some("pt-BR"));
    assert!(ada.get("/admin/sites/1/preview/page").text().contains("<h1>Fechado</h1>"));
    let arabic = ada.get("/admin/sites/1/preview/page?language=ar").text();
    assert!(arabic.contains("dir=\"rtl\"") && arabic.contains("&lt;b&gt;مغلق"), "{arabic}");
    assert_eq!(server.send(get("/")).status, 200, "looking closes nothing");
    let page = ada.get("/admin/sites/1/preview/?kind=%3Cb&language=xx&frame=huge&scheme=odd&frame=1");
    assert_eq!(page.status, 200);
    assert_eq!(attribute(&page, "iframe", "class").as_deref(), Some("desktop light"));
}

#[test]
fn a_template_of_its_own_that_fails_is_shown_red_and_the_built_in_page_stands_in() {
    let server = a_server().with("MAINTENANCE_TEMPLATES", "{folder}").start();
    let ada = server.superuser("ada");
    let write = |source: &str| {
        std::fs::create_dir_all(server.folder().join("sites/own.example.com")).unwrap();
        std::fs::write(server.folder().join("sites/own.example.com/503.html"), source).unwrap();
    };
    write("<h1>Our own {{ heading }}</h1>");
    let site = server.add_site("own.example.com", &[]);
    let path = format!("/admin/sites/{site}/preview/");
    crate::helpers::eventually("the template is taken up", || {
        ada.get(&format!("{path}page")).text().starts_with("<h1>Our own ")
    });
    let page = ada.get(&path);
    assert!(texts(&page, "[role=alert]").is_empty());
    assert!(
        listed(&page).iter().any(|line| line.starts_with("Size: ") && line.ends_with(" bytes")),
        "no limit of ours"
    );
    write("<h1>{{ missing.name }}</h1>");
    crate::helpers::eventually("the broken template is noticed", || {
        let page = ada.get(&path);
        texts(&page, "[role=alert] pre").first().is_some_and(|text| text.contains("missing"))
    });
    assert!(ada.get(&format!("{path}page")).text().contains("<h1>Sorry, this site is unavailable</h1>"));
}

#[test]
fn a_redirect_is_shown_with_where_it_leads() {
    let server = a_server().with("MAINTENANCE_URL", "https://status.example.com/").start();
    let ada = server.superuser("ada");
    let page = ada.get("/admin/sites/1/preview/");
    assert_eq!(attribute(&page, ".message.warn a", "href").as_deref(), Some("https://status.example.com/"));
    assert!(listed(&page).contains(&"Status: 302 Found".to_owned()));
    assert!(listed(&page).contains(&"Location: https://status.example.com/".to_owned()));
    server.edit(FIRST_SITE, |record| record.maintenance.redirect_url = Some("/down/".into()));
    let page = ada.get("/admin/sites/1/preview/");
    assert_eq!(attribute(&page, ".message.warn a", "href").as_deref(), Some("//localhost/down/"));
    let started = ada.post_and_follow("/admin/sites/1/start/", &[]);
    assert!(started.text().contains("Visitors are sent to another address."));
}
