//! A proxy between a store and its server, which can swallow everything without closing a connection.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Forwards connections to a server for as long as the process runs.
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Connections so far.
    count: AtomicU64,
    /// Connections with a number below this one go nowhere.
    swallowed: AtomicU64,
}

impl Proxy {
    /// A proxy in front of `server`.
    pub fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let number = shared.count.fetch_add(1, Ordering::SeqCst);
                let (client, server) = (client.expect("it connects"), TcpStream::connect(server).expect("it answers"));
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let (from, to) = (from.try_clone().expect("it clones"), to.try_clone().expect("it clones"));
                    let shared = Arc::clone(&shared);
                    std::thread::spawn(move || pump(from, to, number, &shared));
                }
            }
        });
        Self { address, state }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on every connection, old or new, is taken and goes nowhere.
    pub fn swallow(&self) {
        self.state.swallowed.store(u64::MAX, Ordering::SeqCst);
    }

    /// Lets new connections work; the old ones stay dead.
    pub fn heal(&self) {
        self.state.swallowed.store(self.state.count.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// How many connections were made.
    pub fn connections(&self) -> u64 {
        self.state.count.load(Ordering::SeqCst)
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, number: u64, state: &State) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).unwrap_or(0);
        if number < state.swallowed.load(Ordering::SeqCst) {
            if read == 0 {
                // The other side is not told; the sockets stay open until the process ends.
                std::mem::forget((from, to));
                return;
            }
            continue;
        }
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            to.shutdown(Shutdown::Both).ok();
            return;
        }
    }
}
