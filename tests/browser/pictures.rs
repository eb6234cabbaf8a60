//! The pictures of docs/images, taken of the program as it is.

use std::path::Path;

use crate::helpers::{Browser, PASSWORD, Program, a_browser, a_program};

const MESSAGE: &str = "We are moving the forum to a faster machine. Your posts and drafts are safe.";

/// Sites beside the forum, with the names that people know them by.
const SITES: [(&str, &str); 6] = [
    ("accounts.example.com", "Accounts"),
    ("api.example.com", ""),
    ("billing.example.com", "Billing"),
    ("docs.example.com", "Handbook"),
    ("shop.example.com", "Shop"),
    ("www.example.com", ""),
];

#[test]
#[ignore = "needs Chromium and its driver: tests/run installs them"]
fn the_pictures_of_the_documents_can_be_taken() {
    let program = a_program().start();
    let ann = a_browser().start();
    furnish(&ann, &program);
    let take = |browser: &Browser, name: &str| {
        let picture = browser.picture();
        assert!(picture.starts_with(b"\x89PNG"), "{name} is a PNG");
        assert!(picture.len() <= 150_000, "{name} has {} bytes", picture.len());
        #[expect(clippy::disallowed_methods, reason = "no setting: whether the pictures are kept")]
        if std::env::var_os("WRITE_SCREENSHOTS").is_some() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images");
            std::fs::create_dir_all(&folder).expect("docs can be written");
            std::fs::write(folder.join(name), picture).expect("docs can be written");
        }
    };

    ann.open(&program.url("/admin/"));
    ann.press("Start maintenance on shop.example.com");
    take(&ann, "sites.png");
    ann.press("forum.example.com");
    take(&ann, "site.png");
    ann.open(&program.url("/admin/history/"));
    let changes = ann.find("tr:nth-child(3) summary");
    ann.click(&changes);
    take(&ann, "history.png");

    let visitor = a_browser().start();
    visitor.open(&program.url_of("forum.example.com", "/"));
    visitor.shows("Your posts and drafts are safe.");
    take(&visitor, "503.png");
    visitor.resize(390, 844);
    visitor.prefer("dark", "screen");
    take(&visitor, "503-phone-dark.png");
}

/// A morning at work: some sites, two of them closed, a few changes.
fn furnish(ann: &Browser, program: &Program) {
    ann.open(&program.setup_link());
    ann.fill(&ann.labelled("User name"), "ann");
    ann.fill(&ann.labelled("Password"), PASSWORD);
    ann.fill(&ann.labelled("Password again"), PASSWORD);
    ann.press("Create superuser");
    ann.open(&program.url("/admin/sites/1/settings/"));
    ann.fill(&ann.labelled("Domain"), "forum.example.com");
    ann.fill(&ann.labelled("Name (optional)"), "Community forum");
    ann.press("Save");
    for (domain, name) in SITES {
        ann.open(&program.url("/admin/sites/add/"));
        ann.fill(&ann.labelled("Domain"), domain);
        ann.fill(&ann.labelled("Name (optional)"), name);
        ann.press("Add site");
    }
    ann.open(&program.url("/admin/sites/1/"));
    ann.click(&ann.labelled("In maintenance mode"));
    ann.click(&ann.named("30 min"));
    ann.fill(&ann.labelled("Text (optional)"), MESSAGE);
    ann.fill(&ann.labelled("Contact (optional)"), "help@example.com");
    ann.click(&ann.named("robots.txt"));
    ann.press("Save");
    ann.open(&program.url("/admin/"));
    ann.press("api.example.com");
    ann.click(&ann.labelled("In maintenance mode"));
    ann.click(&ann.named("1 h"));
    ann.fill(&ann.find("#patterns-0-pattern"), "^health/$");
    ann.fill(&ann.find("#patterns-0-description"), "Probe of the load balancer");
    ann.press("Save");
}
