//! What is wrong with a document as a whole: rows that saving would refuse, and rows that contradict each other.

use std::collections::{HashMap, HashSet};

use argon2::password_hash::phc;

use super::read::Wrong;
use super::{Transfer, UserRecord};
use crate::network::parse_network;
use crate::record::SiteRecord;
use crate::site::SiteId;
use crate::user::{check_username, username_key};

impl Transfer {
    /// Every fault, in the order of the document; empty when all of it may be saved.
    pub(super) fn check(&self) -> Vec<Wrong> {
        let mut wrong = Vec::new();
        let mut names = Names::default();
        for (place, record) in self.sites.iter().enumerate() {
            let mut add = |field: &str, text: String| {
                let path = format!("sites[{place}]{}", path_of(field));
                wrong.push(Wrong { path, subject: record.site.domain.to_string(), text });
            };
            check_site(record, &mut add);
            names.check_site(place, record, &mut add);
        }
        for (place, window) in self.windows.iter().enumerate() {
            for (field, text) in window.check().iter() {
                let path = format!("windows[{place}]{}", path_of(field));
                wrong.push(Wrong { path, subject: window.name.clone(), text: text.to_owned() });
            }
        }
        let sites: HashSet<SiteId> = self.sites.iter().map(|record| record.site.id).collect();
        for (place, user) in self.users.iter().flatten().enumerate() {
            let mut add = |field: &str, text: String| {
                let path = format!("users[{place}].{field}");
                wrong.push(Wrong { path, subject: user.user.username.clone(), text });
            };
            check_user(user, &sites, &mut add);
            names.check_user(place, user, &mut add);
        }
        wrong
    }
}

fn check_site(record: &SiteRecord, add: &mut dyn FnMut(&str, String)) {
    if record.site.id.0 < 1 {
        add("id", "must be 1 or more".to_owned());
    }
    for (row, network) in record.networks.iter().enumerate() {
        if let Err(error) = parse_network(&network.network.to_string()) {
            add(&format!("networks[{row}][network]"), error.to_string());
        }
    }
    for (field, text) in record.check().iter() {
        add(field, text.to_owned());
    }
    for (row, window) in record.windows.iter().enumerate() {
        for (field, text) in window.check().iter() {
            add(&format!("windows[{row}][{field}]"), text.to_owned());
        }
    }
}

fn check_user(
    UserRecord { user, password_hash }: &UserRecord,
    sites: &HashSet<SiteId>,
    add: &mut dyn FnMut(&str, String),
) {
    if user.id.0 < 1 {
        add("id", "must be 1 or more".to_owned());
    }
    match check_username(&user.username) {
        Ok(name) if name == user.username => {}
        Ok(name) => add("username", format!("must be written “{name}”")),
        Err(text) => add("username", text),
    }
    if !phc::PasswordHash::new(password_hash).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id") {
        add("password_hash", "is no hash of Argon2id".to_owned());
    }
    for site in user.rights.sites.iter().flatten().filter(|site| !sites.contains(site)) {
        add("rights.sites", format!("there is no site {site} in this file"));
    }
}

/// What may be there once only, with the row that has it.
#[derive(Default)]
struct Names {
    sites: HashMap<SiteId, usize>,
    hosts: HashMap<String, usize>,
    default: Option<usize>,
    users: HashMap<i64, usize>,
    usernames: HashMap<String, usize>,
}

impl Names {
    fn check_site(&mut self, place: usize, record: &SiteRecord, add: &mut dyn FnMut(&str, String)) {
        let site = &record.site;
        if let Some(first) = self.sites.insert(site.id, place) {
            add("id", format!("sites[{first}] has the id {} already", site.id));
        }
        let domain = std::iter::once(("domain", site.domain.to_string()));
        for (field, name) in domain.chain(site.aliases.iter().map(|alias| ("aliases", alias.to_string()))) {
            match self.hosts.get(&name) {
                // Twice on one site is said by the record itself.
                Some(first) if *first != place => add(field, format!("{name} belongs to sites[{first}] already")),
                Some(_) => {}
                None => drop(self.hosts.insert(name, place)),
            }
        }
        if site.is_default
            && let Some(first) = self.default.replace(place)
        {
            add("is_default", format!("sites[{first}] is the default site already"));
        }
    }

    fn check_user(&mut self, place: usize, UserRecord { user, .. }: &UserRecord, add: &mut dyn FnMut(&str, String)) {
        if let Some(first) = self.users.insert(user.id.0, place) {
            add("id", format!("users[{first}] has the id {} already", user.id.0));
        }
        if let Some(first) = self.usernames.insert(username_key(&user.username), place) {
            add("username", format!("users[{first}] has this name already"));
        }
    }
}

/// The path of a form's field in the JSON: `patterns[2][pattern]` is `.patterns[2].pattern`.
fn path_of(field: &str) -> String {
    let mut path = String::from(".");
    for (place, part) in field.split('[').enumerate() {
        let part = part.trim_end_matches(']');
        if place == 0 {
            path.push_str(part);
        } else if part.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{part}]"));
        } else {
            path.push_str(&format!(".{part}"));
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{FORMAT, TransferError};
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    fn site(id: i64, domain: &str) -> Value {
        let site = crate::record::SiteRecord::new(crate::site::Site {
            id: SiteId(id),
            domain: domain.parse().unwrap(),
            name: String::new(),
            aliases: Vec::new(),
            is_default: false,
            is_protected: false,
            time_zone: "UTC".to_owned(),
        });
        Value::Object(site.fields())
    }

    fn user(id: i64, name: &str) -> Value {
        json!({
            "id": id, "username": name, "password_hash": HASH, "theme": "dark", "has_shortcuts": false,
            "created_at": "2026-11-21T03:12:04Z", "last_login_at": null,
            "rights": {"is_active": true, "is_staff": true, "is_superuser": false, "sites": null},
        })
    }

    fn with(mut row: Value, field: &str, value: Value) -> Value {
        *row.pointer_mut(field).unwrap_or_else(|| panic!("no {field}")) = value;
        row
    }

    fn parse(sites: Vec<Value>, users: Vec<Value>) -> Result<Transfer, TransferError> {
        let document = json!({"format": FORMAT, "format_version": 1, "sites": sites, "users": users});
        Transfer::parse(document.to_string().as_bytes())
    }

    fn refused(sites: Vec<Value>, users: Vec<Value>) -> String {
        parse(sites, users).expect_err("it is wrong").to_string()
    }

    #[test]
    fn a_sound_document_is_read_in_full() {
        let read = parse(vec![site(1, "a.example"), site(7, "b.example")], vec![user(3, "ada")]).unwrap();
        assert_eq!(read.sites.iter().map(|record| record.site.id.0).collect::<Vec<_>>(), [1, 7]);
        assert_eq!(read.users.unwrap()[0].user.username, "ada");
    }

    #[test]
    fn a_fault_is_told_with_its_path_and_the_site_or_user() {
        let a = || site(1, "a.example");
        let pattern = |pattern: &str| json!([{"kind": "regex", "pattern": pattern, "description": ""}]);
        let cases = [
            (with(a(), "/patterns", pattern("[a")), "sites[0].patterns[0].pattern (a.example): "),
            (with(a(), "/time_zone", json!("Mars/Base")), "sites[0].time_zone (a.example): `Mars/Base`"),
            (with(a(), "/domain", json!("no domain")), "sites[0].domain (no domain): "),
            (with(a(), "/is_default", json!("yes")), "sites[0].is_default (a.example): "),
            (with(a(), "/aliases", json!(["www.a.example", "-"])), "sites[0].aliases[1] (a.example): "),
            (with(a(), "/at_end", json!("never")), "sites[0].at_end (a.example): unknown variant `never`"),
            (with(a(), "/retry_after", json!(0)), "sites[0].retry_after (a.example): must be 1 to 3600"),
            (with(a(), "/id", json!(0)), "sites[0].id (a.example): must be 1 or more"),
            (json!("a.example"), "sites[0]: invalid type"),
        ];
        for (site, expected) in cases {
            let text = refused(vec![site], vec![]);
            assert!(text.starts_with(expected), "{text}");
        }
        let mut odd = with(a(), "/patterns", pattern("^a/"));
        odd["patterns"][0]["colour"] = json!("red");
        odd["speed"] = json!(1);
        odd.as_object_mut().unwrap().remove("name");
        let text = refused(vec![site(2, "b.example"), odd], vec![]);
        for part in [
            "sites[1].speed (a.example): is not known",
            "sites[1].patterns[0].colour (a.example): is not known",
            "sites[1].name (a.example): is missing",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let network = |network: &str| json!([{"network": network, "description": ""}]);
        let text = refused(vec![with(a(), "/networks", network("10.1.2.3/8"))], vec![]);
        assert!(text.starts_with("sites[0].networks[0].network (a.example): `10.1.2.3/8` is not a whole"), "{text}");
    }

    #[test]
    fn faults_of_users_are_told_and_never_their_hash() {
        let sites = || vec![site(1, "a.example")];
        for (user, expected) in [
            (with(user(1, "ada"), "/password_hash", json!("secret")), "users[0].password_hash (ada): is no hash"),
            (with(user(1, "ada"), "/rights/sites", json!([4])), "users[0].rights.sites (ada): there is no site 4"),
            (with(user(1, "ada"), "/rights/is_staff", json!(3)), "users[0].rights.is_staff (ada): invalid type"),
            (user(1, "a b"), "users[0].username (a b): must not hold spaces"),
        ] {
            let text = refused(sites(), vec![user]);
            assert!(text.starts_with(expected) && !text.contains("secret"), "{text}");
        }
        let mut odd = user(1, "ada");
        odd["rights"]["is_god"] = json!(true);
        assert!(refused(sites(), vec![odd]).contains("users[0].rights.is_god (ada): is not known"));
        assert!(refused(sites(), vec![user(1, "ada"), user(1, "ADA")]).contains("users[0] has this name already"));
        assert!(refused(sites(), vec![user(1, "ada"), user(1, "bo")]).contains("users[0] has the id 1 already"));
    }

    #[test]
    fn what_may_be_there_once_is_refused_the_second_time() {
        let alias = |row: Value, alias: &str| with(row, "/aliases", json!([alias]));
        let default = |row: Value| with(row, "/is_default", json!(true));
        let (a, b) = (|| site(1, "a.example"), || site(2, "b.example"));
        for (sites, expected) in [
            (vec![a(), site(2, "a.example")], "sites[1].domain (a.example): a.example belongs to sites[0] already"),
            (vec![alias(a(), "w.example"), alias(b(), "w.example")], "w.example belongs to sites[0] already"),
            (vec![a(), alias(b(), "a.example")], "sites[1].aliases (b.example): a.example belongs to sites[0]"),
            (vec![default(a()), default(b())], "sites[1].is_default (b.example): sites[0] is the default site"),
            (vec![a(), site(1, "b.example")], "sites[1].id (b.example): sites[0] has the id 1 already"),
        ] {
            let text = refused(sites, vec![]);
            assert!(text.contains(expected), "{text}");
        }
    }

    #[test]
    fn anything_but_a_whole_document_of_this_version_is_refused() {
        let whole = json!({"format": FORMAT, "format_version": 1, "sites": [site(1, "a.example")]}).to_string();
        assert!(Transfer::parse(whole.as_bytes()).unwrap().users.is_none());
        for cut in 1..whole.len() {
            assert!(matches!(Transfer::parse(&whole.as_bytes()[..cut]), Err(TransferError::Truncated { .. })), "{cut}");
        }
        let text = |document: &str| Transfer::parse(document.as_bytes()).expect_err("it is refused").to_string();
        for (document, part) in [
            ("", "ends too early"),
            ("[]", "no export of this program"),
            ("{}", "no export of this program"),
            (r#"{"format": "other"}"#, "no export of this program"),
            (r#"{"format": "maintenance-mode"}"#, "format_version is null"),
            (r#"{"format": "maintenance-mode", "format_version": 2, "planets": []}"#, "format_version is 2"),
            (r#"{"format": "maintenance-mode", "format_version": 1}"#, "missing field `sites`"),
            (r#"{"format": "maintenance-mode", "format_version": 1, "sites": [], "x": 1}"#, "unknown field `x`"),
            (r#"{"format": "maintenance-mode", "format_version": 1, "sites": {}}"#, "expected a list"),
            ("format: yaml", "no JSON"),
            (r#"{"format": "maintenance-mode", "format_version": 1, "sites": []} {}"#, "no JSON"),
        ] {
            assert!(text(document).contains(part), "{document}: {}", text(document));
        }
    }

    #[test]
    fn many_faults_are_counted() {
        let sites: Vec<Value> =
            (1..=30).map(|id| with(site(id, &format!("s{id}.example")), "/at_end", json!(1))).collect();
        assert!(refused(sites, vec![]).ends_with("; and 10 more"));
    }
}
