//! The way to a page: the redirects that were followed, and where they ended.

use url::Url;

use super::answer::{Answer, Seen, status_text};
use super::jar::Jar;
use super::quote::quoted;

/// Most redirects that are followed. Browsers follow about 20; more than five on the way to a page is a mistake.
pub const MAX_HOPS: usize = 5;

/// One address that was asked for, with what came back.
#[derive(Debug)]
pub struct Step {
    /// The address.
    pub url: Url,
    /// The cookies that were brought, as `Cookie` has them; mostly empty.
    pub cookies: String,
    /// What came back.
    pub seen: Seen,
}

/// How a page was reached: at least one step.
#[derive(Debug)]
pub struct Trail {
    steps: Vec<Step>,
    /// The address that was asked for before, with the same cookies, and was led back to.
    back_at: Option<Url>,
}

impl Trail {
    /// Follows redirects from an address, at most [`MAX_HOPS`], with the cookies that they set. `ask` answers for an
    /// address and cookies.
    pub fn follow(url: Url, mut ask: impl FnMut(&Url, &str) -> Seen) -> Self {
        let mut trail = Self { steps: Vec::new(), back_at: None };
        let mut jar = Jar::default();
        let mut next = Some(url);
        while trail.steps.len() <= MAX_HOPS
            && let Some(url) = next.take()
        {
            let cookies = jar.of(&url);
            if trail.steps.iter().any(|step| step.url == url && step.cookies == cookies) {
                trail.back_at = Some(url);
                break;
            }
            let seen = ask(&url, &cookies);
            if let Ok(answer) = &seen {
                jar.keep(&url, answer);
            }
            trail.steps.push(Step { url, cookies, seen });
            next = trail.next();
        }
        trail
    }

    /// Where the last answer leads.
    fn next(&self) -> Option<Url> {
        let last = self.last();
        target(&last.url, last.seen.as_ref().ok()?)
    }

    /// The step that answers for the site: the first that does more than to name another scheme or host for the same
    /// path, as `http` to `https` and `example.com` to `www.example.com` do, to add the slash at its end, or to ask for a
    /// cookie.
    pub fn site(&self) -> &Step {
        let is_ordinary = |pair: &&[Step]| {
            let [from, to] = pair else { return false };
            let is_maintenance = from.seen.as_ref().is_ok_and(is_maintenance_redirect);
            !is_maintenance
                && (from.url[url::Position::BeforePath..] == to.url[url::Position::BeforePath..]
                    || adds_slash(&from.url, &to.url))
        };
        let start = self.came_back().unwrap_or(0);
        &self.steps[start + self.steps[start..].windows(2).take_while(is_ordinary).count()]
    }

    /// The last step that asked once more for an address, with cookies.
    fn came_back(&self) -> Option<usize> {
        (1..self.steps.len()).rev().find(|at| self.steps[..*at].iter().any(|step| step.url == self.steps[*at].url))
    }

    /// Whether the page comes only to who brings a cookie back.
    pub(super) fn wants_cookie(&self) -> bool {
        self.came_back().is_some()
    }

    /// Whether the site sends to another address than its own.
    pub(super) fn leads_away(&self) -> bool {
        !std::ptr::eq(self.site(), self.last())
    }

    /// The redirect at the end that names no address of the web.
    pub(super) fn stray(&self) -> Option<&Answer> {
        let last = self.last();
        let answer = last.seen.as_ref().ok().filter(|answer| answer.has_redirect_status())?;
        target(&last.url, answer).is_none().then_some(answer)
    }

    /// The last step. Still a redirect when there were too many, or a circle.
    pub fn last(&self) -> &Step {
        self.steps.last().expect("a trail begins with a step")
    }

    /// Whether the redirects never end: they come back, or are more than are followed.
    pub fn is_endless(&self) -> bool {
        self.back_at.is_some() || self.next().is_some()
    }

    /// The addresses from the site's on: `https://a/ → https://a/b (302) → https://a/`.
    pub fn in_words(&self) -> String {
        let site = self.site();
        let steps = self.steps.iter().skip_while(|step| !std::ptr::eq(*step, site));
        let urls = steps.map(|step| &step.url).chain(&self.back_at);
        urls.map(|url| quoted(url.as_str())).collect::<Vec<_>>().join(" → ")
    }

    /// How it ends, for a sentence: `which answers 200 OK`.
    pub fn end_in_words(&self) -> String {
        match &self.last().seen {
            Ok(answer) => format!("which answers {}", status_text(answer.status)),
            Err(silence) => format!("which gives {silence}"),
        }
    }
}

/// Whether an address is the other with a slash at the end of its path, which web servers add for folders.
fn adds_slash(from: &Url, to: &Url) -> bool {
    to.path().strip_suffix('/') == Some(from.path()) && from.query() == to.query()
}

/// Where a redirect leads, without name and password; `None` for what is none, or leads nowhere on the web.
fn target(from: &Url, answer: &Answer) -> Option<Url> {
    let location = answer.header("location").filter(|_| answer.is_redirect())?;
    let mut target = from.join(location).ok().filter(|target| matches!(target.scheme(), "http" | "https"))?;
    target.set_fragment(None);
    target.set_username("").ok()?;
    target.set_password(None).ok()?;
    Some(target)
}

/// Where a redirect leads, absolute, for a sentence: ` to https://a/b`; nothing for what is none.
pub(super) fn leads_to(url: &Url, answer: &Answer) -> String {
    target(url, answer).map_or_else(String::new, |target| format!(" to {}", quoted(target.as_str())))
}

/// Whether a redirect is the answer of a maintenance: it is marked so, or says when to come back.
pub(super) fn is_maintenance_redirect(answer: &Answer) -> bool {
    answer.is_redirect() && (answer.is_marked() || answer.header("retry-after").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows from `http://a.example/` where these addresses redirect to those, marked or not, and others are 200.
    fn followed(redirects: &[(&str, &str, bool)]) -> Trail {
        let ask = |url: &Url, _: &str| {
            let known = redirects.iter().find(|(from, ..)| *from == url.as_str());
            let Some((_, to, is_marked)) = known else { return Ok(Answer { status: 200, ..Answer::default() }) };
            let mut headers = vec![("location".to_owned(), (*to).to_owned())];
            headers.extend(is_marked.then(|| ("retry-after".to_owned(), "9".to_owned())));
            Ok(Answer { status: 302, headers, ..Answer::default() })
        };
        Trail::follow(Url::parse("http://a.example/").unwrap(), ask)
    }

    #[test]
    fn the_site_is_where_scheme_and_host_are_settled() {
        for (redirects, site, last) in [
            (&[][..], "http://a.example/", "http://a.example/"),
            (&[("http://a.example/", "https://a.example/", false)], "https://a.example/", "https://a.example/"),
            (&[("http://a.example/", "/down", false)], "http://a.example/", "http://a.example/down"),
            (&[("http://a.example/", "//b.example/", true)], "http://a.example/", "http://b.example/"),
            (
                &[
                    ("http://a.example/", "https://a.example/", false),
                    ("https://a.example/", "https://www.a.example/", false),
                    ("https://www.a.example/", "/en/#top", false),
                ],
                "https://www.a.example/",
                "https://www.a.example/en/",
            ),
            (&[("http://a.example/", "mailto:a@a.example", false)], "http://a.example/", "http://a.example/"),
            (
                &[("http://a.example/", "/shop", false), ("http://a.example/shop", "/shop/", false)],
                "http://a.example/",
                "http://a.example/shop/",
            ),
        ] {
            let trail = followed(redirects);
            assert_eq!((trail.site().url.as_str(), trail.last().url.as_str()), (site, last));
            assert!(!trail.is_endless());
        }
    }

    #[test]
    fn who_is_asked_for_a_cookie_brings_it_once() {
        let follow = |is_content: bool| {
            let ask = |_: &Url, cookies: &str| {
                let headers = [("location", "/"), ("set-cookie", "seen=1")];
                let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
                if is_content && cookies == "seen=1" {
                    return Ok(Answer { status: 200, ..Answer::default() });
                }
                Ok(Answer { status: 302, headers, ..Answer::default() })
            };
            Trail::follow(Url::parse("http://a.example/").unwrap(), ask)
        };
        let gate = follow(true);
        assert!(!gate.is_endless() && gate.wants_cookie() && !gate.leads_away());
        assert_eq!(gate.site().cookies, "seen=1");
        let circle = follow(false);
        assert!(circle.is_endless());
        assert_eq!(circle.steps.len(), 2);
    }

    #[test]
    fn a_redirect_to_nowhere_and_a_password_are_not_followed() {
        for (to, is_stray) in [("mailto:a@a.example", true), ("http://[::1", true), ("/b", false)] {
            assert_eq!(followed(&[("http://a.example/", to, false)]).stray().is_some(), is_stray, "{to}");
        }
        let trail = followed(&[("http://a.example/", "http://ada:s3cret@b.example/", false)]);
        assert_eq!(trail.last().url.as_str(), "http://b.example/");
    }

    #[test]
    fn a_circle_and_too_many_redirects_never_end() {
        let circle = followed(&[("http://a.example/", "/b", false), ("http://a.example/b", "/", false)]);
        assert!(circle.is_endless());
        assert_eq!(circle.in_words(), "http://a.example/ → http://a.example/b → http://a.example/");
        assert!(followed(&[("http://a.example/", "/", false)]).is_endless(), "to itself");
        let many: Vec<_> = (0..9).map(|n| (format!("http://a.example/{n}"), format!("/{}", n + 1))).collect();
        let mut many: Vec<_> = many.iter().map(|(from, to)| (from.as_str(), to.as_str(), false)).collect();
        many.push(("http://a.example/", "/0", false));
        let trail = followed(&many);
        assert!(trail.is_endless());
        assert_eq!(trail.in_words().matches('→').count(), MAX_HOPS);
    }
}
