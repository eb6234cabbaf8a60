//! `maintenance check` and certificates: what is wrong with one is said in words, with what helps.

use crate::check::closed;
use crate::machine::{Machine, Ran};
use crate::upstream::{Certificates, serve_tls};

/// Checks a server with this certificate.
fn check(certificates: &Certificates, words: &str) -> Ran {
    let address = serve_tls(certificates, closed);
    Machine::new().run(&format!("check https://{address}/ --expect closed {words}"))
}

#[test]
fn a_certificate_of_its_own_is_believed_when_exactly_it_is_given() {
    // As `openssl req -x509` makes it, which may sign others; and one that may not.
    for extension in ["", "-addext basicConstraints=critical,CA:FALSE"] {
        let own = Certificates::of_its_own("subjectAltName=IP:127.0.0.1", extension);
        let ran = check(&own, "").ends_with(1);
        ran.says(&["the certificate is self-signed", "--ca FILE", "--insecure", "is broken"]);
        check(&own, "--insecure").succeeds();
        check(&own, &format!("--ca {}", own.server().display())).succeeds();
        let another = Certificates::of_its_own("subjectAltName=IP:127.0.0.1", extension);
        check(&own, &format!("--ca {}", another.server().display())).ends_with(1).says(&["self-signed"]);
    }
}

#[test]
fn a_certificate_that_was_given_must_still_have_the_name_and_be_in_date() {
    let elsewhere = Certificates::of_its_own("subjectAltName=DNS:shop.example,DNS:www.shop.example", "");
    let ran = check(&elsewhere, &format!("--ca {}", elsewhere.server().display())).ends_with(1);
    ran.says(&["is for shop.example, www.shop.example, not for 127.0.0.1"]);
    let expired = Certificates::expired();
    let ran = check(&expired, &format!("--ca {}", expired.server().display())).ends_with(1);
    ran.says(&["the certificate expired at 2020-02-01T00:00:00Z"]);
}

#[test]
fn a_refused_certificate_is_told_in_words_and_not_as_a_server_that_does_not_run() {
    for certificates in [Certificates::expired(), Certificates::make()] {
        for words in ["", "--json"] {
            let ran = check(&certificates, words).ends_with(1).says(&["certificate", "--insecure"]);
            for wrong in ["web server runs", "OtherError", "UnixTime", "UNIX", "15805"] {
                assert!(!ran.out.contains(wrong), "{wrong}: {}", ran.out);
            }
        }
    }
}
