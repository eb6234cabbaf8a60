//! A whole configuration that is taken in while servers run.

use maintenance_mode::record::SiteRecord;
use maintenance_mode::site::SiteId;
use maintenance_mode::transfer::Transfer;

use crate::helpers::{FIRST_SITE, a_server, eventually, get, operator};

#[test]
fn a_running_server_follows_an_import_and_forgets_who_was_replaced() {
    let server = a_server().start();
    let shop = server.add_site("shop.example", &["www.shop.example"]);
    let ada = server.superuser("ada");
    let read = |id: SiteId| server.maintenance.store().read(|reader| reader.record(id)).unwrap().unwrap().0;
    let mut closed: SiteRecord = read(shop);
    closed.maintenance.in_maintenance = true;
    closed.site.domain = "forum.example".parse().unwrap();
    let transfer = Transfer { sites: vec![read(FIRST_SITE), closed], windows: Vec::new(), users: None };
    server.actions().config_import(&operator(), &transfer, true).unwrap();
    let status = |host: &str| server.send(get("/").without("Host").with("Host", host)).status;
    eventually("the imported site is closed", || status("forum.example") == 503);
    assert_eq!(status("shop.example"), 200, "the default site stands in for a domain that is gone");
    assert_eq!(ada.get("/admin/").status, 200, "users stay when none were brought along");

    let other = server.maintenance.store().read(|reader| reader.user_record_list()).unwrap().pop().unwrap();
    let mut eve = other.clone();
    eve.user.username = "eve".to_owned();
    let transfer = Transfer { sites: vec![read(FIRST_SITE)], windows: Vec::new(), users: Some(vec![eve]) };
    server.actions().config_import(&operator(), &transfer, true).unwrap();
    eventually("the site is gone", || status("forum.example") == 200);
    assert_eq!(server.maintenance.snapshot().len(), 1);
    assert_eq!(ada.get("/admin/").status, 303, "whose account was replaced is logged out");
}
