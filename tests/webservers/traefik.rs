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

#[test]
fn what_is_printed_for_traefik_has_the_form_that_its_documentation_describes() {
    let stage = Stage::behind(|_| None);
    stage.machine().run("site edit localhost --add-alias *.preview.example.com").succeeds();
    let printed = stage.emit("traefik", "check", &[]);
    let Http { routers, middlewares, services } = toml::from_str::<Dynamic>(&printed).unwrap().http;

    for (name, router) in &routers {
        assert!(
            router.rule.starts_with("(Host(`localhost`) || HostRegexp(`^.+[.]preview[.]example[.]com$`))"),
            "{name}"
        );
        assert_eq!(router.entry_points, ["web"], "{name}");
        assert!(services.contains_key(&router.service), "{name}");
        assert!(router.middlewares.iter().all(|used| middlewares.contains_key(used)), "{name}");
    }
    // Only what has a rule of its own goes past the question, and each with the higher priority wins.
    let asks = &routers["maintenance-1-application"];
    assert!(routers.values().all(|router| router.priority >= asks.priority));
    // One that says nothing has the length of its rule, for the names of a site hardly so much.
    assert!(asks.priority >= 1_000, "a router that is there already would win");
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
    assert!(routers.values().all(|router| router.priority <= inner.priority));
    let Middleware::IpAllowList { source_range } = &middlewares[&inner.middlewares[0]] else {
        panic!("anybody may ask");
    };
    assert_eq!(source_range, &["255.255.255.255/32"]);
    assert_eq!(services[&asks.service].load_balancer.servers[0].url, format!("http://{}", stage.application()));
}
