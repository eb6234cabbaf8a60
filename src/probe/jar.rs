//! The cookies that a visitor brings back on the way to a page.

use url::Url;

use super::answer::Answer;

/// Most cookies that are kept.
const MAX_COOKIES: usize = 20;

/// Longest cookie that is kept, in bytes (RFC 6265, section 6.1).
const MAX_LENGTH: usize = 4096;

/// Cookies by the host that set them. Paths and domains are not looked at: the way to a page is short.
#[derive(Debug, Default)]
pub(super) struct Jar {
    cookies: Vec<Cookie>,
}

#[derive(Debug)]
struct Cookie {
    host: String,
    name: String,
    value: String,
}

impl Jar {
    /// Keeps what an answer sets.
    pub(super) fn keep(&mut self, url: &Url, answer: &Answer) {
        let host = url.host_str().unwrap_or_default();
        for line in answer.lines("set-cookie").filter(|line| line.len() <= MAX_LENGTH && !line.contains(is_unfit)) {
            let mut parts = line.split(';');
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
            self.cookies.retain(|cookie| cookie.host != host || cookie.name != name);
            let is_taken_back = parts.any(|part| part.trim().eq_ignore_ascii_case("max-age=0"));
            if !is_taken_back && self.cookies.len() < MAX_COOKIES {
                self.cookies.push(Cookie { host: host.to_owned(), name, value });
            }
        }
    }

    /// What is brought to an address, as `Cookie` has it; empty when nothing is.
    pub(super) fn of(&self, url: &Url) -> String {
        let own = self.cookies.iter().filter(|cookie| url.host_str() == Some(&cookie.host));
        own.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect::<Vec<_>>().join("; ")
    }
}

/// What would end the line that it is sent in, or is no text.
fn is_unfit(c: char) -> bool {
    c.is_control() || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lines: &[&str]) -> String {
        let url = Url::parse("https://a.example/").unwrap();
        let mut jar = Jar::default();
        for line in lines {
            let headers = vec![("set-cookie".to_owned(), (*line).to_owned())];
            jar.keep(&url, &Answer { headers, ..Answer::default() });
        }
        assert_eq!(jar.of(&Url::parse("https://b.example/").unwrap()), "", "another host gets nothing");
        jar.of(&url)
    }

    #[test]
    fn what_a_host_sets_is_brought_back_to_it_alone() {
        for (lines, brought) in [
            (&["a=1; Path=/; HttpOnly", "b=2"][..], "a=1; b=2"),
            (&["a=1", "a=2"], "a=2"),
            (&["a=1", "a=; Max-Age=0"], ""),
            (&["nothing"], ""),
            (&["a=1\u{7}"], ""),
        ] {
            assert_eq!(kept(lines), brought, "{lines:?}");
        }
    }
}
