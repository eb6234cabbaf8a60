//! Traefik, for which there is no package here: what is printed is read as its documentation describes the dynamic
//! configuration (<https://doc.traefik.io/traefik/reference/dynamic-configuration/file/>), and was not run.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::helpers::Stage;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dynamic {
    http: Http,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Http {
    routers: BTreeMap<String, Router>,
    middlewares: BTreeMap<String, Middleware>,
    services: BTreeMap<String, Service>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Router {
    rule: String,
    priority: u32,
    entry_points: Vec<String>,
    #[serde(default)]
    middlewares: Vec<String>,
    service: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
enum Middleware {
    #[serde(rename_all = "camelCase")]
    ForwardAuth {
        address: String,
        auth_request_headers: Vec<String>,
        auth_response_headers: Vec<String>,
        add_auth_cookies_to_response: Vec<String>,
    },
    #[serde(rename_all = "camelCase")]
    IpAllowList { source_range: Vec<String> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Service {
    load_balancer: LoadBalancer,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadBalancer {
    servers: Vec<Address>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Address {
    url: String,
}

fn printed(stage: &Stage, more: &[&str]) -> Http {
    toml::from_str::<Dynamic>(&stage.emit("traefik", "check", more)).unwrap().http
}

#[test]
fn what_is_printed_for_traefik_has_the_form_that_its_documentation_describes() {
    let stage = Stage::behind(|_| None);
    stage.machine().run("site edit localhost --add-alias *.preview.example.com").succeeds();
    let Http { routers, middlewares, services } = printed(&stage, &[]);

    for (name, router) in &routers {
        let is_wildcard = name.starts_with("maintenance-1-wildcard-1-");
        let rule = if is_wildcard { "(HostRegexp(`^.+[.]preview[.]example[.]com$`))" } else { "(Host(`localhost`))" };
        assert!(router.rule.starts_with(rule), "{name}");
        assert_eq!(router.entry_points, ["web"], "{name}");
        assert!(services.contains_key(&router.service), "{name}");
        assert!(router.middlewares.iter().all(|used| middlewares.contains_key(used)), "{name}");
    }
    assert_eq!(routers.len(), 8);
    // Only what has a rule of its own goes past the question, and the one with the higher priority wins.
    for names in ["maintenance-1", "maintenance-1-wildcard-1"] {
        let priority = |what| routers[&format!("{names}-{what}")].priority;
        let rising = ["application", "challenge", "program", "inner"].map(priority);
        assert!(rising.is_sorted_by(|one, next| one < next), "{rising:?}");
        // One that says nothing has the length of its rule, for the names of a site hardly so much.
        assert!(rising[0] > 1_000, "a router that is there already would win");
    }
    let asks = &routers["maintenance-1-application"];
    let Middleware::ForwardAuth { address, auth_request_headers, auth_response_headers, add_auth_cookies_to_response } =
        &middlewares[&asks.middlewares[0]]
    else {
        panic!("the application is reached without a question");
    };
    assert_eq!(*address, format!("http://{}/maintenance/check", stage.program_address));
    assert_eq!(auth_request_headers, &["Accept", "Accept-Language", "Cookie", "Sec-Fetch-Dest"]);
    assert_eq!(auth_response_headers, &["X-Maintenance", "X-Maintenance-Reason"]);
    assert_eq!(add_auth_cookies_to_response, &["maintenance_visitor", "__Host-maintenance_visitor"]);
    let inner = &routers["maintenance-1-inner"];
    let Middleware::IpAllowList { source_range } = &middlewares[&inner.middlewares[0]] else {
        panic!("anybody may ask");
    };
    assert_eq!(source_range, &["255.255.255.255/32"]);
    assert_eq!(services[&asks.service].load_balancer.servers[0].url, format!("http://{}", stage.application()));
}

#[test]
fn no_wildcard_for_traefik_takes_the_name_of_another_site_or_file() {
    let stage = Stage::behind(|_| None);
    let machine = stage.machine();
    machine.run("site edit localhost --add-alias *.example.com --add-alias *.a.b.example.com").succeeds();
    let long = format!("{0}.{0}.{0}.example.com", "x".repeat(63));
    machine.run(&format!("site add shop.example.com --alias *.b.example.com --alias *.{long}")).succeeds();
    let one = printed(&stage, &[]).routers;
    let both = printed(&stage, &["--site", "shop.example.com"]).routers;
    assert!(one.iter().all(|(name, router)| both[name].priority == router.priority), "files are printed one by one");

    // Each group of routers beside the one that wins over it.
    let order = ["1-wildcard-1", "2-wildcard-1", "1-wildcard-2", "2-wildcard-2", "2"];
    for pair in order.windows(2) {
        let most = both[&format!("maintenance-{}-inner", pair[0])].priority;
        let least = both[&format!("maintenance-{}-application", pair[1])].priority;
        assert!(most < least, "{pair:?}: {most} and {least}");
    }
    assert_eq!(both["maintenance-1-application"].priority, both["maintenance-2-application"].priority);
}
