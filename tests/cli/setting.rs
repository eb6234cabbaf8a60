//! Settings: which source wins, and what is said about wrong ones.

use crate::machine::Machine;

#[test]
fn a_wrong_setting_is_named_with_its_value_and_what_would_be_right() {
    for (name, flag, value, right) in [
        ("BIND", "--bind", "8080", "127.0.0.1:8080"),
        ("SITE_ID", "--site-id", "forum", "site list"),
        ("INTERNAL_IPS", "--internal-ips", "10.0.0.300", "10.0.0.0/8"),
        ("TRUSTED_PROXIES", "--trusted-proxies", "proxy.local", "10.0.0.0/8"),
        ("MAINTENANCE_BLOCK_STAFF", "--block-staff", "perhaps", "true or false"),
        ("MAINTENANCE_ADMIN_IGNORED_URLS", "--admin-ignored-urls", "^ok/ [", "never closed"),
        ("ADMIN_URL", "--admin-url", "/", "/admin/"),
        ("MAINTENANCE_UNKNOWN_SITE", "--unknown-site", "maybe", "not-found"),
        ("MAINTENANCE_URL", "--maintenance-url", "ftp://x", "https://"),
        ("MAINTENANCE_STATUS", "--status", "200", "400..=599"),
        ("MAINTENANCE_RETRY_AFTER", "--retry-after", "0", "1..=3600"),
        ("LANGUAGE_CODE", "--language-code", "tlh", "en"),
        ("TIME_ZONE", "--time-zone", "Europe/Atlantis", "Europe/Berlin"),
        ("WORKERS", "--workers", "0", "1..=1024"),
        ("SESSION_COOKIE_AGE", "--session-cookie-age", "soon", "invalid digit"),
        ("SESSION_COOKIE_DOMAIN", "--session-cookie-domain", "co.uk", "a domain of your own, such as example.com"),
        ("SESSION_COOKIE_DOMAIN", "--session-cookie-domain", "https://example.com", "write the domain alone"),
        ("PUBLIC_ORIGIN", "--public-origin", "admin.example.com", "https://admin.example.com"),
    ] {
        let of_env = Machine::new().env(name, value).run("serve");
        of_env.fails(2, &[&format!("{name} ({flag}) cannot be `{value}` (from the environment)"), right]);
        let of_flag = Machine::new().run_words(&["serve", &format!("{flag}={value}")]);
        of_flag.fails(2, &[&format!("{name} ({flag}) cannot be `{value}`: "), right]);
    }
}

#[test]
fn a_cookie_domain_that_does_not_hold_the_panel_is_refused() {
    let machine = Machine::new().env("SESSION_COOKIE_DOMAIN", "example.com");
    machine.run("serve").fails(2, &["SESSION_COOKIE_DOMAIN is `example.com`: say in PUBLIC_ORIGIN"]);
    for origin in ["https://admin.example.org", "https://badexample.com:8443", "http://127.0.0.1:8080"] {
        let ran = machine.run_words(&["serve", "--public-origin", origin]);
        ran.fails(2, &["SESSION_COOKIE_DOMAIN is `example.com`, but the panel's host", "is not within it"]);
    }
}

#[test]
fn no_command_takes_the_flags_of_serve() {
    Machine::new().run("--bind 8080").fails(2, &["BIND (--bind) cannot be `8080`"]);
    Machine::new().env("BIND", "8080").run("").fails(2, &["BIND (--bind) cannot be `8080`"]);
}

#[test]
fn a_setting_that_a_command_does_not_need_does_not_stop_it() {
    let machine = Machine::with_sites(&["example.com"]).env("BIND", "wrong").env("INTERNAL_IPS", "wrong");
    machine.run("status").succeeds();
    machine.run("off").succeeds();
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let machine = Machine::new().env("DATABASE_URL", "of-env.sqlite3");
    machine.write(".env", "DATABASE_URL=of-file.sqlite3\n");
    machine.run("migrate --database-url of-flag.sqlite3").says(&["of-flag.sqlite3"]);
    machine.run("migrate").says(&["of-env.sqlite3"]);
    let machine = Machine::new();
    machine.write(".env", "DATABASE_URL=of-file.sqlite3\n");
    machine.run("migrate").says(&["of-file.sqlite3"]);
    machine.run("--database-url of-flag.sqlite3 migrate").says(&["of-flag.sqlite3"]);
    assert!(!machine.database().exists());
}

#[test]
fn the_file_is_named_as_the_source_of_a_wrong_value() {
    let machine = Machine::new();
    machine.write(".env", "# settings\nBIND=nowhere\n");
    machine.run("serve").fails(2, &["BIND (--bind) cannot be `nowhere` (from the file .env)"]);
}

#[test]
fn a_broken_file_is_refused_by_line_and_not_shown() {
    let machine = Machine::new();
    machine.write(".env", "BIND=127.0.0.1:0\nSECRET_KEY=not quoted at all\n");
    let ran = machine.run("status").fails(2, &["line 2 of the file .env", "NAME=value"]);
    assert!(!ran.err.contains("quoted at all"), "{}", ran.err);
}

#[test]
fn a_variable_that_is_set_to_nothing_counts_as_not_set() {
    let machine = Machine::with_sites(&["example.com"]);
    let machine =
        ["SITE_ID", "INTERNAL_IPS", "MAINTENANCE_URL", "MAINTENANCE_BLOCK_STAFF", "DATABASE_URL", "TIME_ZONE"]
            .into_iter()
            .fold(machine, |machine, name| machine.env(name, ""));
    machine.run("on").succeeds();
    machine.run("why /").succeeds();
}

#[test]
fn a_secret_is_not_shown_when_it_is_wrong() {
    let ran = Machine::new().env("SECRET_KEY", "too-short").run("serve").fails(2, &["SECRET_KEY", "32 characters"]);
    assert!(!ran.err.contains("too-short"), "{}", ran.err);
    let ran = Machine::new()
        .env("DATABASE_URL", "mysql://ada:s3cret@db/m")
        .run("status")
        .fails(2, &["DATABASE_URL", "scheme"]);
    assert!(!ran.err.contains("s3cret"), "{}", ran.err);
}

#[test]
fn a_secret_on_the_command_line_is_refused() {
    let machine = Machine::new();
    machine.run("serve --secret-key 0123456789abcdef0123456789abcdef").fails(2, &["SECRET_KEY", "environment"]);
    machine.run("serve --metrics-token 0123456789abcdef").fails(2, &["METRICS_TOKEN", "environment"]);
    assert!(!machine.database().exists());
}

#[test]
fn output_for_a_pipe_has_no_colours() {
    let machine = Machine::with_sites(&["example.com"]).env("TERM", "xterm-256color");
    for words in ["on", "status", "why /", "on nonsense", "status --help", "history"] {
        let ran = machine.run(words);
        assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "{words}: {ran:?}");
    }
}
