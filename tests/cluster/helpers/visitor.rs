//! Visitors who ask a server all the time, whatever happens behind it.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Pause between two requests.
const PAUSE: Duration = Duration::from_millis(4);

/// How long an answer may take: far less than any wait for a database.
const PATIENCE: Duration = Duration::from_secs(3);

/// A thread that asks for its sites in turn, and notes every answer that should not have been given.
pub struct Visitor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<usize>>,
}

struct Shared {
    address: SocketAddr,
    /// Host, and the statuses that are right for it at the moment.
    sites: Mutex<Vec<(String, Vec<u16>)>>,
    wrong: Mutex<Vec<String>>,
    is_over: AtomicBool,
}

impl Visitor {
    /// Begins to ask the server at this address for hosts that are to be answered so.
    pub fn start(address: SocketAddr, sites: &[(&str, u16)]) -> Self {
        let sites = sites.iter().map(|(host, status)| ((*host).to_owned(), vec![*status])).collect();
        let shared = Arc::new(Shared {
            address,
            sites: Mutex::new(sites),
            wrong: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let asking = Arc::clone(&shared);
        let thread = thread::spawn(move || asking.ask_all_the_time());
        Self { shared, thread: Some(thread) }
    }

    /// From now on a host is to be answered by one of these. Before a change is asked for, both are right; once it is
    /// confirmed, only the new one is.
    pub fn expect(&self, host: &str, statuses: &[u16]) {
        let mut sites = self.shared.sites.lock().expect("nobody panicked with the lock");
        let site = sites.iter_mut().find(|(known, _)| known == host).expect("the host is one that is asked for");
        site.1 = statuses.to_vec();
    }

    /// Stops, and fails when any request failed or was answered otherwise than it should have been.
    #[track_caller]
    pub fn finish(mut self) -> usize {
        self.shared.is_over.store(true, Ordering::Release);
        let asked = self.thread.take().expect("it is finished once").join().expect("the visitor does not panic");
        let wrong = self.shared.wrong.lock().expect("nobody panicked with the lock");
        let first = wrong.iter().take(5).map(String::as_str).collect::<Vec<_>>().join("\n");
        assert!(wrong.is_empty(), "{} of {asked} requests went wrong; the first:\n{first}", wrong.len());
        assert!(asked > 0, "nothing was asked");
        asked
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
    }
}

impl Shared {
    fn ask_all_the_time(&self) -> usize {
        let started = Instant::now();
        let mut asked = 0;
        while !self.is_over.load(Ordering::Acquire) {
            let at = asked % self.right().len();
            let (host, before) = self.right().swap_remove(at);
            let answer = status(self.address, &host, "/");
            let (_, after) = self.right().swap_remove(at);
            let is_right = |status: &u16| before.contains(status) || after.contains(status);
            if !answer.as_ref().is_ok_and(is_right) {
                let words = format!("{:?}: {host}: {answer:?}, not one of {after:?}", started.elapsed());
                self.wrong.lock().expect("nobody panicked with the lock").push(words);
            }
            asked += 1;
            thread::sleep(PAUSE);
        }
        asked
    }

    fn right(&self) -> Vec<(String, Vec<u16>)> {
        self.sites.lock().expect("nobody panicked with the lock").clone()
    }
}

/// Status of one request on a connection of its own.
///
/// # Errors
/// When the connection is refused or cut, or no answer comes within some seconds.
pub fn status(address: SocketAddr, host: &str, path: &str) -> io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let status = answer.get(9..12).and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
    status.ok_or_else(|| io::Error::other(format!("no status: {:?}", String::from_utf8_lossy(&answer))))
}
