//! `maintenance check` of maintenance pages that browsers cannot show, or that come from some servers and for some requests only.

use std::io::{Read as _, Write as _};
use std::net::{Ipv6Addr, TcpListener};

use crate::check::{check, closed, complaints, grade};
use crate::machine::Machine;
use crate::upstream::{Asked, Reply, serve};

type Breaking = fn(&Asked, Reply) -> Reply;

const HEAD: &str =
    "HTTP/1.1 503 No\r\nRetry-After: 9\r\nCache-Control: no-store\r\nContent-Type: text/html\r\nConnection: close\r\n";

#[test]
fn what_browsers_and_clients_get_wrong_about_a_page_is_found() {
    let cases: [(&str, &str, Breaking); 12] = [
        ("GET", "two Content-Length that differ", |_, _| {
            Reply::raw(format!("{HEAD}Content-Length: 9\r\nContent-Length: 4\r\n\r\nBack soon"))
        }),
        ("page", "longer than its Content-Length of 4", |asked, reply| match asked.method.as_str() {
            "HEAD" => reply,
            _ => Reply::raw(format!("{HEAD}Content-Length: 4\r\n\r\nBack soon")),
        }),
        ("page", "empty", |_, reply| Reply { body: Vec::new(), ..reply }),
        ("Content-Type", "save the page", |_, reply| reply.with("Content-Type", "application/octet-stream")),
        ("Content-Type", "attachment", |_, reply| reply.with("Content-Disposition", "attachment; filename=x.html")),
        ("Refresh", "at once", |_, reply| reply.with("Refresh", "0")),
        ("Retry-After", "more than a year", |_, reply| reply.with("Retry-After", "315360000")),
        ("kept page", "has kept the site's page", |asked, reply| match asked.header("if-none-match") {
            "" => reply,
            _ => Reply::new(304, ""),
        }),
        ("part of it", "206 Partial Content", |asked, reply| match asked.header("range") {
            "" => reply,
            _ => Reply::new(206, "<"),
        }),
        ("page's parts", "/bg.png: 503", |_, reply| Reply {
            body: b"<style>a{background:url(/bg.png)}</style>".to_vec(),
            ..reply
        }),
        ("page's parts", "/x.css: 503", |_, reply| Reply {
            body: b"<style>@import '/x.css';</style>".to_vec(),
            ..reply
        }),
        ("page's parts", "/l.webp: 503", |_, reply| Reply { body: b"<img srcset='/l.webp 2x'>".to_vec(), ..reply }),
    ];
    for (number, (point, says, breaking)) in cases.into_iter().enumerate() {
        let address = serve(move |asked| breaking(asked, closed(asked)));
        let ran = check(&address, "--json --expect closed").ends_with(1).says(&[says]);
        assert_eq!(grade(&ran.json(), point), "fault", "case {number}: {}", ran.out);
    }
}

#[test]
fn what_is_unusual_about_a_page_is_told_without_failing() {
    let cases: [(&str, &str, Breaking); 3] = [
        ("Content-Type", "missing", |_, reply| reply.without("Content-Type")),
        ("Refresh", "sent on to https://status.example.com/", |_, reply| {
            reply.with("Refresh", "9; url=https://status.example.com/")
        }),
        ("GET", "overload", |asked, reply| match asked.header("accept") {
            "application/json" => reply,
            _ => Reply { body: b"<center><h1>503</h1></center><hr><center>nginx</center>".to_vec(), ..reply },
        }),
    ];
    for (number, (point, says, breaking)) in cases.into_iter().enumerate() {
        let address = serve(move |asked| match asked.header("accept") {
            "application/json" => closed(asked),
            _ => breaking(asked, closed(asked)),
        });
        let ran = check(&address, "--json --expect closed").succeeds().says(&[says]);
        assert_eq!(grade(&ran.json(), point), "warning", "case {number}: {}", ran.out);
    }
    let address =
        serve(|asked| Reply { body: b"<img src=https://cdn.example/x.png>Back soon".to_vec(), ..closed(asked) });
    check(&address, "").says(&["those of other hosts were not asked for: cdn.example"]);
}

#[test]
fn every_address_of_a_name_is_asked() {
    // `localhost` has both addresses on most machines; where it has one there is nothing to tell apart.
    let inner = serve(closed);
    let machine = Machine::new();
    let ran = machine.run(&format!("check http://{inner}/ --json --expect closed")).succeeds();
    assert_eq!(complaints(&ran.json()), []);
    assert_eq!(ran.json()["address"], inner);
    let port = inner.rsplit(':').next().unwrap().to_owned();
    let names = std::net::ToSocketAddrs::to_socket_addrs(&format!("localhost:{port}")).unwrap().collect::<Vec<_>>();
    let Ok(second) = TcpListener::bind((Ipv6Addr::LOCALHOST, port.parse().unwrap())) else { return };
    if !names.iter().any(|name| name.is_ipv6()) || !names.iter().any(|name| name.is_ipv4()) {
        return;
    }
    std::thread::spawn(move || {
        for mut stream in second.incoming().map_while(Result::ok) {
            drop(stream.read(&mut [0; 4096]));
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nshop"));
        }
    });
    for words in ["--expect closed", "--expect open"] {
        machine.run(&format!("check http://localhost:{port}/ {words}")).ends_with(1).says(&[
            "every address",
            "127.0.0.1",
            "[::1]",
        ]);
    }
}
