//! The settings in force, as the panel shows them.

use crate::helpers::a_server;

#[test]
fn every_setting_is_shown_with_its_value_and_where_it_came_from() {
    let server = a_server().with("INTERNAL_IPS", "10.9.0.0/16").start();
    let page = server.superuser("root").get("/admin/settings/");
    assert_eq!(page.status, 200);
    let text = page.text();
    for view in &server.maintenance.settings().views {
        assert!(text.contains(&format!("<code>{}</code>", view.name)), "{} is missing", view.name);
    }
    assert!(text.contains("<code>10.9.0.0/16</code></td><td data-label=\"Source\">command line or code"), "{text}");
    assert!(text.contains("not set</td><td data-label=\"Source\">default"));
    // What a server finds out by itself is shown as it is in force.
    assert!(text.contains(&format!("<code>{}</code></td>", server.maintenance.settings().server.name())), "{text}");
}

#[test]
fn a_secret_is_set_or_not_and_never_shown() {
    let secret = "thirty-two characters or more of it";
    let server = a_server().with("SECRET_KEY", secret).start();
    let given = server.superuser("root").get("/admin/settings/").text();
    assert!(!given.contains(secret));
    assert!(given.contains("<code>set</code></td><td data-label=\"Source\">command line or code"));

    let server = a_server().start();
    let made = server.superuser("root").get("/admin/settings/").text();
    assert!(made.contains("<code>set</code></td><td data-label=\"Source\">database"), "{made}");
}
