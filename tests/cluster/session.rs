//! Log-ins and their throttle are shared by all servers.

use crate::helpers::{Browser, Cluster, PASSWORD, Response, Server, commands_on, eventually, get};

fn three_servers(cluster: &Cluster) -> Vec<Server> {
    let url = cluster.url();
    (1..=3).map(|number| Server::on(&url, &format!("web{number}")).started()).collect()
}

fn try_to_log_in(server: &Server, username: &str, password: &str) -> Response {
    let stranger = Browser::new(server.address);
    stranger.get("/admin/login/");
    stranger.post("/admin/login/", &[("username", username), ("password", password), ("next", "")])
}

#[test]
fn a_log_in_on_one_server_is_known_on_all_and_its_end_on_one_is_its_end_on_all() {
    let cluster = Cluster::start();
    let servers = three_servers(&cluster);
    let operator = commands_on(&cluster.url());
    operator.run_with_stdin("user add --username ada --staff --password-stdin", PASSWORD).succeeds();
    operator.run("on --wait").succeeds();

    let browser = servers[0].sign_in("ada");
    for server in &servers {
        browser.address.set(server.address);
        assert_eq!(browser.get("/admin/").status, 200, "the panel knows her");
        assert_eq!(browser.get("/").status, 200, "the gate knows her");
        assert_eq!(server.status("localhost"), 503, "others stay outside");
    }

    // Ended on the third, out on all, even with the cookie that her browser has thrown away.
    let cookie = browser.cookie();
    assert_eq!(browser.post("/admin/logout/", &[]).status, 303);
    for server in &servers {
        eventually("she is out", || get("/").cookie(&cookie).send(server.address).status == 503);
        let answer = get("/admin/account/").cookie(&cookie).send(server.address);
        assert_eq!(answer.status, 303, "the panel asks her to log in");
    }
}

#[test]
fn a_session_that_somebody_ends_elsewhere_is_over_on_every_server() {
    let cluster = Cluster::start();
    let servers = three_servers(&cluster);
    let operator = commands_on(&cluster.url());
    operator.run_with_stdin("user add --username ada --staff --password-stdin", PASSWORD).succeeds();
    operator.run("on --wait").succeeds();

    let stolen = servers[0].sign_in("ada");
    for server in &servers {
        stolen.address.set(server.address);
        assert_eq!(stolen.get("/").status, 200);
    }
    let hers = servers[1].sign_in("ada");
    hers.get("/admin/account/");
    assert_eq!(hers.post("/admin/account/sessions/end-others/", &[]).status, 303);
    for server in &servers {
        stolen.address.set(server.address);
        eventually("the other browser is out", || stolen.get("/").status == 503);
        assert_eq!(stolen.get("/admin/account/").status, 303);
        hers.address.set(server.address);
        assert_eq!(hers.get("/").status, 200, "her own goes on");
    }
}

#[test]
fn wrong_passwords_that_are_spread_over_three_servers_meet_one_limit() {
    let cluster = Cluster::start();
    let servers = three_servers(&cluster);
    let operator = commands_on(&cluster.url());
    operator.run_with_stdin("user add --username ann --staff --password-stdin", PASSWORD).succeeds();

    for number in 0..5 {
        assert_eq!(try_to_log_in(&servers[number % 3], "ann", "wrong").status, 422, "try {number}");
    }
    for server in &servers {
        let answer = try_to_log_in(server, "ann", PASSWORD);
        assert_eq!(answer.status, 429, "{}", answer.text());
    }
    operator.run("user unlock ann").succeeds();
    for server in &servers {
        assert_eq!(try_to_log_in(server, "ann", PASSWORD).status, 303);
    }
}
